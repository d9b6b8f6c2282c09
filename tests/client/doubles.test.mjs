// The doubles that applications test with keep what their interfaces promise.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FakeDataChannel,
  FakeHttpClient,
  FakeNetwork,
  FakePeerConnection,
  FakeRegistry,
  FakeRegistryClient,
  FakeRoomManager,
  FakeStateManager,
  FakeWebRTCManager,
  FakeWebRTCRegistryClient,
  ManualClock,
  settled,
} from "../../client/registry/dist/testing.js";
import { rejection, watch } from "./helpers.mjs";

const OFFER = { type: "offer", sdp: "o" };
const ANSWER = { type: "answer", sdp: "a" };

test("the clock runs timers in their order, each at its moment, and what they set off before the next", async () => {
  const clock = new ManualClock();
  const seen = [];
  const note = (name) => seen.push(`${name} at ${clock.now()}`);
  clock.setTimeout(() => note("second"), 20);
  clock.setTimeout(() => (note("first"), clock.setTimeout(() => note("between"), 5)), 10);
  clock.clearTimeout(clock.setTimeout(() => note("never"), 15));
  clock.setTimeout(() => note("later"), 31);
  await clock.advance(30);
  assert.deepEqual(seen, ["first at 10", "between at 15", "second at 20"]);
  assert.deepEqual([clock.now(), clock.pending, clock.delays], [30, 1, [1]]);
});

/** A room with both in it. */
async function admitted(clock = new ManualClock()) {
  const registry = new FakeRegistry(clock);
  const host = new FakeRegistryClient(registry);
  const guest = new FakeRegistryClient(registry);
  const { code, joinCode, ownerToken } = await host.createRoom("Alice");
  const { guestToken } = await guest.joinRoom(code, joinCode, "Bob");
  return { clock, registry, host, guest, code, ownerToken, guestToken, joinCode };
}

test("the registry refuses what the registry refuses", async () => {
  const registry = new FakeRegistry(new ManualClock());
  const client = new FakeRegistryClient(registry);
  const { code, joinCode, ownerToken: own } = await client.createRoom("Alice");
  const refused = async (promise) => {
    const { code, status } = await rejection(promise);
    return `${status} ${code}`;
  };
  assert.equal(await refused(client.createRoom("no such name!")), "400 bad_username");
  assert.equal(await refused(client.joinRoom(code, "000000", "Bob")), "403 bad_join_code");
  assert.equal(await refused(client.getRoom("NOROOM", own)), "404 not_found");
  assert.equal(await refused(client.getRoom(code, "wrong")), "403 forbidden");
  assert.equal((await client.getPublicRoomInfo(code)).hostUserName, "Alice");
  const { guestToken } = await client.joinRoom(` ${code.toLowerCase()}-`, joinCode, "Bob");
  assert.equal(await refused(client.joinRoom(code, joinCode, "Eve")), "409 not_open");
  assert.equal(await refused(client.getPublicRoomInfo(code)), "404 not_found");
  assert.equal(await refused(client.postOffer(code, guestToken, OFFER)), "403 forbidden");
  assert.equal(await refused(client.postAnswer(code, guestToken, ANSWER)), "409 no_offer");
  await client.postOffer(code, own, OFFER);
  await client.postOffer(code, own, OFFER);
  await client.postAnswer(code, guestToken, ANSWER);
  assert.equal(await refused(client.postOffer(code, own, OFFER)), "409 already_paired");
  assert.equal(await refused(client.postAnswer(code, guestToken, ANSWER)), "409 already_paired");
  assert.equal(await refused(client.postCandidates(code, own, [])), "400 bad_candidate");
  const many = Array.from({ length: 41 }, (_, n) => ({ candidate: `candidate:${n}` }));
  assert.equal(await refused(client.postCandidates(code, own, many)), "409 too_many_candidates");
  await client.closeRoom(code, own);
  assert.equal(await refused(client.getRoom(code, own)), "404 not_found");
});

test("a paired room takes one more generation at a time", async () => {
  const { host, guest, code, ownerToken, guestToken } = await admitted();
  await host.postOffer(code, ownerToken, OFFER);
  await guest.postAnswer(code, guestToken, ANSWER);
  assert.equal(
    (await rejection(host.postOffer(code, ownerToken, OFFER, { generation: 3 }))).status,
    409,
  );
  await host.postOffer(code, ownerToken, OFFER, { generation: 2 });
  await host.postOffer(code, ownerToken, OFFER, { generation: 2 });
  const { answer, generation, status } = await guest.getRoom(code, guestToken);
  assert.deepEqual([answer, generation, status], [null, 2, "paired"]);
  await guest.postAnswer(code, guestToken, ANSWER, { generation: 2 });
});

test("a room expires when its time is over, and a mutation renews it", async () => {
  const clock = new ManualClock();
  const { host, code, ownerToken } = await admitted(clock);
  await clock.advance(299_999);
  await host.postOffer(code, ownerToken, OFFER);
  await clock.advance(299_999);
  await host.getRoom(code, ownerToken);
  await clock.advance(1);
  assert.equal((await rejection(host.getRoom(code, ownerToken))).code, "not_found");
});

test("candidates are the other side's, in order, from where one was, without duplicates", async () => {
  const { host, guest, code, ownerToken, guestToken } = await admitted();
  const [a, b] = [{ candidate: "a" }, { candidate: "b" }];
  await host.postCandidates(code, ownerToken, [a]);
  const first = await guest.getCandidates(code, guestToken);
  assert.deepEqual([first.items, first.mode], [[a], "full"]);
  await host.postCandidate(code, ownerToken, a);
  await host.postCandidate(code, ownerToken, b);
  const { items, mode } = await guest.getCandidates(code, guestToken, { since: first.lastSeq });
  assert.deepEqual([items, mode], [[b], "delta"]);
  assert.deepEqual((await host.getCandidates(code, ownerToken)).items, []);
});

test("a read that waits is answered at the write, or when its time is over", async () => {
  const { clock, registry, host, guest, code, ownerToken, guestToken } = await admitted();
  const read = guest.getRoom(code, guestToken, { wait: 25 });
  await settled();
  assert.equal(registry.waiting, 1);
  await host.postOffer(code, ownerToken, OFFER);
  const known = await read;
  assert.deepEqual(known.offer, OFFER);
  const again = guest.getRoom(code, guestToken, { wait: 25, known });
  await clock.advance(25_000);
  assert.equal(await again, known);
  assert.deepEqual([registry.waiting, clock.pending], [0, 0]);
});

test("a read that waits ends with its signal", async () => {
  const { clock, registry, guest, code, guestToken } = await admitted();
  const controller = new AbortController();
  const { signal } = controller;
  const ended = rejection(guest.getCandidates(code, guestToken, { wait: 25, signal }));
  await settled();
  controller.abort(new Error("enough"));
  assert.equal((await ended).message, "enough");
  assert.deepEqual([registry.waiting, clock.pending], [0, 0]);
});

test("calls are remembered and can be interfered with", async () => {
  const client = new FakeRegistryClient();
  client.interfere = (method) => {
    if (method === "createRoom") throw new Error("not today");
  };
  assert.equal((await rejection(client.createRoom("Alice"))).message, "not today");
  assert.deepEqual(client.calls, ["createRoom"]);
});

test("the HTTP client answers what its handler says, as the real one would", async () => {
  const http = new FakeHttpClient(({ url }) =>
    url === "/lost"
      ? Promise.reject(new Error("lost"))
      : { status: url === "/ok" ? 200 : 404, body: { url } },
  );
  assert.deepEqual(await http.get("/ok", { A: "1" }), { url: "/ok" });
  assert.equal((await rejection(http.post("/no", {}))).status, 404);
  assert.equal((await rejection(http.get("/lost"))).message, "lost");
  assert.deepEqual(
    http.requests.map(({ method, url }) => `${method} ${url}`),
    ["GET /ok", "POST /no", "GET /lost"],
  );
});

/** Two connections, introduced to each other. */
async function met(network = new FakeNetwork()) {
  const a = new FakePeerConnection(network);
  const b = new FakePeerConnection(network);
  const channel = a.createDataChannel("x");
  for (const [from, to] of [
    [a, b],
    [b, a],
  ])
    from.addEventListener(
      "icecandidate",
      ({ candidate }) => candidate && to.addIceCandidate(candidate).catch(() => {}),
    );
  const arrived = new Promise((resolve) => b.addEventListener("datachannel", resolve));
  await introduce(a, b);
  return { network, a, b, channel, other: (await arrived).channel };
}

async function introduce(a, b, options) {
  const offer = await a.createOffer(options);
  await b.setRemoteDescription(offer);
  await a.setLocalDescription(offer);
  const answer = await b.createAnswer();
  await a.setRemoteDescription(answer);
  await b.setLocalDescription(answer);
  await settled();
}

test("two connections that were introduced are connected, and their channel carries messages", async () => {
  const { a, b, channel, other } = await met();
  assert.deepEqual([a.connectionState, b.connectionState], ["connected", "connected"]);
  const heard = new Promise((resolve) =>
    other.addEventListener("message", ({ data }) => resolve(data)),
  );
  channel.send("hello");
  assert.equal(await heard, "hello");
});

test("a connection that closes says nothing itself, but closes the channel on both sides", async () => {
  const { a, b, channel, other } = await met();
  let said = 0;
  a.addEventListener("connectionstatechange", () => said++);
  a.close();
  await settled();
  assert.deepEqual(
    [channel.readyState, other.readyState, b.connectionState, said],
    ["closed", "closed", "connected", 0],
  );
  await assert.rejects(a.createOffer());
});

test("while packets are lost nothing arrives, and nothing sent is lost", async () => {
  const { network, channel, other } = await met();
  const heard = [];
  other.addEventListener("message", ({ data }) => heard.push(data));
  network.down = true;
  channel.send("waits");
  await settled();
  assert.deepEqual([heard, channel.bufferedAmount], [[], 5]);
  network.down = false;
  assert.deepEqual(heard, ["waits"]);
});

test("an ICE restart keeps connection and channel; another identity is refused", async () => {
  const { network, a, b, channel } = await met();
  network.report("disconnected");
  await introduce(a, b, { iceRestart: true });
  assert.deepEqual([a.connectionState, channel.readyState], ["connected", "open"]);
  const stranger = new FakePeerConnection(network);
  const offer = await stranger.createOffer();
  assert.equal((await rejection(b.setRemoteDescription(offer))).name, "InvalidAccessError");
});

test("a candidate needs a remote description, and to be its", async () => {
  const a = new FakePeerConnection();
  assert.equal(
    (await rejection(a.addIceCandidate({ candidate: "candidate:1" }))).name,
    "InvalidStateError",
  );
  const { b } = await met();
  assert.equal(
    (await rejection(b.addIceCandidate({ candidate: "candidate:1 ufrag x" }))).name,
    "OperationError",
  );
  assert.throws(() => new FakeDataChannel(a, "x").send("?"), { name: "InvalidStateError" });
});

test("the WebRTC manager tells of candidates and says what it was asked", async () => {
  const network = new FakeNetwork();
  const [host, guest] = [new FakeWebRTCManager(network), new FakeWebRTCManager(network)];
  const connection = guest.createPeerConnection([]);
  host.createPeerConnection([]);
  const gathered = [];
  const undo = host.onIceCandidate((candidate) => gathered.push(candidate));
  const offer = await host.createOffer();
  await host.setLocalDescription(offer);
  await settled();
  undo();
  await guest.createAnswer(offer);
  for (const candidate of gathered)
    if (candidate.candidate) await guest.addIceCandidate({ ...candidate });
  assert.ok(connection.candidates.length > 0);
  assert.equal(gathered.at(-1).candidate, undefined, "the end of them");
  assert.deepEqual(host.calls, ["createPeerConnection", "createOffer", "setLocalDescription"]);
  guest.createPeerConnection([]);
  assert.equal(connection.signalingState, "closed");
});

test("the state manager remembers every state and refuses none", () => {
  const manager = new FakeStateManager();
  manager.setState("connected");
  manager.setState("creating");
  assert.deepEqual([manager.getState(), manager.states], ["creating", ["connected", "creating"]]);
  manager.reset();
  assert.equal(manager.getState(), "idle");
});

for (const Double of [FakeRoomManager, FakeWebRTCRegistryClient])
  test(`two of ${Double.name} that share rooms meet, talk and part`, async () => {
    const rooms = new Map();
    const host = watch(new Double(rooms));
    const guest = watch(new Double(rooms));
    const created = await host.createRoom("Alice");
    const { code, joinCode } = host.getRoomInfo();
    assert.equal(created.code ?? created, code);
    assert.throws(() => host.sendMessage("?"), { code: "bad_state" });
    const eve = watch(new Double(rooms));
    await rejection(eve.joinRoom(code, "000000", "Eve"));
    assert.deepEqual([eve.states, eve.errors.length], [["joining", "error"], 1]);
    await guest.joinRoom(code, joinCode, "Bob");
    await Promise.all([host.startConnection(), guest.startConnection()]);
    assert.deepEqual(host.states, ["creating", "created", "connecting", "connected"]);
    assert.deepEqual(guest.states, ["joining", "joined", "connecting", "connected"]);
    const message = { a: 1 };
    host.sendMessage(message);
    guest.sendMessage("ping");
    await settled();
    assert.deepEqual([host.messages, guest.messages], [["ping"], [{ a: 1 }]]);
    assert.notEqual(guest.messages[0], message);
    await host.closeRoom();
    assert.deepEqual(
      [host.getConnectionState(), guest.getConnectionState()],
      ["idle", "disconnected"],
    );
    assert.equal(rooms.size, 0);
  });
