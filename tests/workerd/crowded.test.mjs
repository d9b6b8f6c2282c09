// What a topic that is crowded with closed sessions, a list that is late to forget, and a trap among other
// requests cost those who ask: never the answer.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WorkersKv } from "../../kv/workers-kv.js";
import { Core } from "../../worker/core.js";
import { Server } from "../../worker/serve.js";

const module = new WebAssembly.Module(readFileSync("build/core-test.wasm"));
const ORIGIN = "https://app.example";

/** A namespace in memory: consistent, but for values that may be made to go before their names. */
class Namespace {
  entries = new Map();
  calls = 0;

  async put(name, value, { metadata }) {
    this.entries.set(name, { value, metadata });
  }

  async get(names) {
    this.calls++;
    return new Map(names.map((name) => [name, this.entries.get(name)?.value ?? null]));
  }

  async list({ prefix, cursor = 0, limit }) {
    this.calls++;
    const names = [...this.entries.keys()].filter((name) => name.startsWith(prefix)).sort();
    const keys = names
      .slice(cursor, cursor + limit)
      .map((name) => ({ name, metadata: this.entries.get(name).metadata }));
    const end = cursor + keys.length;
    return { keys, list_complete: end === names.length, cursor: end };
  }

  forgetValues() {
    for (const entry of this.entries.values()) entry.value = null;
  }
}

function world(env = { AUTH_SECRET: "secret" }) {
  const namespace = new Namespace();
  const server = new Server(module, env);
  const send = async (method, path, body) => {
    const request = new Request(`https://rondevu.example${path}`, {
      method,
      headers: { Origin: ORIGIN },
      body: body && JSON.stringify(body),
    });
    const response = await server.serve(request, new WorkersKv(namespace));
    return { status: response.status, body: await response.json() };
  };
  return { namespace, server, send };
}

test("one open session is found behind 300 that were answered, in few runs, with limit=1 too", async (t) => {
  const { send } = world();
  const open = await send("POST", "/crowd/offer", { offer: "open" });
  for (let i = 0; i < 300; i++) {
    const { code } = (await send("POST", "/crowd/offer", { offer: `${i}` })).body;
    await send("POST", "/answer", { code, side: "answerer", answer: "a" });
    for (let n = 0; n < 3; n++)
      await send("POST", "/answer", { code, side: "offerer", candidate: `${n}` });
  }
  const run = t.mock.method(Core.prototype, "run");
  const { status, body } = await send("GET", "/crowd/sessions?limit=1");
  assert.equal(status, 200);
  assert.deepEqual(
    body.sessions.map(({ code }) => code),
    [open.body.code],
  );
  assert.equal(body.next, undefined);
  assert.ok(run.mock.callCount() <= 8, `${run.mock.callCount()} runs`);
});

test("entries whose values are gone hide no session", async () => {
  const { namespace, send } = world();
  for (let i = 0; i < 600; i++) await send("POST", "/late/offer", { offer: "x".repeat(2500) });
  namespace.forgetValues();
  const live = await send("POST", "/late/offer", { offer: "live" });
  const { status, body } = await send("GET", "/late/sessions");
  assert.equal(status, 200);
  assert.deepEqual(
    body.sessions.map(({ code }) => code),
    [live.body.code],
  );
  assert.equal(body.next, undefined);
});

test("no request runs on an instance that has trapped", async (t) => {
  const { send } = world();
  const trapped = new Set();
  const { run } = Core.prototype;
  t.mock.method(console, "error", () => {});
  t.mock.method(Core.prototype, "run", function (...given) {
    assert.ok(!trapped.has(this), "ran on an instance that has trapped");
    try {
      return run.apply(this, given);
    } catch (error) {
      trapped.add(this);
      throw error;
    }
  });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0 ? send("POST", "/test/trap", {}) : send("POST", "/fine/offer", { offer: `${i}` }),
    ),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map((_, i) => (i % 2 === 0 ? 500 : 200)),
  );
  assert.equal(trapped.size, 100);
});

test("a code of another origin costs the same reads as one that nobody has", async () => {
  const { namespace, server, send } = world();
  const { code } = (await send("POST", "/mine/offer", { offer: "o" })).body;
  const cost = async (origin, asked) => {
    namespace.calls = 0;
    const request = new Request("https://rondevu.example/poll", {
      method: "POST",
      headers: { Origin: origin },
      body: JSON.stringify({ code: asked, side: "answerer" }),
    });
    const response = await server.serve(request, new WorkersKv(namespace));
    return [response.status, await response.text(), namespace.calls];
  };
  const nobodys = code.replace(/.{12}$/, "0123456789ab");
  assert.deepEqual(await cost("https://evil.example", code), await cost(ORIGIN, nobodys));
});

test("a write that fails is 503, and nothing points to what was not written", async (t) => {
  t.mock.method(console, "error", () => {});
  for (let fails = 1; fails <= 2; fails++) {
    const { namespace, send } = world();
    let writes = 0;
    const put = namespace.put.bind(namespace);
    namespace.put = async (...given) => {
      if (++writes === fails) throw new Error("KV PUT failed: 429 Too Many Requests");
      return put(...given);
    };
    assert.equal((await send("POST", "/half/offer", { offer: "o" })).status, 503);
    const { topics } = (await send("GET", "/topics")).body;
    assert.deepEqual(topics, [], "no topic without a session");
    assert.equal((await send("POST", "/half/offer", { offer: "o" })).status, 200);
  }
});
