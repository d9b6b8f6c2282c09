// A page of offers, or of topics, costs what the page costs, not what there is: instructions of the native
// core over the store in memory, where every offer is under one topic that all share and under one of its own.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { measureScale } from "../../bench/callgrind.mjs";

const SIZES = [100, 10_000, 1_000_000];
const GROWTH = 1.5; // from the first to the last

describe("with a million open offers", () => {
  test("a page costs hardly more than with a hundred", async (t) => {
    const counts = await measureScale(SIZES);
    assert.equal(counts.length, 2 * SIZES.length);
    for (const target of ["/offers/by-topic/all", "/topics?limit=50"]) {
      const rows = counts.filter((row) => row.target === target);
      assert.deepEqual(
        rows.map(({ offers, total }) => [offers, total]),
        SIZES.map((size) => [size, Math.min(size + (target === "/topics?limit=50"), 10_000)]),
      );
      const ratio = rows.at(-1).instructions / rows[0].instructions;
      const figures = rows
        .map(({ offers, instructions }) => `${offers}: ${instructions}`)
        .join(", ");
      t.diagnostic(
        `GET ${target}, instructions with so many offers: ${figures}; ${ratio.toFixed(2)} times`,
      );
      assert.ok(ratio > 0.5 && ratio <= GROWTH, `${target} grew to ${ratio}`);
    }
  });
});
