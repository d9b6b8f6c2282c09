// Linear memory: however many requests one instance has served, it needs what one request may need.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startIsolate } from "./isolate.mjs";

const WARM = 1000; // requests, the largest that there may be among them
const REQUESTS = process.env.SOAK ? 1_000_000 : 100_000;
const STEP = 5000; // in one request to the worker
const MIB = 1024 * 1024;
const START_AIM = 2 * MIB;

/** @type {import("miniflare").Miniflare} */
let isolate;
before(async () => await (isolate = startIsolate("memory-worker.js", "build/core.wasm")).ready);
after(async () => await isolate.dispose());

async function serve(until) {
  const answer = await isolate.dispatchFetch(`http://rondevu.example/?until=${until}`);
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

describe("one instance", () => {
  test(`${REQUESTS} requests leave linear memory where it was after the first ${WARM}`, async (t) => {
    const warm = await serve(WARM);
    assert.ok(
      warm.seen["POST /usernames/claim"][503] > 0,
      "one of them wanted more than the arena",
    );
    for (let until = STEP; until < REQUESTS; until += STEP) await serve(until);
    const done = await serve(REQUESTS);

    const mib = (bytes) => `${(bytes / MIB).toFixed(3)} MiB`;
    t.diagnostic(`linear memory at the start ${mib(done.start)} (aim: at most ${mib(START_AIM)})`);
    for (const { served, bytes } of [warm, done])
      t.diagnostic(`  after ${served} requests ${bytes.map(mib)}`);
    for (const [route, statuses] of Object.entries(done.seen))
      t.diagnostic(
        `  ${route}: ${Object.entries(statuses)
          .map(([status, count]) => `${count} x ${status}`)
          .join(", ")}`,
      );

    assert.ok(done.served >= REQUESTS);
    assert.deepEqual(done.bytes, warm.bytes, "one instance, as large as it was");
    const statuses = Object.values(done.seen).flatMap(Object.keys);
    assert.deepEqual([...new Set(statuses)].sort(), ["200", "400", "404", "409", "413", "503"]);
  });
});
