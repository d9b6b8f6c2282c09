// Many sockets on one server: all of them are sent what is theirs.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { inParallel } from "../api/helpers.mjs";
import { candidate, joinedRoom } from "../api/rooms/room.mjs";
import { caller, isItems, isSnapshot, namesOf, range, roomSocket, serverOf } from "./world.mjs";

const SOCKETS = 1000;

/** Resident memory of the processes of a group, MB, by program. @param {number} group */
function memoryOf(group) {
  const used = {};
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, program, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${id}/stat`, "utf8"));
      if (Number(rest.split(" ")[2]) !== group) continue;
      const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"));
      used[program] = (used[program] ?? 0) + Math.round(Number(kb) / 1024);
    } catch {
      // it has ended meanwhile
    }
  }
  return used;
}

const inWords = (used) =>
  Object.entries(used)
    .map(([program, mb]) => `${program} ${mb} MB`)
    .join(", ");

test(`${SOCKETS} sockets of ${SOCKETS / 2} rooms are all sent their candidates`, async (t) => {
  const api = await caller("many");
  const { pid } = await serverOf("many");
  const before = memoryOf(pid);
  const rooms = await inParallel(range(SOCKETS / 2), async () => {
    const { host, guest } = await joinedRoom(api);
    const sockets = [await roomSocket(host), await roomSocket(guest)];
    for (const socket of sockets) await socket.next(isSnapshot);
    return { host, guest, sockets };
  });
  t.diagnostic(
    `before: ${inWords(before)}; with ${SOCKETS} open sockets: ${inWords(memoryOf(pid))}`,
  );
  await inParallel(rooms, async ({ sockets: [host, guest] }, i) => {
    host.send({ id: "h", ...candidate(`from host ${i}`) });
    guest.send({ id: "g", ...candidate(`from guest ${i}`) });
    assert.deepEqual(namesOf(await host.next(isItems)), [`from guest ${i}`]);
    assert.deepEqual(namesOf(await guest.next(isItems)), [`from host ${i}`]);
  });
  t.diagnostic(`after a candidate each way: ${inWords(memoryOf(pid))}`);
  for (const { sockets } of rooms) for (const socket of sockets) socket.drop();
});
