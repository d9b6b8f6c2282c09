// CORS, with any origin and with a list.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, KB, LISTED } from "./helpers.mjs";

const METHODS = ["GET", "POST", "DELETE", "OPTIONS"];
const HEADERS = [
  "content-type",
  "authorization",
  "x-access-token",
  "x-registry-version",
  "idempotency-key",
  "if-none-match",
];
const PATHS = ["/", "/health", "/topics", "/a/offer", "/a/sessions", "/answer", "/poll"];
PATHS.push("/sessions/a", "/nothing");

const CALLS = [
  { of: "200", method: "GET", path: "/topics", status: 200 },
  { of: "200 to an offer", method: "POST", path: "/a/offer", body: '{"offer":"o"}', status: 200 },
  { of: "302", method: "GET", path: "/", headers: { Accept: "text/html" } },
  { of: "400", method: "GET", path: "/topics?limit=0", status: 400 },
  { of: "400 to a bad path", method: "GET", path: "/%00/sessions", status: 400 },
  { of: "404 of a path", method: "GET", path: "/nothing", status: 404 },
  { of: "404 of a code", method: "DELETE", path: "/sessions/a", status: 404 },
  { of: "405", method: "PUT", path: "/topics", status: 405 },
  { of: "413", method: "POST", path: "/poll", body: " ".repeat(512 * KB + 1), status: 413 },
];

const list = (answer, name) =>
  (answer.headers.get(name) ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);

function preflight(api, path = "/answer") {
  return api.request("OPTIONS", path, {
    headers: {
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type",
    },
  });
}

function assertPreflight(answer, origin) {
  assert.equal(answer.status, 204);
  assert.equal(answer.text, "");
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), origin);
  assert.deepEqual(list(answer, "Access-Control-Allow-Methods"), METHODS);
  assert.deepEqual(
    list(answer, "Access-Control-Allow-Headers").map((name) => name.toLowerCase()),
    HEADERS,
  );
  assert.equal(answer.headers.get("Access-Control-Max-Age"), "7200");
  assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null);
}

function assertAllowed(answer, origin) {
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), origin);
  assert.deepEqual(list(answer, "Access-Control-Expose-Headers"), ["ETag", "Retry-After"]);
  assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null);
}

function assertVaries(answer) {
  const varies = list(answer, "Vary").map((name) => name.toLowerCase());
  assert.ok(varies.includes("origin"), `Vary: ${answer.headers.get("Vary")}`);
}

function assertNoCors(answer) {
  const names = [...answer.headers.keys()].filter((name) => name.startsWith("access-control-"));
  assert.deepEqual(names, []);
}

describe("by default any page may read", { concurrency: true }, () => {
  for (const { of, method, path, body, headers, status } of CALLS)
    test(`a ${of}`, async () => {
      const answer = await new Api().request(method, path, { body, headers });
      if (status) assert.equal(answer.status, status);
      assertAllowed(answer, "*");
    });

  test("what is answered to a caller without Origin", async () => {
    assertAllowed(await new Api("default", null).get("/topics"), "*");
  });

  test("what a waiting poll answers", async () => {
    const api = new Api();
    const code = await api.offer("a");
    assertAllowed(await api.poll(code, "offerer", { wait: 1 }), "*");
  });

  for (const path of PATHS)
    test(`the preflight of ${path}`, async () => {
      assertPreflight(await preflight(new Api(), path), "*");
    });
});

for (const [variable, server] of [
  ["CORS_ORIGINS", "listed"],
  ["ALLOWED_ORIGINS", "short"],
])
  describe(`with a list in ${variable}`, { concurrency: true }, () => {
    for (const origin of LISTED) {
      test(`${origin} may read, and caches are told`, async () => {
        for (const path of ["/topics", "/topics?limit=0", "/nothing"]) {
          const answer = await new Api(server, origin).get(path);
          assertAllowed(answer, origin);
          assertVaries(answer);
        }
      });

      test(`${origin} gets a preflight`, async () => {
        const answer = await preflight(new Api(server, origin));
        assertPreflight(answer, origin);
        assertVaries(answer);
      });
    }

    for (const origin of [
      "https://three.example",
      "http://one.example",
      "https://one.example:8443",
      "https://one.example.evil.example",
      "https://two.example",
      "https://one.exampl",
      "one.example",
      "null",
      LISTED.join(","),
      null,
    ])
      test(`${origin ?? "no Origin"} gets no CORS header at all`, async () => {
        const api = new Api(server, origin);
        for (const path of ["/topics", "/topics?limit=0", "/nothing"])
          assertNoCors(await api.get(path));
        assertNoCors(await preflight(api));
      });

    test("who is not on it is served all the same", async () => {
      const api = new Api(server);
      await api.offer("a");
      assert.equal((await api.sessions("a")).length, 1);
    });
  });
