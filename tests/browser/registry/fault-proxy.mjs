// What stands between the browsers and the registry when the network misbehaves: an HTTP proxy made of
// stages. A stage is `async (request, forward) => response`: it may change the request before it
// forwards it, change the response after, answer by itself, or cut the connection.
//
// request: {method, path, headers, body}; response: {status, headers, body} or CUT. Bodies are text.
//
// Preflights are no requests of the client: a browser keeps their answers for hours, and one that fails
// looks to the page exactly as its request cut before the registry saw it. They pass all stages by.

import { Agent, createServer, request as ask } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";

/** Instead of a response: the connection is destroyed. */
const CUT = Symbol("cut");
/** Of one hop; the proxy has its own. Stages read text, so nothing is compressed. */
const HOP = ["connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"];

/**
 * @param {string} target the registry's address
 * @param {Function[]} stages the first sees a request first
 * @param {object} [options] of the HTTP server
 * @returns {Promise<{url: string, requests: {method: string, path: string, headers: object}[],
 *   stop: () => Promise<void>}>} `requests` as they came, preflights not among them
 */
export async function startFaultProxy(target, stages, options = {}) {
  const agent = new Agent({ keepAlive: true });
  const requests = [];
  const chain = stages.reduceRight(
    (forward, stage) => (request) => stage(request, forward),
    (request) => pass(target, agent, request),
  );
  const server = createServer(async (incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const request = { method, path, headers: without(headers, HOP), body: await text(incoming) };
    if (method !== "OPTIONS") requests.push(request);
    const answer = method === "OPTIONS" ? pass(target, agent, request) : chain(request);
    // Whoever asked may have gone meanwhile, and a registry that stops cuts what it held.
    const response = await answer.catch(() => CUT);
    if (response === CUT) return outgoing.destroy();
    outgoing.writeHead(response.status, without(response.headers, HOP)).end(response.body);
  });
  const proxy = await listen(Object.assign(server, options));
  const stop = () => (agent.destroy(), proxy.stop());
  return { url: proxy.url, requests, stop };
}

function without(headers, names) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

function pass(target, agent, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const host = new URL(target).host;
    const length = body ? { "content-length": Buffer.byteLength(body) } : {};
    const sent = ask(target + path, { method, agent, headers: { ...headers, host, ...length } });
    sent.once("error", reject);
    sent.once("response", async (answer) => {
      const { statusCode: status, headers } = answer;
      resolve(text(answer).then((body) => ({ status, headers, body })));
    });
    sent.end(body);
  });
}

// Faults

/** A server, or what stands before it, that is overloaded. */
export const unavailable = async () => answer(503, { code: "retry", retryable: true });

export const delayed = (ms) => async (request, forward) => {
  await sleep(ms);
  return forward(request);
};

/** A connection that breaks before the registry saw the request. */
export const cutBefore = async () => CUT;

/** A connection that breaks after the registry did what it was asked. */
export const cutAfter = async (request, forward) => {
  await forward(request);
  return CUT;
};

/** Both, in turn; a join only before: its code works once, and nobody has the token then. */
export function cut() {
  let cuts = 0;
  return (request, forward) =>
    cuts++ % 2 === 0 || request.path.endsWith("/join") ? cutBefore() : cutAfter(request, forward);
}

/** @param {number} first which request meets the fault first, from 1 on; then every third */
export function everyThird(fault, first) {
  let count = 3 - first;
  return (request, forward) => (++count % 3 ? forward(request) : fault(request, forward));
}

/** The first request to this route of a room meets the fault. */
export function firstTo(route, fault) {
  let met = false;
  return (request, forward) => {
    if (met || !request.path.endsWith(`/${route}`)) return forward(request);
    met = true;
    return fault(request, forward);
  };
}

// Other servers

/** One without `wait`: it answers at once, and early, whatever there is. */
export const hasty = withoutQuery("wait");

/** One that knows nothing but the first contract: no `wait`, no `since`, no ETag. */
export async function plain(request, forward) {
  const headers = without(request.headers, ["if-none-match"]);
  const response = await withoutQuery("wait", "since")({ ...request, headers }, forward);
  return { ...response, headers: without(response.headers, ["etag"]) };
}

function withoutQuery(...names) {
  return (request, forward) => {
    const url = new URL(request.path, "http://registry");
    for (const name of names) url.searchParams.delete(name);
    return forward({ ...request, path: url.pathname + url.search });
  };
}

/** Sends all media through the relay: the candidates that the registry is told are the relay's, on
 *  behalf of whose token it is. */
export const relayed = (relay) => async (request, forward) => {
  if (!request.path.endsWith("/candidate")) return forward(request);
  const { candidates, ...single } = JSON.parse(request.body);
  const owner = request.headers["x-access-token"];
  const standing = (candidates ?? [single]).map((given) => relay.stand(given, owner));
  const rewritten = await Promise.all(standing);
  const all = rewritten.filter(Boolean);
  // The registry takes no empty list.
  if (all.length === 0) return answer(204);
  return forward({ ...request, body: JSON.stringify(candidates ? { candidates: all } : all[0]) });
};

function answer(status, error) {
  const headers = { "access-control-allow-origin": "*", "content-type": "application/json" };
  return { status, headers, body: error ? JSON.stringify({ error }) : "" };
}
