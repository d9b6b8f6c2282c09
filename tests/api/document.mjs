// docs/openapi.yaml as the referee: every request and answer of the API tests is held against it.
//
// A request that succeeds must be valid by the document, so that one which the document calls wrong
// is refused. An answer must always be: its status documented for that route, its headers all
// documented and there where they are required, its body by the schema, which leaves no room for
// other fields. What no route of the document has must be 404, what no method of it has 405.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const TYPE = "application/json";
/** What HTTP itself adds to an answer. */
const OF_TRANSPORT = ["connection", "content-encoding", "content-length", "content-type", "date"];
OF_TRANSPORT.push("keep-alive", "transfer-encoding");

export const document = parse(
  readFileSync(new URL("../../docs/openapi.yaml", import.meta.url), "utf8"),
  { merge: true, maxAliasCount: -1 },
);

const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
addFormats(ajv);
ajv.addKeyword({
  keyword: "x-max-bytes",
  type: "string",
  validate: (max, text) => Buffer.byteLength(text) <= max,
});
ajv.addKeyword({
  keyword: "x-max-json-bytes",
  validate: (max, value) => Buffer.byteLength(JSON.stringify(value)) <= max,
});
ajv.addSchema({ $id: "openapi", $defs: outsideTheDocument(document.components.schemas) });

/** Schemas whose references lead to what ajv knows, from wherever they stand. */
function outsideTheDocument(schema) {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$ref" ? value.replace("#/components/schemas/", "openapi#/$defs/") : value,
  );
}

const checks = new Map();

/** @returns what is wrong with the value, or undefined */
function wrongWith(schema, value) {
  if (!checks.has(schema)) checks.set(schema, ajv.compile(outsideTheDocument(schema)));
  const check = checks.get(schema);
  return check(value) ? undefined : ajv.errorsText(check.errors);
}

function resolve(node) {
  if (!node?.$ref) return node;
  const keys = node.$ref.slice("#/".length).split("/");
  return resolve(keys.reduce((at, key) => at[key], document));
}

// -- Routes

const METHODS = ["get", "post", "put", "patch", "delete", "options"];

/** Paths with more of their own words come first, as in the server. */
const paths = Object.entries(document.paths)
  .map(([template, item]) => ({
    names: [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    pattern: new RegExp(`^${template.replace(/\{\w+\}/g, "([^/]*)")}$`),
    operations: Object.fromEntries(
      METHODS.filter((method) => item[method]).map((method) => {
        const parameters = [...(item.parameters ?? []), ...(item[method].parameters ?? [])];
        return [method, { ...item[method], parameters: parameters.map(resolve) }];
      }),
    ),
  }))
  .toSorted((a, b) => a.names.length - b.names.length);

const isPreflight = ({ operationId }) => operationId.startsWith("preflight");
const operations = paths.flatMap((path) => Object.values(path.operations));

/** Every body that the document has as an example of a request. */
export const requestExamples = operations.flatMap(({ operationId, requestBody }) =>
  Object.entries(requestBody?.content[TYPE].examples ?? {}).map(([name, { value }]) => ({
    operationId,
    name,
    value,
  })),
);

/** One of them: a new copy each time. */
export function example(operationId, name) {
  const found = requestExamples.find((one) => one.operationId === operationId && one.name === name);
  assert.ok(found, `the document has no example ${name} of ${operationId}`);
  return structuredClone(found.value);
}

/** What the document has for a request: routes it may mean, or the methods that its path takes. */
function lookUp(method, pathname) {
  const found = paths.filter(({ pattern }) => pattern.test(pathname));
  const wanted = method === "HEAD" ? "get" : method.toLowerCase();
  return {
    routes: found
      .filter(({ operations }) => operations[wanted])
      .map((path) => ({ path, operation: path.operations[wanted] })),
    methods: found.flatMap(({ operations }) => Object.keys(operations)),
  };
}

/** @returns the ids of what the document may mean by a request */
export const operationsAt = (method, pathname) =>
  lookUp(method, pathname).routes.map(({ operation }) => operation.operationId);

/** Every operation but the preflights, and the statuses that it is documented to be answered with. */
export const documentedOperations = operations
  .filter((operation) => !isPreflight(operation))
  .map(({ operationId, responses }) => ({ operationId, statuses: Object.keys(responses) }));

// -- Requests

/** As it was sent: what nobody asks for need not be decodable. */
function queryOf(search) {
  const query = {};
  for (const pair of search.slice(1).split("&")) {
    const [, name, value] = /^([^=]*)=?(.*)$/s.exec(pair);
    if (value && !(name in query)) query[name] = value.replaceAll("+", " ");
  }
  return query;
}

/** A number where the schema wants one and there is one; all else as it is. */
function typed(schema, text) {
  const { type, const: constant } = schema;
  const wantsNumber = type === "integer" || typeof constant === "number";
  return wantsNumber && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 53) : text;
}

function wrongParameters({ path, operation }, { url, headers }) {
  const [, ...inPath] = path.pattern.exec(url.pathname);
  const query = queryOf(url.search);
  const given = {
    path: (name) => decodeURIComponent(inPath[path.names.indexOf(name)]),
    query: (name) => query[name] && decodeURIComponent(query[name]),
    header: (name) => headers.get(name) ?? undefined,
  };
  const wrong = operation.parameters.flatMap((parameter) => {
    const text = given[parameter.in](parameter.name);
    if (text === undefined) return parameter.required ? [`${parameter.name} is missing`] : [];
    const why = wrongWith(parameter.schema, typed(parameter.schema, text));
    return why ? [`${parameter.name}: ${why}`] : [];
  });
  const proofs = (operation.security ?? [{}]).map((names) => wrongProofs(names, headers));
  return proofs.some((found) => found.length === 0) ? wrong : [...wrong, ...proofs[0]];
}

/** @returns what is wrong with the headers of these security schemes, all of which are wanted */
function wrongProofs(names, headers) {
  return Object.keys(names).flatMap((name) => {
    const scheme = document.components.securitySchemes[name];
    const header = scheme.type === "http" ? "Authorization" : scheme.name;
    if (!headers.has(header)) return [`${header} is missing`];
    const fine = new RegExp(scheme["x-pattern"] ?? "").test(headers.get(header));
    return fine ? [] : [`${header} is not as ${name} has it`];
  });
}

function wrongBody({ operation }, { body }) {
  if (!operation.requestBody || body === undefined) return [];
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value = JSON.parse(text, (_, each) => (Math.abs(each) === Infinity ? 1e300 : each));
  const why = wrongWith(operation.requestBody.content[TYPE].schema, value);
  return why ? [`body: ${why}`] : [];
}

/** @returns what the document finds wrong with the request, empty where it is fine */
function wrongRequest(route, request) {
  try {
    return [...wrongParameters(route, request), ...wrongBody(route, request)];
  } catch (error) {
    return [error.message]; // what cannot be decoded
  }
}

// -- Answers

function assertHeaders(documented, { headers }) {
  for (const [name, reference] of Object.entries(documented)) {
    const header = resolve(reference);
    const text = headers.get(name);
    if (text === null) assert.ok(!header.required, `the header ${name} is missing`);
    else assert.equal(wrongWith(header.schema, typed(header.schema, text)), undefined, name);
  }
  const known = new Set(Object.keys(documented).map((name) => name.toLowerCase()));
  for (const name of headers.keys())
    assert.ok(known.has(name) || OF_TRANSPORT.includes(name), `the header ${name}`);
}

function assertBody(content, method, { status, headers, text, body }) {
  const type = headers.get("Content-Type");
  assert.equal(type, content ? `${TYPE}; charset=utf-8` : null, "Content-Type");
  if (!content || method === "HEAD") return assert.equal(text, "", `${status} with a body`);
  assert.equal(wrongWith(content[TYPE].schema, body), undefined);
}

function assertAnswer(documented, method, answer) {
  const response = resolve(documented);
  assert.ok(response, `the status ${answer.status}`);
  assertHeaders(response.headers ?? {}, answer);
  assertBody(response.content, method, answer);
}

/** What answers where the document has no route, or none with this method. */
function assertElsewhere(methods, { method, url }, answer) {
  const { status, headers } = answer;
  assert.ok(status === 413 || status === (methods.length ? 405 : 404), `the status ${status}`);
  const family = /^\/rooms(\/|$)/.test(url.pathname) ? "/rooms" : "/";
  assertAnswer(document["x-elsewhere"][family][status], method, answer);
  if (status !== 405) return;
  const expected = new Set(methods.map((name) => name.toUpperCase()));
  if (expected.has("GET")) expected.add("HEAD");
  assert.deepEqual(new Set(headers.get("Allow").split(", ")), expected, "Allow");
}

// -- What has been answered, for the tests of the document itself

/** Operation and status, to the error codes and the shapes of the bodies that were seen. */
const seen = new Map();
const keyOf = ({ operationId }, status) => `${operationId} ${status}`;
/** Responses, which operations may share, to the sentences that were seen. */
const sentences = new Map();

function note({ operation }, { status, body }) {
  const key = keyOf(operation, status);
  if (!seen.has(key)) seen.set(key, { codes: new Set(), shapes: new Set() });
  const { codes, shapes } = seen.get(key);
  if (body?.error) codes.add(body.error.code ?? body.error);
  if (body) shapes.add(shapeOf(body));
  const response = resolve(operation.responses[status]);
  if (!sentences.has(response)) sentences.set(response, new Set());
  if (typeof body?.error === "string") sentences.get(response).add(body.error);
}

/** @returns the error codes and shapes of bodies that were answered so, if it was */
export const seenOf = (operation, status) => seen.get(keyOf(operation, status));

/** @returns whether the sentence was answered, by this operation or another with the same response */
export const seenSentence = (operation, status, sentence) =>
  sentences.get(resolve(operation.responses[status]))?.has(sentence) ?? false;

/** Every answer that the document has, with its error codes or sentences, and its examples. */
export const documentedAnswers = operations.flatMap((operation) =>
  Object.entries(operation.responses).map(([status, reference]) => {
    const { schema, examples = {} } = resolve(reference).content?.[TYPE] ?? {};
    return { operation, status, codes: codesOf(schema), examples };
  }),
);

function codesOf(schema) {
  const { allOf = [], properties } = resolve(schema) ?? {};
  const error = properties?.error;
  const code = error?.properties?.code ?? error;
  return [...(code?.enum ?? [code?.const ?? []].flat()), ...allOf.flatMap(codesOf)];
}

/** The same text for values that have the same fields with the same types. */
export function shapeOf(value) {
  if (Array.isArray(value)) return `[${[...new Set(value.map(shapeOf))].toSorted()}]`;
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  const fields = Object.keys(value).toSorted();
  return `{${fields.map((name) => `${name}:${shapeOf(value[name])}`)}}`;
}

/**
 * Throws where document and server part ways.
 * @param {{method: string, url: URL, headers: Headers, body?: string | Uint8Array}} request `body`
 *   undefined: not known, and not looked at
 * @param {import("./helpers.mjs").Answer} answer
 * @param {{wholeRequest?: boolean}} [options] false: the answer alone is looked at
 */
export function assertDocumented(request, answer, { wholeRequest = true } = {}) {
  const { method, url } = request;
  const { routes, methods } = lookUp(method, url.pathname);
  const failures = [];
  for (const route of routes) {
    try {
      assertAnswer(route.operation.responses[answer.status], method, answer);
      const wrong = wholeRequest && answer.status < 400 ? wrongRequest(route, request) : [];
      assert.deepEqual(wrong, [], "a request that the document calls wrong was not refused");
      return note(route, answer);
    } catch (error) {
      failures.push(error.message);
    }
  }
  const said = `${method} ${url.pathname} was answered ${answer.status}: ${brief(answer.text)}`;
  if (routes.length > 0) assert.fail(`${said}\nnot as documented: ${failures.join("\n")}`);
  if (method === "OPTIONS")
    return assertAnswer(operations.find(isPreflight).responses[answer.status], method, answer);
  try {
    assertElsewhere(methods, request, answer);
  } catch (error) {
    assert.fail(`${said}\nwhere the document has no route: ${error.message}`);
  }
}

const brief = (text) => (text.length > 500 ? `${text.slice(0, 500)}...` : text);
