// Sockets that break, and are opened again: nothing is lost, nothing comes twice.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { pair } from "../api/peers/peer.mjs";
import { CANDIDATES_MAX, candidate, pairedRoom } from "../api/rooms/room.mjs";
import {
  caller,
  isCandidates,
  isItems,
  namesOf,
  peerSocket,
  range,
  roomSocket,
  sessionSocket,
} from "./world.mjs";

const RUNS = 8; // of each story
const BREAKS = 0.3; // how likely a socket is to break after a message

/** Numbers from a seed, 0 to 1. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Reads until `isAll`, over as many sockets as it takes: each may break at any message, even before the first.
 * @param {() => number} chance @param {() => Promise<import("./client.mjs").Socket>} open resuming where `take` got to
 * @param {(message: any) => void} take @param {() => boolean} isAll
 */
async function readOnBrokenSockets(chance, open, take, isAll) {
  let sockets = 0;
  for (; !isAll(); sockets++) {
    const socket = await open();
    while (!isAll() && chance() > BREAKS) take(await socket.next());
    if (chance() < 0.5) socket.drop();
    else socket.close();
  }
  return sockets;
}

describe(
  "what all sockets together are sent is the list, in its order:",
  { concurrency: 4 },
  () => {
    const names = range(CANDIDATES_MAX).map((i) => `c${i}`);

    for (const seed of range(RUNS))
      test(`a room's candidates, posted over HTTP and a socket that breaks too (${seed})`, async () => {
        const chance = random(seed);
        const { host, guest } = await pairedRoom(await caller());
        const items = [];
        let since = "";
        const take = (message) => {
          if (!isItems(message)) return;
          items.push(...namesOf(message));
          since = `?since=${message.lastSeq}`;
        };
        const reading = readOnBrokenSockets(
          chance,
          () => roomSocket(host, since),
          take,
          () => items.length >= names.length,
        );
        await post(random(~seed), guest, names);
        await reading;
        assert.deepEqual(items, names);
        assert.deepEqual(await host.items(), names.map(candidate));
      });

    for (const seed of range(RUNS))
      test(`a session's candidates (${seed})`, async () => {
        const chance = random(seed);
        const api = await caller();
        const code = await api.offer("a");
        let body = { answerCandidates: [], seen: "0" };
        const reading = readOnBrokenSockets(
          chance,
          () => sessionSocket(api, code, "offerer", `?seen=${body.seen}`),
          (message) => {
            assert.ok(Number(message.seen) > Number(body.seen), "sent though it was seen");
            body = message;
          },
          () => body.answerCandidates.length >= names.length,
        );
        for (const name of names) await api.candidate(code, "answerer", name);
        await reading;
        assert.deepEqual(body.answerCandidates, names);
      });

    for (const seed of range(RUNS))
      test(`the candidates of a peer's handshake (${seed})`, async () => {
        const chance = random(seed);
        const { ann, bob, id, answeredAt } = await pair({ api: await caller() });
        const came = [];
        let since = answeredAt;
        const reading = readOnBrokenSockets(
          chance,
          () => peerSocket(ann, `?since=${since}`),
          (message) => {
            assert.ok(isCandidates(message), JSON.stringify(message));
            came.push(...message.candidates.map((one) => one.candidate));
            since = message.candidates.at(-1).createdAt;
          },
          () => came.length >= names.length,
        );
        for (const name of names) await bob.trickled(id, name);
        await reading;
        assert.deepEqual(came, names);
      });
  },
);

/** Posts them one after the other, over a socket that breaks or over HTTP; what was not answered is sent again. */
async function post(chance, player, names) {
  let socket;
  for (const name of names) {
    for (let done = false; !done; await turn()) {
      if (chance() < 0.3) {
        const answer = await player.candidate(candidate(name), { "Idempotency-Key": name });
        done = answer.status === 204;
        continue;
      }
      socket ??= await roomSocket(player);
      if (chance() < BREAKS) {
        socket.send({ id: name, ...candidate(name) });
        socket.drop(); // nobody knows whether it arrived
        socket = undefined;
      } else done = (await socket.ask({ id: name, ...candidate(name) })).status === 204;
    }
  }
}
