// Health, the root, paths and methods that are not there, and what every answer has.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, assertError, assertWrong } from "./helpers.mjs";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

describe("health", () => {
  test("says ok, the time in ms and the version", async () => {
    const before = Date.now();
    const { status, body } = await new Api().get("/health");
    assert.equal(status, 200);
    assert.equal(body.status, "ok");
    assert.match(body.version, /^\d+\.\d+\.\d+/);
    assert.ok(Number.isInteger(body.timestamp));
    assert.ok(body.timestamp >= before - 1000 && body.timestamp <= Date.now() + 1000);
  });
});

describe("the root", { concurrency: true }, () => {
  test("is the directory of topics, with a name, a version and a description", async () => {
    const api = new Api();
    await api.offer("my-room");
    const { status, body } = await api.get("/");
    assert.equal(status, 200);
    assert.equal(body.name, "Rondevu");
    assert.equal(body.version, (await api.get("/health")).body.version);
    assert.equal(typeof body.description, "string");
    const { name, version, description, ...rest } = body;
    assert.deepEqual(rest, (await api.get("/topics")).body);
  });

  test("takes the same parameters as the directory", async () => {
    const api = new Api();
    for (const topic of ["a", "b", "c"]) await api.offer(topic);
    const { body } = await api.get("/?offset=1&limit=1");
    assert.deepEqual(
      body.topics.map((entry) => entry.topic),
      ["b"],
    );
    assertWrong(await api.get("/?limit=0"), "limit");
  });

  test("sends a browser to the page, which is served", async () => {
    const api = new Api("pages");
    for (const accept of ["text/html", BROWSER]) {
      const { status, headers } = await api.get("/", { Accept: accept });
      assert.ok(status >= 301 && status <= 308, `${status}`);
      assert.equal(new URL(headers.get("Location"), await api.url()).pathname, "/demo/");
    }
    const page = await api.page("/demo/", { Accept: BROWSER });
    assert.equal(page.status, 200);
    assert.match(page.headers.get("Content-Type"), /^text\/html/);
    assert.match(page.text, /<html/i);
  });

  for (const accept of ["*/*", "application/json", "application/json, text/plain, */*"])
    test(`is the API for who accepts ${accept}`, async () => {
      const { status, body } = await new Api().get("/", { Accept: accept });
      assert.equal(status, 200);
      assert.equal(body.name, "Rondevu");
    });

  test("is the API for who says nothing about what is accepted", async () => {
    const api = new Api();
    const { status, body } = await api.raw([await api.head("GET", "/")]);
    assert.equal(status, 200);
    assert.equal(body.name, "Rondevu");
  });

  test("is the only path that a browser is sent away from", async () => {
    const { status, body } = await new Api().get("/topics", { Accept: BROWSER });
    assert.equal(status, 200);
    assert.deepEqual(body.topics, []);
  });
});

const NO_SUCH_PATH = [
  "/nothing",
  "/sessions",
  "/a/b",
  "/a/offer/b",
  "/a/offers",
  "/answer/a",
  "/health/a",
  "/sessions/a/b",
  "/%2f",
  "/Topics",
  "/TOPICS",
];

describe("a path that no route has", { concurrency: true }, () => {
  for (const path of NO_SUCH_PATH)
    for (const method of ["GET", "POST", "DELETE", "PUT"])
      test(`${method} ${path} is 404`, async () => {
        assertError(await new Api().request(method, path), 404);
      });
});

const METHODS = [
  { path: "/", has: ["GET", "HEAD"] },
  { path: "/health", has: ["GET", "HEAD"] },
  { path: "/topics", has: ["GET", "HEAD"] },
  { path: "/answer", has: ["POST"] },
  { path: "/poll", has: ["POST"] },
  { path: "/sessions/a", has: ["DELETE"] },
  { path: "/a/offer", has: ["POST"] },
  { path: "/a/sessions", has: ["GET", "HEAD"] },
];

describe("a path that has no such method", { concurrency: true }, () => {
  for (const { path, has } of METHODS)
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((m) => !has.includes(m)))
      test(`${method} ${path} is 405, and Allow says ${has[0]}`, async () => {
        const answer = await new Api().request(method, path);
        assertError(answer, 405);
        const allowed = answer.headers.get("Allow").split(/\s*,\s*/);
        assert.deepEqual(
          allowed.filter((name) => name !== "OPTIONS" && name !== "HEAD"),
          has.filter((name) => name !== "HEAD"),
        );
      });
});

describe("HEAD", { concurrency: true }, () => {
  for (const path of [
    "/",
    "/health",
    "/topics",
    "/topics?limit=0",
    "/a/sessions",
    "/a/sessions?limit=x",
    "/nothing",
  ])
    test(`answers ${path} as GET does, without the body`, async () => {
      const api = new Api();
      const got = await api.get(path);
      const head = await api.request("HEAD", path);
      assert.equal(head.status, got.status);
      assert.equal(head.text, "");
      for (const name of ["Content-Type", "Cache-Control", "Access-Control-Allow-Origin"])
        assert.equal(head.headers.get(name), got.headers.get(name), name);
    });

  test("sends a browser to the page too", async () => {
    const { status, headers } = await new Api().request("HEAD", "/", {
      headers: { Accept: BROWSER },
    });
    assert.equal(status, (await new Api().get("/", { Accept: BROWSER })).status);
    assert.match(headers.get("Location"), /\/demo\/$/);
  });

  test("is 405 where there is no GET", async () => {
    for (const path of ["/answer", "/poll", "/a/offer", "/sessions/a"])
      assert.equal((await new Api().request("HEAD", path)).status, 405, path);
  });
});

const UNKNOWN = "3f2a1b6c-0000-4000-8000-000000000000";
const ANSWERS = [
  { of: "health", method: "GET", path: "/health", status: 200 },
  { of: "the root", method: "GET", path: "/", status: 200 },
  { of: "the directory", method: "GET", path: "/topics", status: 200 },
  { of: "a list", method: "GET", path: "/a/sessions", status: 200 },
  { of: "an offer", method: "POST", path: "/a/offer", body: '{"offer":"o"}', status: 200 },
  { of: "a bad offer", method: "POST", path: "/a/offer", body: "{}", status: 400 },
  { of: "no JSON", method: "POST", path: "/poll", body: "x", status: 400 },
  { of: "a bad query", method: "GET", path: "/topics?page=0", status: 400 },
  { of: "a bad path", method: "GET", path: "/%ff/sessions", status: 400 },
  { of: "an unknown code", method: "DELETE", path: `/sessions/${UNKNOWN}`, status: 404 },
  { of: "an unknown path", method: "GET", path: "/nothing", status: 404 },
  { of: "an unknown method", method: "PUT", path: "/topics", status: 405 },
];

describe("every answer is JSON in UTF-8, and not to be stored:", { concurrency: true }, () => {
  for (const { of, method, path, body, status } of ANSWERS)
    test(of, async () => {
      const answer = await new Api().request(method, path, { body });
      assert.equal(answer.status, status);
      assert.equal(answer.headers.get("Content-Type"), "application/json; charset=utf-8");
      assert.equal(answer.headers.get("Cache-Control"), "no-store");
      assert.equal(typeof answer.body, "object");
    });
});
