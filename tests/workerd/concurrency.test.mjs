// Many requests in one isolate at once, all of them waiting for Workers KV.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startIsolate } from "./isolate.mjs";

const HELD = 208; // requests whose reads are pending at one moment
const TRAPS = 8;
const RUNS_MAX = 2; // of a handler, on the common path
const SDP = "v=0\r\na=mid:0\r\n".repeat(150); // like a real one, too large for an entry's metadata

/** @type {import("miniflare").Miniflare} */
let isolate;
before(
  async () => await (isolate = startIsolate("concurrency-worker.js", "build/core-test.wasm")).ready,
);
after(async () => await isolate.dispose());

async function call(method, path, { body, origin = "https://app.example", hold = false } = {}) {
  const answer = await isolate.dispatchFetch(`http://rondevu.example${path}`, {
    method,
    headers: { Origin: origin, ...(hold && { "X-Test-Hold": "1" }) },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    redirect: "manual",
  });
  return {
    status: answer.status,
    headers: answer.headers,
    runs: Number(answer.headers.get("X-Test-Runs")),
    text: await answer.clone().text(),
    json: await answer.json().catch(() => undefined),
  };
}

const counts = async () => (await call("GET", "/__counts")).json;
const gate = (requests) => call("GET", `/__gate?requests=${requests}`);

/** A session with topic, origin and offer of its own, as no other one has them. */
async function makeSession(name) {
  const topic = `topic of ${name}`;
  const path = `/${encodeURIComponent(topic)}`;
  const origin = `https://${name}.example`;
  const offer = `offer of ${name} ${SDP}`;
  const made = await call("POST", `${path}/offer`, { origin, body: { info: name, offer } });
  assert.equal(made.status, 200, made.text);
  return { name, topic, path, origin, offer, code: made.json.code };
}

async function leave({ code, origin }, what) {
  const left = await call("POST", "/answer", { origin, body: { code, ...what } });
  assert.equal(left.status, 200, left.text);
}

const makeSessions = (start, count) =>
  Promise.all(Array.from({ length: count }, (_, i) => makeSession(`${start}-${i}`)));

// What each kind of request asks, and what answer belongs to it and to no other.
const kinds = {
  async offer({ path, origin, name }) {
    const info = `second of ${name}`;
    const body = { info, offer: `second offer of ${name}` };
    const made = await call("POST", `${path}/offer`, { origin, body });
    assert.equal(made.status, 200, made.text);
    assert.match(made.json.code, /^[0-9a-f-]{36}$/);
    return async () => {
      const { json } = await call("POST", "/poll", {
        origin,
        body: { code: made.json.code, side: "answerer" },
      });
      assert.equal(json.offer, body.offer);
    };
  },
  async sessions({ path, origin, name: info, code, offer }) {
    const { status, json } = await call("GET", `${path}/sessions`, { origin });
    assert.equal(status, 200);
    const [{ createdAt, expiresAt, ...session }, ...others] = json.sessions;
    assert.deepEqual(others, []);
    assert.equal(expiresAt - createdAt, 300_000);
    assert.deepEqual(session, { code, info, peerId: info, offer, offerCandidates: [] });
  },
  async answer(session) {
    const answer = `answer of ${session.name} ${SDP}`;
    await leave(session, { side: "answerer", answer });
    return async () => {
      const body = { code: session.code, side: "offerer" };
      const { json } = await call("POST", "/poll", { origin: session.origin, body });
      assert.deepEqual(json, { answer, answerCandidates: [], seen: "1" });
    };
  },
  async candidate(session) {
    const candidate = `candidate of ${session.name}`;
    await leave(session, { side: "offerer", candidate });
    return async () => {
      const body = { code: session.code, side: "answerer" };
      const { json } = await call("POST", "/poll", { origin: session.origin, body });
      assert.deepEqual(json, { offer: session.offer, offerCandidates: [candidate], seen: "2" });
    };
  },
  async poll({ code, origin, offer }) {
    const body = { code, side: "answerer" };
    const { status, json } = await call("POST", "/poll", { origin, body });
    assert.equal(status, 200);
    assert.deepEqual(json, { offer, offerCandidates: [], seen: "1" });
  },
  async topics({ origin, topic }) {
    const { status, json } = await call("GET", "/topics", { origin });
    assert.equal(status, 200);
    assert.deepEqual(json.topics, [{ topic, count: 1, activePeers: 1 }]);
  },
  async withdraw({ code, path, origin }) {
    const { status, json } = await call("DELETE", `/sessions/${code}`, { origin });
    assert.equal(status, 200);
    assert.deepEqual(json, { success: true });
    return async () => {
      const { json } = await call("GET", `${path}/sessions`, { origin });
      assert.deepEqual(json.sessions, []);
    };
  },
  async stranger({ code }) {
    const origin = "https://stranger.example";
    const body = { code, side: "answerer" };
    const { status, json } = await call("POST", "/poll", { origin, body });
    assert.equal(status, 404);
    assert.deepEqual(json, { error: "Session not found, expired, or origin mismatch" });
  },
};

async function trap() {
  const answer = await call("POST", "/test/trap", { body: { code: "secret" }, hold: true });
  assert.equal(answer.status, 500);
  assert.equal(answer.headers.get("Content-Type"), "application/json; charset=utf-8");
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
  assert.deepEqual(answer.json, { error: "The server made a mistake; trying again may help" });
}

/** Within the body's limit, but not as cJSON's items in 4 MiB. */
async function overArena() {
  const body = `{"username":"ann","ignored":[${"0,".repeat(500_000)}0]}`;
  const answer = await call("POST", "/usernames/claim", { body, hold: true });
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
  assert.deepEqual(answer.json, {
    error: "The server could not do this now; trying again may help",
  });
}

/** One request for each session, of every kind in turn, and `others` among them; all held at one moment. */
async function together(sessions, others) {
  const mixed = sessions.map((session, i) => {
    const asked = Object.values(kinds)[i % Object.keys(kinds).length];
    return () => asked(session);
  });
  others.forEach((other, i) =>
    mixed.splice(Math.floor(((i + 0.5) * mixed.length) / others.length), 0, other),
  );
  await gate(mixed.length);
  const later = await Promise.all(mixed.map((ask) => ask()));
  const { heldAtOpening } = await counts();
  await gate(0);
  assert.equal(heldAtOpening, mixed.length, "requests whose reads were pending at one moment");
  await Promise.all(later.map((check) => check?.()));
}

describe(
  "one isolate with hundreds of requests waiting for Workers KV",
  { timeout: 120_000 },
  () => {
    test("gives each request its own answer", async () => {
      await together(await makeSessions("calm", HELD), []);
      assert.equal((await counts()).instances, 1);
    });

    test("loses only the request that traps, and works on", async () => {
      const sessions = await makeSessions("trapped", HELD);
      const { instances } = await counts();
      await together(sessions, Array(TRAPS).fill(trap));
      assert.equal((await counts()).instances, instances + TRAPS, "a trap costs one instance");
      await kinds.poll(await makeSession("after-the-traps"));
    });

    test("refuses only the request that wants too much memory, and works on", async () => {
      const sessions = await makeSessions("crowded", HELD);
      const { instances } = await counts();
      await together(sessions, Array(3).fill(overArena));
      assert.equal((await counts()).instances, instances, "the instance is as good as before");
      await kinds.poll(await makeSession("after-the-large-one"));
    });
  },
);

describe("a handler", () => {
  test(`runs at most ${RUNS_MAX} times on the common path of its route`, async (t) => {
    const { code, path, origin } = await makeSession("counted");
    for (let i = 0; i < 10; i++)
      await leave({ code, origin }, { side: "answerer", candidate: `candidate ${i}` });
    const rows = [
      ["GET", "/"],
      ["GET", "/health"],
      ["GET", "/topics"],
      ["POST", `${path}/offer`, { info: "i", offer: SDP }],
      ["GET", `${path}/sessions`],
      ["POST", "/answer", { code, side: "offerer", candidate: "c" }],
      ["POST", "/answer", { code, side: "answerer", answer: SDP }],
      ["POST", "/poll", { code, side: "offerer" }],
      ["POST", "/poll", { code, side: "answerer" }],
      ["DELETE", `/sessions/${code}`],
    ];
    t.diagnostic("runs of the handler for one request:");
    for (const [method, target, body] of rows) {
      const { status, runs, text } = await call(method, target, { body, origin });
      assert.equal(status, 200, text);
      const name = target.replace(path, "/:topic").replace(code, ":code");
      const detail = Object.keys(body ?? {}).filter((key) => !["code", "info"].includes(key));
      t.diagnostic(`  ${runs}  ${method} ${name} ${detail.join(", ")}`);
      assert.ok(runs >= 1 && runs <= RUNS_MAX, `${method} ${name}: ${runs} runs`);
    }
  });
});
