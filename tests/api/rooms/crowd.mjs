// Many rooms at once on one server: none disturbs another.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inParallel } from "../helpers.mjs";
import { assertDone, candidate, joinedRoom, sdp } from "./room.mjs";

const ROOMS = 40;
const CANDIDATES = 6;
const texts = (name) => Array.from({ length: CANDIDATES }, (_, i) => `${name} ${i}`);

async function leaveAll(player, name) {
  for (const text of texts(name)) assertDone(await player.candidate(candidate(text)));
}

/** A handshake in which both sides do what they do at the same time. */
async function shakeHands(name) {
  const { host, guest } = await joinedRoom();
  const answering = async () => {
    const { body } = await guest.get("?wait=20");
    assert.equal(body.offer.sdp, sdp(`offer of ${name}`));
    assertDone(await guest.answer({ sdp: sdp(`answer to ${name}`) }));
  };
  await Promise.all([
    answering(),
    leaveAll(host, `host of ${name}`),
    leaveAll(guest, `guest of ${name}`),
    host.offer({ sdp: sdp(`offer of ${name}`) }).then(assertDone),
  ]);
  const room = await host.room();
  assert.deepEqual([room.status, room.answer.sdp], ["paired", sdp(`answer to ${name}`)]);
  for (const [player, side] of [
    [host, "guest"],
    [guest, "host"],
  ]) {
    const seen = (await player.items()).map((item) => item.candidate);
    assert.deepEqual(seen, texts(`${side} of ${name}`));
  }
  return { host, guest };
}

test(`${ROOMS} handshakes at once all go through, each with its own`, async () => {
  const names = Array.from({ length: ROOMS }, (_, i) => `room ${i}`);
  const rooms = await inParallel(names, shakeHands, ROOMS);
  assert.equal(new Set(rooms.map(({ host }) => host.code)).size, ROOMS);
  const closed = rooms.filter((_, i) => i % 2);
  await inParallel(closed, async ({ host }) => assertDone(await host.close()));
  const statuses = await inParallel(rooms, async ({ guest }) => (await guest.get()).status);
  assert.deepEqual(
    statuses,
    rooms.map((_, i) => (i % 2 ? 404 : 200)),
  );
});
