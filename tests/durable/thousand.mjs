// A thousand readers wait in a thousand rooms of one server, each in an object of its own.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { inParallel } from "../api/helpers.mjs";
import { openRoom } from "../api/rooms/room.mjs";
import { WAIT, caller, rounds, theServer } from "./stage.mjs";

const ROOMS = rounds(200, 1000);
const AT_ONCE = 16; // requests, of those that are answered at once
const MIB = 1024 * 1024;
const PAGE = 4096; // bytes, of /proc

/** Resident memory of all processes of a group that are workerd, bytes: wrangler has one for its proxy, one for the worker. */
function residentMemory(group) {
  const sizes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => residentOf(pid, group));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function residentOf(pid, group) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const isOne =
      stat.slice(0, end).endsWith("(workerd") && stat.slice(end + 2).split(" ")[2] === `${group}`;
    return isOne ? Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE : 0;
  } catch {
    return 0; // it has ended meanwhile
  }
}

/** A host that waits for a guest, and asks again whenever its time is over. */
async function wait(room) {
  const seen = { "If-None-Match": '"open.."' };
  for (room.reads = 1; ; room.reads++) {
    const { body } = await room.host.get(`?wait=${WAIT}`, seen);
    if (body) return body.status;
  }
}

test(`${ROOMS} readers wait in ${ROOMS} rooms, and all are answered`, async (t) => {
  const api = await caller();
  const { pid } = await theServer();
  const rooms = await inParallel(Array(ROOMS), () => openRoom(api), AT_ONCE);
  const sizes = { before: residentMemory(pid) };
  const waiting = Promise.all(rooms.map(wait));
  await inParallel(rooms, ({ stranger }) => stranger.lookUp(), AT_ONCE); // by then all of them wait
  sizes.waiting = residentMemory(pid);
  await inParallel(
    rooms,
    ({ made, stranger }) => stranger.join({ joinCode: made.joinCode }),
    AT_ONCE,
  );
  assert.deepEqual(new Set(await waiting), new Set(["joined"]));
  sizes.after = residentMemory(pid);
  for (const [when, bytes] of Object.entries(sizes))
    t.diagnostic(`workerd, both processes, ${when}: ${(bytes / MIB).toFixed(0)} MiB`);
  const each = (sizes.waiting - sizes.before) / ROOMS / 1024;
  const reads = rooms.reduce((sum, room) => sum + room.reads, 0);
  t.diagnostic(`a reader: ${each.toFixed(0)} KiB, ${reads / ROOMS} requests`);
});
