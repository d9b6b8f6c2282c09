// `make dev`: what it refuses, the secret it makes, and that nothing is left running behind it.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ensureSecret, readOptions, startServer } from "../../tools/dev.mjs";

const refused = [
  [{ PORT: "many" }, /PORT=many/],
  [{ PORT: "65536" }, /PORT=65536/],
  [{ PORT: "-1" }, /PORT=-1/],
  [{ STORAGE: "foo" }, /STORAGE=foo: wants kv or durable/],
  [{ RATE_LIMITS: "maybe" }, /RATE_LIMITS=maybe/],
  [{ VARS: "A:1 B" }, /"B" is not NAME:value/],
  [{ VARS: ":1" }, /":1" is not NAME:value/],
  [{ HOST: "nowhere" }, /HOST=nowhere/],
];

for (const [given, message] of refused)
  test(`make dev refuses ${JSON.stringify(given)}`, () => {
    assert.throws(() => readOptions(given), message);
  });

test("make dev says what is wrong and ends with a status that is not 0", () => {
  const { status, stdout, stderr } = make("STORAGE=foo");
  assert.notEqual(status, 0);
  assert.match(stderr, /STORAGE=foo: wants kv or durable/);
  assert.doesNotMatch(stdout + stderr, /\n\s+at /, "a stack is no message");
});

test("every entry of VARS is taken, colons in its value and all", () => {
  const { vars } = readOptions({
    VARS: "A:1  CORS_ORIGINS:http://a.example:80",
    RATE_LIMITS: "off",
  });
  assert.deepEqual(vars, { RATE_LIMITS: "off", A: "1", CORS_ORIGINS: "http://a.example:80" });
});

test("a port that is taken is refused, and said to be", async () => {
  const other = createServer().listen(0, "localhost");
  await once(other, "listening");
  const { port } = other.address();
  await assert.rejects(startServer({ port }), new RegExp(`Port ${port} is taken`));
  other.close();
});

test("the secret is made once, kept, and nobody else's to read", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "rondevu-secret-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, ".dev.vars");

  ensureSecret(folder);
  const made = readFileSync(file, "utf8");
  assert.match(made, /^AUTH_SECRET="[0-9a-f]{64}"\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  ensureSecret(folder);
  assert.equal(readFileSync(file, "utf8"), made);

  writeFileSync(file, "OTHER=1");
  ensureSecret(folder);
  assert.match(readFileSync(file, "utf8"), /^OTHER=1\nAUTH_SECRET="[0-9a-f]{64}"\n$/);
});

test("startServer starts a server on a free port, and stop leaves no process of it", async () => {
  const server = await startServer();
  const health = await fetch(`${server.url}/health`);
  assert.equal(health.status, 200);
  await server.stop();
  assert.throws(() => process.kill(-server.pid, 0), { code: "ESRCH" });
  await assert.rejects(fetch(`${server.url}/health`));
});

for (const [storage, socket] of [
  ["kv", 501],
  ["durable", 426],
])
  test(`make dev STORAGE=${storage} prints where the pages and the API are, and ends whole when it is told to`, async (t) => {
    const given = ["PORT=0", "STATE=none", `STORAGE=${storage}`];
    const child = spawn("make", ["-s", "dev", ...given], { env: plainEnvironment() });
    const ended = once(child, "exit");
    t.after(() => child.kill("SIGTERM"));
    let said = "";
    await new Promise((resolve) => {
      child.stdout.on("data", (bytes) => {
        said += bytes;
        if (/Ctrl\+C/.test(said)) resolve();
      });
      child.once("exit", resolve);
    });
    const [, page] = /Chat +(\S+\/demo\/) /.exec(said);
    const [, harness] = /Harness +(\S+\/harness\/) /.exec(said);
    const [, api] = /API +(http:\S+\/)\n/.exec(said);
    for (const url of [page, harness]) assert.equal((await fetch(url)).status, 200);
    assert.equal((await fetch(`${api}offers/socket`)).status, socket, "it is on that store");

    child.kill("SIGTERM");
    await ended;
    await assert.rejects(fetch(page), "it still answers");
  });

for (const storage of ["kv", "durable"])
  test(`what is in STATE is there when the server comes back: ${storage}`, async (t) => {
    const state = mkdtempSync(join(tmpdir(), "rondevu-kept-"));
    t.after(() => rmSync(state, { recursive: true, force: true }));
    const first = await startServer({ storage, state });
    t.after(() => first.stop());
    const made = await post(first, "/rooms", { hostUserName: "ann" });
    assert.equal(made.status, 201);
    const { code, ownerToken } = await made.json();
    await first.stop();

    const second = await startServer({ storage, state });
    t.after(() => second.stop());
    const headers = { "X-Access-Token": ownerToken };
    const room = await fetch(`${second.url}/rooms/${code}`, { headers });
    assert.deepEqual([room.status, (await room.json()).status], [200, "open"]);
  });

test("on Workers KV nothing else of wrangler.toml is needed: no Durable Objects", async (t) => {
  const config = "build/kv-only.toml"; // in the repository, for its paths are relative to it
  const toml = readFileSync("wrangler.toml", "utf8");
  const without = toml.replace(/\[\[(durable_objects|migrations)[^]*?\n\n/g, "");
  assert.doesNotMatch(without, /SHARDS|Shard\b/);
  writeFileSync(config, without.replace(/^(main|directory) = "/gm, '$1 = "../'));
  t.after(() => rmSync(config));
  const server = await startServer({ storage: "kv", config });
  t.after(() => server.stop());
  assert.equal((await post(server, "/rooms", { hostUserName: "ann" })).status, 201);
  assert.equal((await post(server, "/topic/offer", { offer: "o" })).status, 200);
  assert.equal((await fetch(`${server.url}/topics`)).status, 200);
});

function post({ url }, path, body) {
  const headers = { "X-Registry-Version": "1" };
  return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The environment without what this very run was given on make's command line. */
function plainEnvironment() {
  const { MAKEFLAGS, MAKELEVEL, MAKEOVERRIDES, MFLAGS, NODE_TEST_CONTEXT, STORAGE, ...env } =
    process.env;
  return env;
}

function make(...args) {
  return spawnSync("make", ["-s", "dev", ...args], { encoding: "utf8", env: plainEnvironment() });
}
