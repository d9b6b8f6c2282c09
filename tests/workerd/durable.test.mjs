// The cases of durable-cases.js, each in a Durable Object with SQLite, in workerd.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { cases } from "./durable-cases.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORKER = "cases";
const mainModule = "tests/workerd/durable-worker.js";
const scripts = [mainModule, "tests/workerd/durable-cases.js", "kv/durable.js", "worker/outbox.js"];
const esm = (path) => [path, { type: "esm", contents: readFileSync(ROOT + path, "utf8") }];

/** @type {Miniflare} */
let isolate;
before(async () => {
  const config = {
    name: WORKER,
    compatibilityDate: "2026-11-01",
    manifest: { mainModule, modulesRoot: ROOT, modules: Object.fromEntries(scripts.map(esm)) },
    exports: { Case: { type: "durable-object", storage: "sqlite" } },
    env: { OBJECTS: { type: "durable-object", worker: WORKER, exportName: "Case" } },
  };
  // Objects that cannot be reached are logged.
  isolate = new Miniflare({ workers: [{ config }], handleStructuredLogs: () => {} });
  await isolate.ready;
});
after(async () => await isolate?.dispose());

for (const [group, members] of Object.entries(cases))
  describe(group, () => {
    for (const [name, steps] of Object.entries(members))
      test(name, async () => {
        for (let step = 0; step < [steps].flat().length; step++) {
          if (step > 0) await isolate.unsafeEvictDurableObject(WORKER, "Case", { name });
          const body = JSON.stringify({ group, name, step });
          const answer = await isolate.dispatchFetch("http://cases/", { method: "POST", body });
          assert.equal(await answer.text(), "passed");
        }
      });
  });
