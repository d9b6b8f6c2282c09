// Idle sockets: what pings cost, and that a socket outlives the memory of its object.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pair } from "../api/peers/peer.mjs";
import { candidate, joinedRoom } from "../api/rooms/room.mjs";
import {
  HIBERNATES,
  caller,
  isAnswers,
  isItems,
  isSnapshot,
  namesOf,
  peerSocket,
  range,
  roomSocket,
  serverOf,
  sessionSocket,
} from "./world.mjs";

const PINGS = 60; // 30 minutes of them, one every 30 s
const LETTERS = 4000; // ms after a write, and no alarm rings for what it has sent to others
const PING_EVERY = 2000; // ms; what hibernates while pings come does not wake for them

/** What the server did since this was asked last, anywhere. */
async function counts(name = "counted") {
  const { url } = await serverOf(name);
  return (await fetch(`${url}/counts`)).json();
}

/** A socket of each family, and what its next message is brought about by. */
async function oneOfEach() {
  const api = await caller("counted");
  const { host, guest } = await joinedRoom(api);
  const code = await api.offer("a");
  const { ann, bob, id } = await pair({ api });
  const sockets = {
    room: await roomSocket(host),
    session: await sessionSocket(api, code, "answerer"),
    peer: await peerSocket(ann),
  };
  await sockets.room.next(isSnapshot);
  await sockets.session.next();
  await sockets.peer.next(isAnswers);
  const write = {
    room: () => guest.candidate(candidate("one")),
    session: () => api.candidate(code, "offerer", "one"),
    peer: () => bob.trickled(id, "one"),
  };
  return { sockets, write };
}

const all = (sockets, each) => Promise.all(Object.values(sockets).map(each));

describe("sockets that are idle", { concurrency: true }, () => {
  describe("on one server", () => {
    test("get a pong for each ping, and the server does nothing for it", async () => {
      const { sockets } = await oneOfEach();
      await counts();
      await all(sockets, async (socket) => {
        for (const _ of range(PINGS)) {
          socket.send("ping");
          assert.equal(await socket.next(), "pong");
        }
      });
      assert.deepEqual(await counts(), {});
      await all(sockets, (socket) => socket.close());
    });

    test("are still open when their objects' memory is gone, and are sent what comes then", async () => {
      const { sockets, write } = await oneOfEach();
      await counts();
      const until = Date.now() + HIBERNATES + LETTERS;
      while (Date.now() < until) {
        await all(sockets, async (socket) => {
          socket.send("ping");
          assert.equal(await socket.next(), "pong");
        });
        await sleep(PING_EVERY);
      }
      const { made: woken, run, webSocketMessage } = await counts(); // an alarm may sweep
      assert.deepEqual([woken, run, webSocketMessage], [undefined, undefined, undefined]);
      await all(write, (each) => each());
      assert.deepEqual(namesOf(await sockets.room.next(isItems)), ["one"]);
      assert.deepEqual((await sockets.session.next()).offerCandidates, ["one"]);
      assert.equal((await sockets.peer.next()).candidates[0].candidate, "one");
      const { made } = await counts();
      assert.ok(made >= Object.keys(sockets).length, `${made} objects were made anew`);
      assert.equal((await sockets.room.ask(candidate("two"))).status, 204);
      sockets.room.send("rubbish");
      assert.equal((await sockets.room.next()).status, 400);
    });
  });

  test("a socket ends in time though its object was made anew for one that ends later", async () => {
    const api = await caller("sleepy");
    const sooner = await api.offer("a");
    await sleep(2000);
    const later = await api.offer("a");
    const first = await sessionSocket(api, sooner, "offerer");
    await counts("sleepy");
    await sleep(HIBERNATES + LETTERS);
    const second = await sessionSocket(api, later, "offerer");
    assert.equal((await counts("sleepy")).made, 1);
    assert.equal((await first.closed()).code, 4404);
    assert.equal((await api.poll(later, "offerer")).status, 200, "ended with the other one only");
    assert.equal((await second.closed()).code, 4404);
  });
});
