// Servers for tests: the worker as it is deployed, with the bindings of wrangler.toml, in a workerd of its own.
//
// What stands between a client and the worker in `wrangler dev`, and costs ten times what the worker does, is left
// out, and a server is there in a third of a second. `make dev` itself is tested in tests/tools.

import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NAME = "rondevu";
const SECRET = "secret of all the tests' servers";
const HOST = "127.0.0.1";

/** The store that the suite runs on. */
export const STORE = process.env.STORAGE || "kv";
/** Why a test of a page by itself does not run on both. */
export const pageAlone =
  STORE !== "kv" && "no store shows in what a page looks like: it runs on kv";

/** Running servers' temporary folders; nothing outlives this process. */
const scratches = new Set();
process.on("exit", () => {
  for (const scratch of scratches) rmSync(scratch, { recursive: true, force: true });
});

/**
 * Starts a server, on any free port.
 *
 * @param {object} [options]
 * @param {"kv" | "durable"} [options.storage]
 * @param {Record<string, string | number>} [options.vars] override variables of wrangler.toml
 * @param {string} [options.state] folder that keeps the state; default: it is thrown away at the end
 * @param {boolean} [options.pages] whether web/ is served too, which makes every request dearer
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function startServer({ storage = STORE, vars = {}, state, pages = false } = {}) {
  const scratch = state === undefined ? mkdtempSync(join(tmpdir(), "rondevu-state-")) : undefined;
  if (scratch) scratches.add(scratch);
  const direct = { unsafeDirectSockets: [{ host: HOST, port: 0 }] };
  const config = configuration({ STORAGE: storage, ...vars }, pages);
  const server = new Miniflare({
    host: HOST,
    resourcePersistencePath: state ?? scratch,
    workers: [{ config, dev: pages ? {} : direct }],
    handleStructuredLogs: () => {}, // faults that tests bring about
  });
  const ready = await server.ready;
  const url = pages ? ready : await server.unsafeGetDirectURL(NAME);
  return {
    url: url.origin,
    async stop() {
      await server.dispose();
      if (scratch) rmSync(scratch, { recursive: true, force: true });
      scratches.delete(scratch);
    },
  };
}

function configuration(vars, pages) {
  const toml = readFileSync(`${ROOT}wrangler.toml`, "utf8");
  return {
    name: NAME,
    compatibilityDate: /^compatibility_date = "(.*)"/m.exec(toml)[1],
    manifest: { mainModule: "worker/index.js", modulesRoot: ROOT, modules: modules() },
    exports: { Shard: { type: "durable-object", storage: "sqlite" } },
    env: {
      STORE: { type: "kv", id: "store" },
      SHARDS: { type: "durable-object", worker: NAME, exportName: "Shard" },
      ...rateLimits(toml),
      ...texts({ ...variables(toml), AUTH_SECRET: SECRET, ...vars }),
    },
    ...(pages && { assets: { directory: `${ROOT}web`, hasUserWorker: true } }),
  };
}

function modules() {
  const scripts = globSync(["worker/*.js", "kv/*.js"], { cwd: ROOT });
  const esm = scripts.map((path) => [
    path,
    { type: "esm", contents: readFileSync(ROOT + path, "utf8") },
  ]);
  const wasm = { type: "wasm", contents: readFileSync(`${ROOT}build/core.wasm`) };
  return { ...Object.fromEntries(esm), "build/core.wasm": wasm };
}

/** The table [vars]. */
function variables(toml) {
  const [, lines] = /^\[vars\]\n((?:\w+ = .*\n|#.*\n)*)/m.exec(toml);
  const pairs = lines.matchAll(/^(\w+) = "(.*)"/gm);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name, value]));
}

/** The tables [[ratelimits]]. */
function rateLimits(toml) {
  const table =
    /^name = "(\w+)"\nnamespace_id = "(\d+)"\nsimple = { limit = (\d+), period = (\d+) }/gm;
  return Object.fromEntries(
    [...toml.matchAll(table)].map(([, name, namespace, limit, period]) => [
      name,
      { type: "rate-limit", namespace, simple: { limit: +limit, period: +period } },
    ]),
  );
}

function texts(vars) {
  const text = ([name, value]) => [name, { type: "text", value: String(value) }];
  return Object.fromEntries(Object.entries(vars).map(text));
}
