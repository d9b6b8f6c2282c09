// docs/openapi.yaml as the tests' referee: it must see what is wrong. Answers here are real ones that
// somebody has changed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { assertDocumented, document, documentedAnswers, example } from "./document.mjs";
import { Api } from "./helpers.mjs";

const JSON_UTF8 = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "no-store",
};

function answered(status, body, headers = JSON_UTF8) {
  const text = body === undefined ? "" : JSON.stringify(body);
  return { status, headers: new Headers(headers), text, body };
}

function asked(method, path, { body, headers } = {}) {
  const text = body === undefined ? "" : JSON.stringify(body);
  return {
    method,
    url: new URL(`http://localhost${path}`),
    headers: new Headers(headers),
    body: text,
  };
}

const documentedExample = (operationId, status, name) =>
  documentedAnswers.find(
    (one) => one.operation.operationId === operationId && one.status === status,
  ).examples[name].value;

const found = (...exchange) => assert.throws(() => assertDocumented(...exchange));
const VERSION = { "X-Registry-Version": "1" };

test("the document has the version of package.json", () => {
  const file = new URL("../../package.json", import.meta.url);
  assert.equal(document.info.version, JSON.parse(readFileSync(file, "utf8")).version);
});

describe("the document finds", () => {
  const health = asked("GET", "/health");
  let real;
  const changed = (part) => ({ ...real, ...part });
  before(async () => (real = await new Api().get("/health")));

  test("nothing in an answer as it came", () => assertDocumented(health, real));

  test("a field that is not documented", () =>
    found(health, changed({ body: { ...real.body, load: 1 } })));

  test("a field that is missing", () => found(health, changed({ body: { status: "ok" } })));

  test("a field of another type", () =>
    found(health, changed({ body: { ...real.body, timestamp: "now" } })));

  test("a status that is not documented", () => found(health, changed({ status: 201 })));

  test("an answer without its body", () => found(health, changed({ body: undefined, text: "" })));

  for (const [says, name, value] of [
    ["a header that is not documented", "X-Powered-By", "C"],
    ["a header with another value", "Cache-Control", "public"],
    ["another content type", "Content-Type", "text/html"],
    ["a charset that is not said", "Content-Type", "application/json"],
  ])
    test(says, () => {
      const headers = new Headers(real.headers);
      headers.set(name, value);
      found(health, changed({ headers }));
    });

  test("a header that is missing", () => {
    const headers = new Headers(real.headers);
    headers.delete("Cache-Control");
    found(health, changed({ headers }));
  });

  test("a body where there is none for HEAD", () => found(asked("HEAD", "/health"), real));

  test("a route that is not documented", () =>
    found(asked("GET", "/secret"), answered(200, { status: "ok" })));

  test("a method that is not documented", () => {
    found(asked("PUT", "/health"), real);
    found(asked("PUT", "/health"), answered(404, { error: "No" }));
  });

  for (const allow of ["GET, OPTIONS", "GET, HEAD, POST, OPTIONS", undefined])
    test(`a 405 whose Allow is ${allow}`, () => {
      const headers = { ...JSON_UTF8, ...(allow && { Allow: allow }) };
      found(asked("PUT", "/health"), answered(405, { error: "No" }, headers));
    });

  test("nothing in a 405 whose Allow is right", () => {
    const headers = { ...JSON_UTF8, Allow: "GET, HEAD, OPTIONS" };
    assertDocumented(asked("PUT", "/health"), answered(405, { error: "No" }, headers));
  });

  test("the errors of another family", () => {
    const error = { code: "not_found", message: "No such path", retryable: false };
    found(asked("GET", "/nothing"), answered(404, { error }));
    found(asked("GET", "/rooms/a/b"), answered(404, { error: "No such path" }));
    assertDocumented(asked("GET", "/rooms/a/b"), answered(404, { error }));
  });

  test("an error code that the route does not have", () => {
    const error = { code: "bad_sdp", message: "No", retryable: false };
    found(asked("POST", "/rooms"), answered(400, { error }));
  });

  test("an error that is said to be worth another try and is not", () => {
    const error = { code: "bad_json", message: "No", retryable: true };
    found(asked("POST", "/rooms"), answered(400, { error }));
  });
});

describe("the document finds a request wrong that was not refused:", () => {
  const code = "3f2a1b6c-0000-4000-8000-000000000000";
  const offered = answered(200, { code });
  const made = answered(201, {
    code: "QK7M2XTD",
    joinCode: "042917",
    ownerToken: "a".repeat(43),
    expiresAt: 1,
  });
  const done = answered(204, undefined, { "Cache-Control": "no-store" });
  const success = answered(200, { success: true });
  const host = { headers: VERSION, body: example("createRoom", "host") };
  const sdp = (bytes) => "v=0\no=\ns=\nt=\nm=\n".padEnd(bytes, "é");
  const sends = (body) => ({ headers: { ...VERSION, "X-Access-Token": "a" }, body });
  const candidate = example("postRoomCandidate", "bare");
  const peerId = "0123456789abcdef".repeat(2);
  const bearer = (credentials) => ({ Authorization: `Bearer ${credentials}` });
  const known = bearer(`${peerId}:x`);
  const published = answered(201, documentedExample("postOffers", "201", "published"));
  const added = answered(200, documentedExample("postOfferCandidates", "200", "added"));
  const offers = (fields, headers = known) =>
    asked("POST", "/offers", { headers, body: { offers: [{ sdp: "o", ...fields }] } });
  const toOffer = (candidates) =>
    asked("POST", `/offers/${peerId}${peerId}/ice-candidates`, {
      headers: known,
      body: { candidates },
    });
  const noOffers = answered(200, documentedExample("getPeerOffers", "200", "none"));
  const unpublish = (body) => asked("DELETE", "/services/a", { body });

  for (const [says, request, answer] of [
    ["no body", asked("POST", "/a/offer"), offered],
    ["a field that is missing", asked("POST", "/a/offer", { body: { info: "ann" } }), offered],
    ["a type", asked("POST", "/a/offer", { body: { offer: 5 } }), offered],
    [
      "more bytes than characters",
      asked("POST", "/a/offer", { body: { offer: "é".repeat(40_000) } }),
      offered,
    ],
    ["a reserved topic", asked("POST", "/index/offer", { body: { offer: "o" } }), offered],
    ["a query", asked("GET", "/a/sessions?limit=0"), answered(200, { sessions: [] })],
    [
      "a query that is none",
      asked("GET", "/a/sessions?after=%ff"),
      answered(200, { sessions: [] }),
    ],
    ["a path that is none", asked("POST", "/%ff/offer", { body: { offer: "o" } }), offered],
    [
      "both of two",
      asked("POST", "/answer", {
        body: { code, side: "answerer", answer: "a", candidate: "c" },
      }),
      success,
    ],
    ["a header that is missing", asked("POST", "/rooms", { body: host.body }), made],
    ["a name", asked("POST", "/rooms", { ...host, body: { hostUserName: "ann!" } }), made],
    ["a token that is missing", asked("POST", "/rooms/QK7M2XTD/close", { headers: VERSION }), done],
    [
      "SDP of too many bytes",
      asked("POST", "/rooms/QK7M2XTD/offer", sends({ type: "offer", sdp: sdp(20_000) })),
      done,
    ],
    [
      "SDP without its lines",
      asked("POST", "/rooms/QK7M2XTD/offer", sends({ type: "offer", sdp: "v=0" })),
      done,
    ],
    ["no candidates", asked("POST", "/rooms/QK7M2XTD/candidate", sends({ candidates: [] })), done],
    ["no credentials", offers({}, {}), published],
    ["credentials of no peer", offers({}, bearer("ann:x")), published],
    [
      "credentials of another scheme",
      offers({}, { Authorization: `Basic ${peerId}:x` }),
      published,
    ],
    ["51 topics", offers({ topics: Array.from({ length: 51 }, (_, i) => `${i}`) }), published],
    ["a topic over its characters", offers({ topics: ["😀".repeat(257)] }), published],
    ["a ttl that is null", offers({ ttl: null }), published],
    ["JSON over its size", toOffer([["x".repeat(4093)]]), added],
    ["an id that is none", asked("GET", `/peers/${peerId.toUpperCase()}/offers`), noOffers],
    ["a field of the body of a DELETE", unpublish({ username: "a" }), success],
    ["no body of a DELETE", unpublish(), success],
  ])
    test(says, () => found(request, answer));

  test("and nothing in requests that are right", () => {
    assertDocumented(asked("POST", "/rooms", host), made);
    const path = "/rooms/qk7m-2xtd/offer";
    assertDocumented(asked("POST", path, sends({ type: "offer", sdp: sdp(9000) })), done);
    const many = { candidates: Array(40).fill(candidate) };
    assertDocumented(asked("POST", "/rooms/QK7M2XTD/candidate", sends(many)), done);
    assertDocumented(asked("POST", "/a/offer", { body: example("postOffer", "named") }), offered);
    assertDocumented(asked("GET", "/a/sessions?limit=&x=%ff"), answered(200, { sessions: [] }));
    assertDocumented(offers({ topics: ["😀".repeat(256)], ttl: 1e300 }), published);
    assertDocumented(offers({ topics: null }, { Authorization: `bearer  ${peerId}:x` }), published);
    assertDocumented(toOffer([["x".repeat(4092)], null, 0]), added);
    assertDocumented(unpublish({ username: "ann" }), success);
    assertDocumented(asked("GET", `/peers/${peerId}/offers`), noOffers);
  });
});
