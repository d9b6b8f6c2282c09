// One handshake, from its making until nothing of it is stored. The offerer is alone for 5 s; each side leaves 5 candidates.

import assert from "node:assert/strict";
import { FAMILIES } from "./operations-sides.mjs";
import { WAYS, WAIT_MAX } from "./operations-stage.mjs";

const ALONE = 5; // s
const FIRST = 3; // candidates that each side leaves, and then
const REST = 2;
const MINUTE = 60; // s

/** What it costs. @param {import("./operations-stage.mjs").Stage} stage @param {string} family @param {string} way */
export async function handshakeCost(stage, family, way) {
  const [offerer, answerer] = meet(stage, family, way);
  await stage.tell("counts");
  await handshake(stage, offerer, answerer, way);
  for (const side of [offerer, answerer]) await side.leaveSocket();
  await stage.tell("ring");
  return stage.tell("counts");
}

/** What it costs to wait for somebody for a minute more. */
export async function minuteCost(stage, family, way) {
  const [offerer] = meet(stage, family, `a minute of ${way}`);
  await offerer.offer();
  if (way === "socket") await offerer.open();
  await stage.tell("counts");
  if (way !== "socket") await offerer.look("answers", 0);
  const look = await stage.tell("counts");
  await offerer.leaveSocket();
  await stage.tell("ring");
  const asks = way === "wait" ? MINUTE / WAIT_MAX : MINUTE;
  const looks = stage.storage === "kv" ? MINUTE : asks;
  const times = (kind) => (["requests", "objects"].includes(kind) ? asks : looks);
  const cost = Object.entries(look).map(([kind, count]) => [kind, count * times(kind)]);
  const held = way === "wait" && stage.storage === "durable" ? 1000 * MINUTE : 0;
  return { ...Object.fromEntries(cost), held };
}

/** Two who meet where nobody else does. */
function meet(stage, family, place) {
  const side = (role) => new FAMILIES[family](stage, role, `${family} ${place}`);
  return [side("offerer"), side("answerer")];
}

async function handshake(stage, offerer, answerer, way) {
  const hears = WAYS[way];
  await offerer.offer();
  if (way === "socket") await offerer.open();
  await offerer.leave(FIRST);
  const answer = await hears(offerer, "answers", ALONE);
  await stage.tell("tick", 1000 * ALONE);

  await answerer.find(offerer);
  if (way === "wait" && stage.storage === "durable") await stage.settled(1); // it may have been told who joined
  await answerer.answer();
  await answer();
  if (way === "socket") await answerer.open();

  const early = await hears(answerer, "candidates", 0);
  await early();
  await exchange(answerer, offerer, hears, FIRST);
  await exchange(offerer, answerer, hears, REST);
  await exchange(answerer, offerer, hears, REST);
  for (const { theirs } of [offerer, answerer]) assert.equal(theirs, FIRST + REST);
  await offerer.end();
}

/** One leaves candidates that the other is waiting for. */
async function exchange(from, to, hears, count) {
  const wanted = to.theirs + count;
  const heard = await hears(to, "candidates", 1);
  await from.leave(count);
  await heard();
  while (to.theirs < wanted) await (await hears(to, "candidates", 0))();
}
