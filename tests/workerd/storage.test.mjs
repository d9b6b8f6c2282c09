// The storage suite, tests/storage/suite.json, over the back ends that are JavaScript, inside workerd.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const mainModule = "tests/workerd/storage-worker.js";
const { cases } = JSON.parse(readFileSync(`${ROOT}tests/storage/suite.json`, "utf8"));

const esm = (path) => [path, { type: "esm", contents: readFileSync(ROOT + path, "utf8") }];
const modules = Object.fromEntries([mainModule, "kv/workers-kv.js", "kv/durable.js"].map(esm));
const nameOf = (i) => `CASE_${i}`; // each case begins with an empty store

/** @type {Miniflare} */
let isolate;
before(async () => {
  const config = {
    name: "storage",
    compatibilityDate: "2026-11-01",
    compatibilityFlags: ["nodejs_compat"],
    manifest: { mainModule, modulesRoot: ROOT, modules },
    exports: { Case: { type: "durable-object", storage: "sqlite" } },
    env: {
      OBJECTS: { type: "durable-object", worker: "storage", exportName: "Case" },
      ...Object.fromEntries(cases.map((_, i) => [nameOf(i), { type: "kv", id: nameOf(i) }])),
    },
  };
  isolate = new Miniflare({ workers: [{ config }] });
  await isolate.ready;
});
after(async () => await isolate?.dispose());

for (const backEnd of ["workers-kv", "durable"])
  describe(`storage over kv/${backEnd}`, () => {
    for (const [i, { name, skip = {}, steps }] of cases.entries())
      test(name, { skip: skip[backEnd] }, async () => {
        const body = JSON.stringify({ backEnd, name: nameOf(i), steps });
        const answer = await isolate.dispatchFetch("http://storage/", { method: "POST", body });
        assert.equal(await answer.text(), "passed");
      });
  });
