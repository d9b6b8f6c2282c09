// How sockets end: what they are about is gone, or another one takes their place.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pair } from "../api/peers/peer.mjs";
import { candidate, joinedRoom, openRoom, pairedRoom } from "../api/rooms/room.mjs";
import {
  SHORT,
  caller,
  isSnapshot,
  peerSocket,
  range,
  roomSocket,
  serverOf,
  sessionSocket,
} from "./world.mjs";

const SAME_MAX = 4; // sockets of one credential
const RUBBISH_MAX = 20; // messages
const A_WHILE = 1500; // ms
const isError = (message) => message.error !== undefined;

/** The last message is the error that `poll` answers, and the socket is closed as what it was about is gone. */
async function assertGone(socket, poll) {
  assert.deepEqual(await socket.next(isError), (await poll()).body);
  assert.equal((await socket.closed()).code, 4404);
  assert.ok(isError(socket.received.at(-1)));
}

describe("a socket ends with the error of a poll, and 4404,", { concurrency: true }, () => {
  test("when the room is closed", async () => {
    const { host, guest } = await joinedRoom(await caller());
    const sockets = await Promise.all([host, guest].map((player) => roomSocket(player)));
    await host.close();
    for (const socket of sockets) await assertGone(socket, () => host.get());
  });

  test("when the room's time is over, and not before", async () => {
    const { host } = await openRoom(await caller("short"));
    const socket = await roomSocket(host);
    const { expiresAt } = await socket.next();
    await assertGone(socket, () => host.get());
    assert.ok(Date.now() >= expiresAt);
  });

  test("when the room's time is over that a candidate has renewed", async () => {
    const { host } = await openRoom(await caller("short"));
    const socket = await roomSocket(host);
    const { expiresAt } = await socket.next();
    await new Promise((resolve) => setTimeout(resolve, SHORT.room / 4));
    await socket.ask(candidate("one"));
    const renewed = (await host.room()).expiresAt;
    assert.ok(renewed > expiresAt);
    await assertGone(socket, () => host.get());
    assert.ok(Date.now() >= renewed);
  });

  test("when the session is withdrawn", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const socket = await sessionSocket(api, code, "offerer");
    await api.withdraw(code);
    await assertGone(socket, () => api.poll(code, "offerer"));
  });

  test("when the session's time is over, of each at its own", async () => {
    const api = await caller("short");
    const first = await api.offer("a");
    const sockets = [await sessionSocket(api, first, "offerer")];
    await new Promise((resolve) => setTimeout(resolve, SHORT.session / 4));
    const second = await api.offer("a");
    sockets.push(await sessionSocket(api, second, "offerer"));
    await assertGone(sockets[0], () => api.poll(first, "offerer"));
    assert.equal(sockets[1].end, undefined);
    await assertGone(sockets[1], () => api.poll(second, "offerer"));
  });
});

test("an object rests when a room is over, though its clients keep silent at the close of their sockets", async () => {
  const { host } = await openRoom(await caller("counted"));
  const socket = await roomSocket(host, "", { answersClose: false });
  await assertGone(socket, () => host.get());
  const { url } = await serverOf("counted");
  const counts = async () => (await fetch(`${url}/counts`)).json();
  await counts();
  await new Promise((resolve) => setTimeout(resolve, A_WHILE));
  const { alarm = 0 } = await counts();
  assert.ok(alarm <= 2, `the alarm rang ${alarm} times`);
  socket.drop();
});

describe(`of more than ${SAME_MAX} sockets with one credential the oldest is closed, 4409:`, () => {
  test("of a room, however the request is spelled", async () => {
    const { host, guest } = await pairedRoom(await caller());
    const other = await roomSocket(guest);
    const spelled = [host, host.but({ code: host.code.toLowerCase() })];
    const sockets = [];
    for (const i of range(SAME_MAX + 2))
      sockets.push(await roomSocket(spelled[i % 2], i % 3 ? "" : "?since=0"));
    for (const socket of sockets.splice(0, 2)) assert.equal((await socket.closed()).code, 4409);
    await host.offer({ generation: 2 });
    const isRestart = ({ generation }) => generation === 2;
    for (const socket of [...sockets, other]) await socket.next(isRestart);
  });

  test("those that their client closed do not count", async () => {
    const { host } = await pairedRoom(await caller());
    const oldest = await roomSocket(host);
    for (let i = 0; i < SAME_MAX; i++) {
      const socket = await roomSocket(host);
      socket.close();
      assert.equal((await socket.closed()).code, 1000);
    }
    await oldest.ask(candidate("one"));
    assert.equal(oldest.end, undefined);
  });

  test("those that the server closed do not count, though their clients keep silent", async () => {
    const { host } = await pairedRoom(await caller());
    const sockets = [];
    for (let i = 1; i < SAME_MAX; i++) sockets.push(await roomSocket(host));
    const silent = await roomSocket(host, "", { answersClose: false });
    for (let i = 0; i < RUBBISH_MAX; i++) silent.send("rubbish");
    assert.equal((await silent.closed()).code, 4400);
    sockets.push(await roomSocket(host));
    for (const [i, socket] of sockets.entries()) await socket.ask(candidate(`c${i}`));
    silent.drop();
  });

  test("of a session each side has as many", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const answerer = await sessionSocket(api, code, "answerer");
    const another = await sessionSocket(api, await api.offer("a"), "offerer");
    const sockets = [];
    for (let i = 0; i <= SAME_MAX; i++) sockets.push(await sessionSocket(api, code, "offerer"));
    assert.equal((await sockets[0].closed()).code, 4409);
    await sockets[1].ask({ candidate: "one" });
    for (const socket of [answerer, another]) assert.equal(socket.end, undefined);
  });

  test("of a peer", async () => {
    const { ann, bob, id } = await pair({ api: await caller() });
    const other = await peerSocket(bob);
    const sockets = [];
    for (let i = 0; i <= SAME_MAX; i++) sockets.push(await peerSocket(ann));
    assert.equal((await sockets[0].closed()).code, 4409);
    assert.equal((await sockets[1].ask({ offerId: id, candidates: ["x"] })).status, 200);
    await other.next(({ candidates }) => candidates);
  });
});

test("a room whose host is gone goes on for the guest", async () => {
  const { host, guest } = await joinedRoom(await caller());
  const [gone, socket] = await Promise.all([host, guest].map((player) => roomSocket(player)));
  await socket.next(isSnapshot);
  gone.drop();
  await host.offer();
  assert.equal((await socket.next()).offer.type, "offer");
});

for (const code of [1000, 1001, 1011, 3000, 4999])
  test(`a client that closes its socket with ${code} is answered with that`, async () => {
    const { host } = await openRoom(await caller());
    const socket = await roomSocket(host);
    socket.close(code);
    assert.equal((await socket.closed()).code, code);
  });
