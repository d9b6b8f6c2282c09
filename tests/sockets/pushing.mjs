// What a socket is sent: the bodies of the polls, when they come to be.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inParallel } from "../api/helpers.mjs";
import { Peer, pair } from "../api/peers/peer.mjs";
import { candidate, joinedRoom, offeredRoom, openRoom, pairedRoom } from "../api/rooms/room.mjs";
import {
  caller,
  hasStatus,
  isAnswers,
  isCandidates,
  isItems,
  isSnapshot,
  namesOf,
  peerSocket,
  range,
  roomSocket,
  sessionSocket,
} from "./world.mjs";

const PEERS = 40;

/** Nothing has been sent but what was read: what is asked for now is answered next. */
async function assertQuiet(socket, message = {}) {
  socket.send({ id: "quiet?", ...message });
  const answer = await socket.next();
  assert.equal(answer.id, "quiet?", `sent besides: ${JSON.stringify(answer)}`);
}

describe("the socket of a room", { concurrency: true }, () => {
  test("is sent the snapshot at once, just as a poll answers it", async () => {
    const { host } = await openRoom(await caller());
    const socket = await roomSocket(host);
    assert.deepEqual(await socket.next(), await host.room());
    await assertQuiet(socket);
  });

  test("is sent each change of the room, to both sides, and nothing that is no change", async () => {
    const room = await openRoom(await caller());
    const host = await roomSocket(room.host);
    await host.next(isSnapshot);
    const { body } = await room.stranger.join({ joinCode: room.made.joinCode });
    assert.equal((await host.next()).status, "joined");
    const player = room.host.but({ token: body.guestToken });
    const guest = await roomSocket(player);
    assert.equal((await guest.next()).status, "joined");
    await room.host.offer();
    for (const socket of [host, guest]) {
      const { status, offer, answer } = await socket.next();
      assert.deepEqual([status, offer.type, answer], ["joined", "offer", null]);
    }
    await player.answer();
    for (const socket of [host, guest]) {
      const { status, answer } = await socket.next();
      assert.deepEqual([status, answer.type], ["paired", "answer"]);
    }
    for (const socket of [host, guest]) await assertQuiet(socket);
  });

  test("is sent the other side's candidates: all of them, then each that comes", async () => {
    const { host, guest } = await pairedRoom(await caller());
    await guest.candidate(candidate("one"));
    await guest.candidate(candidate("two"));
    const socket = await roomSocket(host);
    assert.ok(isSnapshot(await socket.next()));
    const first = await socket.next();
    assert.deepEqual([first.mode, namesOf(first)], ["full", ["one", "two"]]);
    await host.candidate(candidate("own"));
    await guest.candidate(candidate("three"));
    const next = await socket.next();
    assert.deepEqual([next.mode, next.items], ["delta", [candidate("three")]]);
    assert.equal(next.lastSeq, (await host.get("/candidates")).body.lastSeq);
    await assertQuiet(socket);
  });

  test("is sent an ICE restart", async () => {
    const { host, guest } = await pairedRoom(await caller());
    const socket = await roomSocket(guest);
    await socket.next();
    await host.offer({ generation: 2 });
    const { generation, answer, status } = await socket.next();
    assert.deepEqual([generation, answer, status], [2, null, "paired"]);
  });

  test("that is opened with since is sent what came after it", async () => {
    const { host, guest } = await pairedRoom(await caller());
    await guest.candidate(candidate("one"));
    const { lastSeq } = (await host.get("/candidates")).body;
    await guest.candidate(candidate("two"));
    const socket = await roomSocket(host, `?since=${lastSeq}`);
    await socket.next();
    const { mode, items } = await socket.next();
    assert.deepEqual([mode, items], ["delta", [candidate("two")]]);
    const none = await roomSocket(host, `?since=${(await host.get("/candidates")).body.lastSeq}`);
    await none.next();
    await assertQuiet(none);
  });

  test("is sent what its side's other sockets are sent", async () => {
    const { host, guest } = await offeredRoom(await caller());
    const sockets = await Promise.all([1, 2, 3, 4].map(() => roomSocket(host)));
    await guest.answer();
    for (const socket of sockets) await socket.next(({ answer }) => answer);
  });

  test("is a WebSocket to the platform's own client", async () => {
    const { host } = await joinedRoom(await caller());
    const url = (await host.api.url()).replace("http", "ws");
    const socket = new WebSocket(`${url}/rooms/${host.code}/socket`, [
      "rondevu",
      `token.${host.token}`,
    ]);
    const { data } = await new Promise((resolve, reject) => {
      socket.onmessage = resolve;
      socket.onerror = reject;
    });
    assert.equal(socket.protocol, "rondevu");
    assert.equal(JSON.parse(data).status, "joined");
    socket.close();
  });
});

describe("the socket of a session", { concurrency: true }, () => {
  test("is sent all that the other side left, when there is more", async () => {
    const api = await caller();
    const code = await api.offer("a");
    await api.candidate(code, "offerer", "one");
    const offerer = await sessionSocket(api, code, "offerer");
    const answerer = await sessionSocket(api, code, "answerer");
    assert.deepEqual(await answerer.next(), (await api.poll(code, "answerer")).body);
    await api.answer(code, "an answer");
    const { answer, answerCandidates } = await offerer.next();
    assert.deepEqual([answer, answerCandidates], ["an answer", []]);
    await api.candidate(code, "answerer", "two");
    assert.deepEqual(await offerer.next(), (await api.poll(code, "offerer")).body);
    await assertQuiet(offerer, { candidate: "three" });
    assert.deepEqual((await answerer.next()).offerCandidates, ["one", "three"]);
    await assertQuiet(answerer);
  });

  test("that is opened with seen is sent nothing that it stands for", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const { seen } = (await api.poll(code, "answerer")).body;
    const socket = await sessionSocket(api, code, "answerer", `?seen=${seen}`);
    await api.candidate(code, "offerer", "one");
    assert.deepEqual((await socket.next()).offerCandidates, ["one"]);
  });

  test("of another Origin gets nothing of it", async () => {
    const api = await caller();
    const code = await api.offer("a");
    await assert.rejects(sessionSocket(api.from(), code, "answerer"), /refused: 404/);
  });
});

describe("the socket of a peer", { concurrency: true }, () => {
  test("is sent the answers to its offers as they come", async () => {
    const api = await caller();
    const [ann, bob] = [await Peer.register(api), await Peer.register(api)];
    const [one, two] = await ann.offers({}, { topics: ["a topic"] });
    const socket = await peerSocket(ann);
    await assertQuiet(socket);
    await bob.answered(one.id);
    assert.deepEqual((await socket.next()).answers, await ann.answers());
    await bob.answered(two.id, { sdp: "another" });
    const { answers } = await socket.next();
    assert.deepEqual(
      answers.map(({ offerId, sdp, topics }) => [offerId, sdp, topics]),
      [[two.id, "another", ["a topic"]]],
    );
    await assertQuiet(socket);
  });

  test("is sent the candidates of all handshakes that it has a side of", async () => {
    const api = await caller();
    const { ann, bob, id } = await pair({ api });
    const back = await bob.offer();
    await ann.answered(back.id);
    await ann.trickled(id, { a: [1, 2] }, "x\ny");
    const socket = await peerSocket(bob);
    await socket.next(isAnswers);
    const { offerId, candidates } = await socket.next(isCandidates);
    assert.deepEqual([offerId, candidates], [id, await bob.received(id)]);
    await ann.trickled(back.id, "over the other");
    const other = await socket.next();
    assert.deepEqual([other.offerId, other.candidates], [back.id, await bob.received(back.id)]);
    await ann.trickled(id, "more");
    const more = await socket.next();
    assert.deepEqual([more.offerId, more.candidates.map((one) => one.candidate)], [id, ["more"]]);
    await assertQuiet(socket);
  });

  test("is sent what was left before the answer, once it has answered", async () => {
    const api = await caller();
    const [ann, bob] = [await Peer.register(api), await Peer.register(api)];
    const { id } = await ann.offer();
    await ann.trickled(id, "early");
    const socket = await peerSocket(bob);
    await bob.answered(id);
    const { offerId, candidates } = await socket.next(isCandidates);
    assert.deepEqual([offerId, candidates.map((one) => one.candidate)], [id, ["early"]]);
  });

  test(`is sent the candidates of ${PEERS} other peers, though one run looks at fewer`, async () => {
    const api = await caller();
    const bob = await Peer.register(api);
    const ids = await inParallel(range(PEERS), async (i) => {
      const ann = await Peer.register(api);
      const { id } = await ann.offer();
      await bob.answered(id);
      await ann.trickled(id, `of ${i}`);
      return id;
    });
    const socket = await peerSocket(bob);
    const came = {};
    for (const _ of ids) {
      const { offerId, candidates } = await socket.next(isCandidates);
      came[offerId] = candidates.map((one) => one.candidate);
    }
    assert.deepEqual(came, Object.fromEntries(ids.map((id, i) => [id, [`of ${i}`]])));
    await assertQuiet(socket);
  });

  test("that is opened with since is sent what is later", async () => {
    const api = await caller();
    const { ann, bob, id } = await pair({ api });
    await bob.trickled(id, "one");
    const [{ createdAt }] = await ann.received(id);
    await bob.trickled(id, "two");
    const socket = await peerSocket(ann, `?since=${createdAt}`);
    const { candidates } = await socket.next();
    assert.deepEqual(
      candidates.map((one) => one.candidate),
      ["two"],
    );
    await assertQuiet(socket);
  });

  test("goes on when one of its handshakes is taken away", async () => {
    const api = await caller();
    const { ann, bob, id } = await pair({ api });
    const other = await ann.offer();
    await bob.answered(other.id);
    const socket = await peerSocket(bob);
    await ann.delete(id);
    await ann.trickled(other.id, "still");
    const { offerId } = await socket.next(isCandidates);
    assert.equal(offerId, other.id);
    assert.equal(socket.received.filter(hasStatus).length, 0);
    assert.ok(!socket.received.some(isItems));
  });
});
