// Starts a test worker in workerd: one isolate, one empty KV namespace STORE, and
// the objects of the class Shard, where it exports one.

import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const NAME = "test";
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** @param {string} script a file of this folder, and what it imports @param {string} wasm @param {Record<string, string>} [vars] */
export function startIsolate(script, wasm, vars = {}) {
  const mainModule = `tests/workerd/${script}`;
  const esm = [mainModule, ...globSync(["worker/*.js", "kv/*.js"], { cwd: ROOT })];
  const modules = esm.map((path) => [
    path,
    { type: "esm", contents: readFileSync(ROOT + path, "utf8") },
  ]);
  modules.push([wasm, { type: "wasm", contents: readFileSync(ROOT + wasm) }]);
  const texts = Object.entries(vars).map(([name, value]) => [name, { type: "text", value }]);
  const isSharded = vars.STORAGE === "durable";
  const config = {
    name: NAME,
    compatibilityDate: "2026-11-01",
    manifest: { mainModule, modulesRoot: ROOT, modules: Object.fromEntries(modules) },
    env: {
      STORE: { type: "kv" },
      AUTH_SECRET: { type: "text", value: "secret of the tests" },
      ...Object.fromEntries(texts),
      ...(isSharded && { SHARDS: { type: "durable-object", worker: NAME, exportName: "Shard" } }),
    },
    ...(isSharded && { exports: { Shard: { type: "durable-object", storage: "sqlite" } } }),
  };
  // The server logs the traps that tests ask for.
  return new Miniflare({ workers: [{ config }], handleStructuredLogs: () => {} });
}
