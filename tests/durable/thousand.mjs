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

/** What each workerd of a process group has in memory, MiB: wrangler has one for its proxy, and one for the worker. */
function memoryOf(group) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pages = pids.map((pid) => residentPages(pid, group)).filter((count) => count > 0);
  return pages.map((count) => Math.round((count * PAGE) / MIB));
}

/** 0 where it is no workerd of the group. */
function residentPages(pid, group) {
  try {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
    const isOne = name === "workerd" && rest.split(" ")[2] === `${group}`;
    return isOne ? Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) : 0;
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
  const sizes = { before: memoryOf(pid) };
  const waiting = Promise.all(rooms.map(wait));
  await inParallel(rooms, ({ stranger }) => stranger.lookUp(), AT_ONCE); // by then all of them wait
  sizes.waiting = memoryOf(pid);
  await inParallel(
    rooms,
    ({ made, stranger }) => stranger.join({ joinCode: made.joinCode }),
    AT_ONCE,
  );
  assert.deepEqual(new Set(await waiting), new Set(["joined"]));
  sizes.after = memoryOf(pid);
  t.diagnostic("memory of wrangler's proxy and of the worker, MiB:");
  for (const [when, mib] of Object.entries(sizes)) t.diagnostic(`  ${when}: ${mib.join(" + ")}`);
  const reads = rooms.reduce((sum, room) => sum + room.reads, 0);
  t.diagnostic(`  requests of a reader: ${reads / ROOMS}`);
});
