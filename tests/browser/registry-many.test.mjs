// Many rooms: one after the other, and at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, talk } from "./registry/peer.mjs";
import { openStage } from "./registry/stage.mjs";

let stage;
before(async () => (stage = await openStage()));
after(() => stage?.close());

test("100 rooms one after the other connect, and leave nothing in the page", async () => {
  for (let room = 1; room <= 100; room++) {
    const pair = await stage.enter();
    await connect(...pair);
    await talk(...pair, `room ${room}`);
    for (const peer of pair) await peer.rests(1);
    await Promise.all(pair.map((peer) => peer.close()));
    for (const peer of pair) {
      await peer.rests(0);
      assert.deepEqual(peer.page.errors, []);
    }
  }
});

test("20 rooms at once connect, from one page each side", async () => {
  const pairs = await Promise.all(Array.from({ length: 20 }, () => stage.enter()));
  await Promise.all(pairs.map((pair) => connect(...pair)));
  await Promise.all(pairs.map((pair, room) => talk(...pair, `room ${room}`)));
  for (const [room, pair] of pairs.entries())
    for (const peer of pair) assert.equal((await peer.story()).messages.length, 1, `room ${room}`);
  for (const peer of pairs[0]) await peer.rests(20);
  await Promise.all(pairs.flat().map((peer) => peer.close()));
  for (const peer of pairs[0]) {
    await peer.rests(0);
    assert.deepEqual(peer.page.errors, []);
  }
});
