// Budgets as the shim has them counted: once a request, before anything is read, by the bindings of wrangler.toml.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, mock, test } from "node:test";
import { WorkersKv } from "../../kv/workers-kv.js";
import { Server } from "../../worker/serve.js";
import { World } from "./world.mjs";

const module = new WebAssembly.Module(readFileSync("build/core.wasm"));
const ROOM = { hostUserName: "host" };

afterEach(() => mock.restoreAll());

/** A server whose bindings let everything through, or nothing, and note what they are asked. */
function start(success, settings = {}) {
  const asked = [];
  const binding = (name) => ({
    limit: async ({ key }) => (asked.push({ name, key }), { success }),
  });
  const names = ["RATE_CREATE", "RATE_LOOK_UP", "RATE_JOIN", "RATE_POLL"];
  const bindings = Object.fromEntries(names.map((name) => [name, binding(name)]));
  const world = new World(1, ["a"]);
  const server = new Server(module, { AUTH_SECRET: "secret", ...bindings, ...settings });
  const store = () => new WorkersKv(world.kv.places.a);
  /** @returns {Promise<{status: number, json: any, retryAfter: string | null}>} */
  const send = async (method, path, body, headers = {}) => {
    const url = `https://rondevu.example${path}`;
    const init = { method, headers: { "X-Registry-Version": "1", ...headers } };
    if (body) init.body = JSON.stringify(body);
    const response = await server.serve(new Request(url, init), store());
    const { status } = response;
    return { status, json: await response.json(), retryAfter: response.headers.get("Retry-After") };
  };
  return { asked, world, send };
}

describe("a budget", () => {
  test("that is used up is 429 before anything is read", async () => {
    const { world, send } = start(false);
    const { status, json, retryAfter } = await send("POST", "/rooms", ROOM);
    assert.equal(status, 429);
    assert.equal(json.error.code, "rate_limited");
    assert.deepEqual(
      [json.error.retryable, json.error.retryAfterSec, retryAfter],
      [true, 60, "60"],
    );
    const { get, list, put } = world.kv.counts;
    assert.deepEqual([get, list, put], [0, 0, 0]);
  });

  test("is spent once a request, however often that is run", async () => {
    const { asked, send, world } = start(true);
    await world.run(async () => {
      assert.equal((await send("POST", "/rooms", ROOM)).status, 201);
    });
    assert.deepEqual(
      asked.map(({ name }) => name),
      ["RATE_CREATE"],
    );
  });

  test("is spent once by a reader who waits, however often it looks again", async () => {
    const { asked, send, world } = start(true);
    await world.run(async () => {
      const { json } = await send("POST", "/rooms", ROOM);
      const { list } = world.kv.counts;
      const token = { "X-Access-Token": json.ownerToken };
      const { status } = await send("GET", `/rooms/${json.code}?wait=5`, undefined, token);
      assert.equal(status, 200);
      assert.ok(world.kv.counts.list - list > 2, "it looked again");
    });
    assert.deepEqual(
      asked.map(({ name }) => name),
      ["RATE_CREATE", "RATE_POLL"],
    );
  });

  test("of joining is spent by the address and by the room", async () => {
    const { asked, send, world } = start(true);
    const join = { joinCode: "123456", guestUserName: "guest" };
    await world.run(async () => {
      for (const [path, address] of [
        ["/rooms/ABCDEFGH/join", "192.0.2.1"],
        ["/rooms/abcd-efgh/join", "192.0.2.2"],
      ])
        await send("POST", path, join, { "CF-Connecting-IP": address });
    });
    const [address, room, other, same] = asked;
    assert.equal(asked.length, 4);
    assert.notEqual(address.key, other.key);
    assert.equal(room.key, same.key);
    assert.notEqual(address.key, room.key);
    for (const { name, key } of asked) {
      assert.equal(name, "RATE_JOIN");
      assert.match(key, /^[\da-f]{64}$/, "what a binding is told gives nothing away");
    }
  });

  test("is not asked for where a request lacks what it must carry", async () => {
    const { asked, send } = start(true);
    assert.equal((await send("GET", "/rooms/ABCDEFGH")).json.error.code, "forbidden");
    assert.deepEqual(asked, []);
  });

  test("is not asked for while RATE_LIMITS is off", async () => {
    const { asked, send, world } = start(false, { RATE_LIMITS: "off" });
    await world.run(async () => {
      assert.equal((await send("POST", "/rooms", ROOM)).status, 201);
    });
    assert.deepEqual(asked, []);
  });

  test("without a binding is not enforced, and the log says so once", async () => {
    const lines = [];
    mock.method(console, "warn", (line) => lines.push(JSON.parse(line)));
    const { send, world } = start(true, { RATE_CREATE: undefined });
    await world.run(async () => {
      for (let i = 0; i < 10; i++) assert.equal((await send("POST", "/rooms", ROOM)).status, 201);
    });
    assert.deepEqual(lines, [{ event: "NoRateLimit", binding: "RATE_CREATE" }]);
  });
});

test("the bindings of wrangler.toml have the figures that the core asks for", async () => {
  const toml = readFileSync("wrangler.toml", "utf8");
  const rows = toml.matchAll(
    /\[\[ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "\d+"\nsimple = \{ limit = (\d+), period = (\d+) \}/g,
  );
  const bound = [...rows].map(([, name, limit, period]) => `${name} ${limit} in ${period} s`);

  const wanted = new Set();
  const { Instance } = WebAssembly;
  mock.method(WebAssembly, "Instance", function (given, { host }) {
    const { spend } = host;
    host.spend = (...args) => {
      const bytes = new Uint8Array(instance.exports.memory.buffer, args[0], args[1]);
      wanted.add(`${Buffer.from(bytes)} ${args[4]} in ${args[5]} s`);
      return spend(...args);
    };
    const instance = new Instance(given, { host });
    return instance;
  });
  const { send, world } = start(true);
  await world.run(async () => {
    await send("POST", "/rooms", ROOM);
    await send("GET", "/rooms/ABCDEFGH/public");
    await send("POST", "/rooms/ABCDEFGH/join", { joinCode: "123456", guestUserName: "guest" });
    await send("GET", "/rooms/ABCDEFGH", undefined, { "X-Access-Token": "token" });
  });
  assert.deepEqual(bound, [...wanted]);
});
