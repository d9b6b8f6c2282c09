// What a client sends over its socket: candidates, and what becomes of each message.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_OFFER, Peer, TOO_MANY_CANDIDATES, pair } from "../api/peers/peer.mjs";
import {
  BODY_MAX,
  CANDIDATES_MAX,
  candidate,
  joinedRoom,
  pairedRoom,
  sdp,
} from "../api/rooms/room.mjs";
import {
  caller,
  hasStatus,
  isCandidates,
  isItems,
  isSnapshot,
  namesOf,
  peerSocket,
  range,
  roomSocket,
  serverOf,
  sessionSocket,
} from "./world.mjs";

const RUBBISH_MAX = 20;
const MESSAGE_MAX = 32 * 1024 * 1024; // bytes; what the platform takes

const isOffered = ({ offer, answer }) => offer && !answer;

async function roomOfSockets(name) {
  const room = await pairedRoom(await caller(name));
  const [host, guest] = await Promise.all([room.host, room.guest].map((one) => roomSocket(one)));
  await Promise.all([host, guest].map((socket) => socket.next(isSnapshot)));
  return { ...room, sockets: { host, guest } };
}

describe("a message over a room's socket", { concurrency: true }, () => {
  test("leaves candidates, which the other side's socket is sent", async () => {
    const { sockets } = await roomOfSockets();
    const body = { candidates: [candidate("one"), candidate("two")] };
    assert.deepEqual(await sockets.guest.ask({ id: "7f3a", ...body }), { id: "7f3a", status: 204 });
    const { mode, items } = await sockets.host.next();
    assert.deepEqual([mode, items], ["delta", body.candidates]);
    sockets.guest.send(candidate("three"));
    assert.deepEqual(await sockets.guest.next(), { id: null, status: 204 });
    assert.deepEqual(namesOf(await sockets.host.next()), ["three"]);
  });

  test("leaves an offer or an answer where it has a type", async () => {
    const room = await joinedRoom(await caller());
    const [host, guest] = await Promise.all([room.host, room.guest].map((one) => roomSocket(one)));
    const offer = { type: "offer", sdp: sdp("over a socket") };
    const answer = { type: "answer", sdp: sdp("back") };
    assert.equal((await guest.ask(offer)).status, 403);
    assert.equal((await guest.ask(answer)).error.code, "no_offer");
    assert.deepEqual(await host.ask({ id: "o", ...offer }), { id: "o", status: 204 });
    assert.deepEqual((await guest.next(isOffered)).offer, offer);
    assert.equal((await guest.ask({ ...answer, sdp: "none" })).error.code, "bad_sdp");
    assert.deepEqual(await guest.ask({ id: "a", ...answer }), { id: "a", status: 204 });
    const { status, answer: came } = await host.next(({ answer: one }) => one);
    assert.deepEqual([status, came], ["paired", answer]);
    assert.equal((await host.ask(offer)).error.code, "already_paired");
    assert.equal((await host.ask({ ...offer, generation: 2 })).status, 204);
    assert.equal((await guest.next(isOffered)).generation, 2);
  });

  test("is answered once, in the order of the messages", async () => {
    const { sockets, host } = await roomOfSockets();
    const ids = range(CANDIDATES_MAX).map((i) => `m${i}`);
    for (const id of ids) sockets.guest.send({ id, ...candidate(id) });
    sockets.guest.send({ id: "last", ...candidate("last") });
    const answers = [];
    while (answers.length <= CANDIDATES_MAX) answers.push(await sockets.guest.next(hasStatus));
    const { error, ...last } = answers.pop();
    assert.deepEqual(
      answers,
      ids.map((id) => ({ id, status: 204 })),
    );
    assert.deepEqual([last, error.code], [{ id: "last", status: 409 }, "too_many_candidates"]);
    assert.deepEqual(namesOf((await host.get("/candidates")).body), ids);
  });

  test("that is sent again changes nothing: over another socket, or as a POST", async () => {
    const { sockets, host, guest } = await roomOfSockets();
    await sockets.guest.ask({ id: "k", ...candidate("one") });
    sockets.guest.drop();
    const again = await roomSocket(guest);
    assert.equal((await again.ask({ id: "k", ...candidate("two") })).status, 204);
    assert.equal(
      (await guest.candidate(candidate("three"), { "Idempotency-Key": "k" })).status,
      204,
    );
    await guest.candidate(candidate("four"), { "Idempotency-Key": "of a POST" });
    assert.equal((await again.ask({ id: "of a POST", ...candidate("five") })).status, 204);
    assert.deepEqual(namesOf((await host.get("/candidates")).body), ["one", "four"]);
  });

  test("is refused as the POST would refuse it", async () => {
    const { sockets, guest } = await roomOfSockets();
    for (const body of [{}, { candidate: "" }, { candidates: [] }, candidate("x".repeat(1025))]) {
      const { status, body: wanted } = await guest.candidate(body);
      assert.deepEqual(await sockets.guest.ask({ id: "a", ...body }), {
        id: "a",
        status,
        ...wanted,
      });
    }
    for (const id of ["", "x".repeat(65), 5]) {
      sockets.guest.send({ id, ...candidate("c") });
      const { id: back, status, error } = await sockets.guest.next();
      assert.deepEqual([back, status, error.code], [null, 400, "bad_request"]);
    }
  });

  test(`of ${BODY_MAX} bytes is taken, a larger one is answered 413`, async () => {
    const { sockets } = await roomOfSockets();
    const padded = (size) => {
      const start = `{"id":"a","candidate":"c","x":"`;
      return `${start}${"x".repeat(size - start.length - 2)}"}`;
    };
    sockets.guest.send(padded(BODY_MAX));
    assert.deepEqual(await sockets.guest.next(), { id: "a", status: 204 });
    for (const size of [BODY_MAX + 1, 1024 * 1024, 2 * 1024 * 1024]) {
      sockets.guest.send(padded(size));
      const { id, status, error } = await sockets.guest.next();
      assert.deepEqual([id, status, error.code], [null, 413, "body_too_large"]);
    }
    assert.equal((await sockets.guest.ask(candidate("still open"))).status, 204);
  });

  test("that is larger than the platform takes closes the socket", async () => {
    const { sockets, host } = await roomOfSockets();
    sockets.guest.send("x".repeat(MESSAGE_MAX + 1));
    assert.ok([1009, 1006].includes((await sockets.guest.closed()).code));
    assert.equal((await host.get()).status, 200);
  });

  test("that is none is answered 400 and id null, and the socket goes on", async () => {
    const { sockets } = await roomOfSockets();
    for (const rubbish of [
      "hello",
      "",
      "[]",
      "null",
      "{",
      '"ping"',
      "Ping",
      " ping",
      Buffer.of(1),
      "",
    ]) {
      sockets.guest.send(rubbish);
      const { id, status, error } = await sockets.guest.next();
      assert.deepEqual([id, status, error.code], [null, 400, "bad_json"]);
    }
    assert.equal((await sockets.guest.ask(candidate("one"))).status, 204);
  });

  test(`that is answered 400 is the last when it is the ${RUBBISH_MAX}th: 4400`, async () => {
    const { sockets, guest } = await roomOfSockets();
    for (let i = 1; i < RUBBISH_MAX; i++) {
      sockets.guest.send("rubbish");
      assert.equal((await sockets.guest.next()).status, 400);
    }
    assert.equal((await sockets.guest.ask(candidate("one"))).status, 204);
    sockets.guest.send("rubbish");
    sockets.guest.send({ id: "too late", ...candidate("two") });
    assert.equal((await sockets.guest.next()).status, 400);
    assert.equal((await sockets.guest.closed()).code, 4400);
    assert.ok(!sockets.guest.received.some(({ id }) => id === "too late"));
    const again = await roomSocket(guest);
    assert.equal((await again.ask(candidate("three"))).status, 204);
    assert.deepEqual(namesOf(await sockets.host.next(isItems)), ["one"]);
    assert.deepEqual(namesOf(await sockets.host.next(isItems)), ["three"]);
  });

  test("costs nothing of the budgets of polling", async () => {
    const { sockets } = await roomOfSockets("limited");
    for (const i of range(CANDIDATES_MAX))
      assert.equal((await sockets.guest.ask(candidate(`c${i}`))).status, 204);
  });
});

test("a message that the server fails at closes the socket, and is taken over the next", async () => {
  const { guest, host, sockets } = await roomOfSockets("counted");
  const { url } = await serverOf("counted");
  await fetch(`${url}/fail`);
  const message = { id: "k", ...candidate("one") };
  sockets.guest.send(message);
  assert.equal((await sockets.guest.closed()).code, 1011);
  assert.ok(!sockets.guest.received.some(hasStatus));
  const again = await roomSocket(guest);
  assert.deepEqual(await again.ask(message), { id: "k", status: 204 });
  assert.deepEqual(namesOf((await host.get("/candidates")).body), ["one"]);
});

describe("a message over a session's socket", { concurrency: true }, () => {
  test("is a candidate of the socket's own session and side", async () => {
    const api = await caller();
    const [code, other] = [await api.offer("a"), await api.offer("a")];
    const socket = await sessionSocket(api, code, "answerer");
    const message = { id: "a", candidate: "one", code: other, side: "offerer" };
    assert.deepEqual(await socket.ask(message), { id: "a", status: 200, success: true });
    assert.deepEqual((await api.poll(code, "offerer")).body.answerCandidates, ["one"]);
    assert.deepEqual((await api.poll(other, "offerer")).body.answerCandidates, []);
  });

  test("with an answer, or nothing, is refused", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const socket = await sessionSocket(api, code, "answerer");
    for (const body of [{}, { answer: "an answer" }, { candidate: "" }, { candidate: 5 }])
      assert.equal((await socket.ask({ id: "a", ...body })).status, 400);
    assert.equal((await api.poll(code, "offerer")).body.answer, null);
  });

  test("after 100 candidates is answered 409", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const socket = await sessionSocket(api, code, "offerer");
    for (const i of range(100)) socket.send({ candidate: `c${i}` });
    const { status, error } = await socket.ask({ candidate: "one more" });
    assert.deepEqual([status, error], [409, "Too many candidates"]);
  });
});

describe("a message over a peer's socket", { concurrency: true }, () => {
  test("leaves candidates of the handshake that it names, of either side", async () => {
    const api = await caller();
    const { ann, bob, id } = await pair({ api });
    const sockets = { ann: await peerSocket(ann), bob: await peerSocket(bob) };
    const candidates = ["x", { a: 1 }];
    for (const [from, to] of [
      ["ann", "bob"],
      ["bob", "ann"],
    ]) {
      assert.deepEqual(await sockets[from].ask({ id: "a", offerId: id, candidates }), {
        id: "a",
        status: 200,
        offerId: id,
        candidatesAdded: 2,
        count: 2,
      });
      const pushed = await sockets[to].next(isCandidates);
      assert.equal(pushed.offerId, id);
      assert.deepEqual(
        pushed.candidates.map((one) => one.candidate),
        candidates,
      );
    }
  });

  test("about an offer that is none, or another peer's, is refused", async () => {
    const api = await caller();
    const { id } = await pair({ api });
    const stranger = await Peer.register(api);
    const socket = await peerSocket(stranger);
    const candidates = ["x"];
    for (const offerId of [undefined, 5, "", "x", `${id.slice(0, -1)}g`, `${"0".repeat(64)}`]) {
      const { status, error } = await socket.ask({ id: "a", offerId, candidates });
      assert.deepEqual([status, error], [404, NO_OFFER]);
    }
    assert.equal((await socket.ask({ id: "a", offerId: id, candidates })).status, 403);
    assert.equal((await socket.ask({ id: "a", offerId: id, candidates: [] })).status, 400);
  });

  test("keeps the limits of the POST", async () => {
    const api = await caller();
    const { ann, id } = await pair({ api });
    const socket = await peerSocket(ann);
    for (const i of range(10))
      socket.send({ offerId: id, candidates: range(100).map((j) => `${i} ${j}`) });
    const { status, error } = await socket.ask({ offerId: id, candidates: ["one more"] });
    assert.deepEqual([status, error], [409, TOO_MANY_CANDIDATES]);
    socket.send(`{"x":"${"x".repeat(1024 * 1024)}"}`);
    assert.equal((await socket.next()).status, 413);
  });
});
