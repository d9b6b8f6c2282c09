// A channel that was lost comes back while the room lives, whoever notices, and nothing is left over.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NetworkError,
  RegistryError,
  StateError,
  WebRTCError,
} from "../../client/registry/dist/index.js";
import { FakeWebRTCManager } from "../../client/registry/dist/testing.js";
import { assertFlow, NOTHING, settled, World } from "./helpers.mjs";

const CONNECTED = { timers: 0, readers: 0, connections: 2 };
const RETURNED = ["disconnected", "connecting", "connected"];

/** A connected pair whose managers tell what they were asked for, from now on. */
async function watched(hostConfig = {}, guestConfig = {}) {
  const world = new World();
  const managers = {
    host: new FakeWebRTCManager(world.network),
    guest: new FakeWebRTCManager(world.network),
  };
  const pair = await world.connected(
    { webRTCManager: managers.host, ...hostConfig },
    { webRTCManager: managers.guest, ...guestConfig },
  );
  managers.host.calls.length = managers.guest.calls.length = 0;
  return { world, ...pair, managers };
}

for (const side of ["host", "guest"])
  test(`a connection closed under the ${side} is replaced on both sides`, async () => {
    const world = new World();
    const pair = await world.connected();
    const [first] = world.network.live;
    const own = side === "host" ? first : first.peer;
    own.close();
    await world.clock.advance(3000);
    assert.deepEqual(pair.host.states, RETURNED);
    assert.deepEqual(pair.guest.states, RETURNED);
    assert.deepEqual(world.left, CONNECTED);
    assert.ok(!world.network.live.includes(first));
    await assertFlow(pair);
  });

test("one loss after the other is recovered from", async () => {
  const world = new World();
  const pair = await world.connected();
  for (let n = 0; n < 6; n++) {
    world.network.live[n % 2].close();
    await world.clock.advance(4000);
    assert.deepEqual(world.left, CONNECTED);
    await assertFlow(pair);
  }
});

test("disconnected is given 2.5 s to heal by itself, and asks the registry for nothing", async () => {
  const { world, host, guest } = await watched();
  world.network.down = true;
  world.network.report("disconnected");
  await world.clock.advance(2400);
  assert.deepEqual(host.states, ["disconnected"]);
  world.network.down = false;
  await world.clock.advance(60_000);
  assert.deepEqual(host.states, ["disconnected", "connected"]);
  assert.deepEqual(guest.states, ["disconnected", "connected"]);
  assert.deepEqual([...host.calls.calls, ...guest.calls.calls], []);
  assert.deepEqual(world.left, CONNECTED);
  await assertFlow({ host, guest });
});

test("what stays disconnected is restarted by ICE, on the same connection", async () => {
  const { world, host, guest, managers } = await watched();
  const before = world.network.live.map(({ id }) => id);
  world.network.down = true;
  world.network.report("disconnected");
  await world.clock.advance(2500);
  assert.deepEqual(host.states, ["disconnected", "connecting"]);
  await world.clock.advance(7000);
  world.network.down = false;
  await world.clock.advance(5000);
  assert.deepEqual(host.states, RETURNED);
  assert.deepEqual(guest.states, RETURNED);
  assert.deepEqual(
    world.network.live.map(({ id }) => id),
    before,
  );
  assert.ok(managers.host.calls.includes("createOffer(iceRestart)"));
  assert.ok(!managers.guest.calls.includes("createPeerConnection"));
  assert.deepEqual(world.left, CONNECTED);
  await assertFlow({ host, guest });
});

test("failed is not waited on", async () => {
  const { world, host, managers } = await watched();
  world.network.down = true;
  world.network.report("failed");
  await settled();
  assert.deepEqual(host.states, ["disconnected", "connecting"]);
  assert.ok(managers.host.calls.includes("createOffer(iceRestart)"));
  await host.closeRoom();
});

test("being online again cuts the wait short", async () => {
  const network = new EventTarget();
  globalThis.addEventListener = network.addEventListener.bind(network);
  try {
    const { world, host, guest } = await watched();
    world.network.down = true;
    world.network.report("disconnected");
    await world.clock.advance(100);
    assert.deepEqual(host.states, ["disconnected"]);
    network.dispatchEvent(new Event("online"));
    await settled();
    assert.deepEqual(host.states, ["disconnected", "connecting"]);
    world.network.down = false;
    await world.clock.advance(5000);
    await assertFlow({ host, guest });

    host.states.length = guest.states.length = 0;
    network.dispatchEvent(new Event("online"));
    await world.clock.advance(5000);
    assert.deepEqual(
      [...host.states, ...guest.states],
      [],
      "a connection that works is left alone",
    );
    await assertFlow({ host, guest });

    world.network.down = true;
    network.dispatchEvent(new Event("online"));
    await world.clock.advance(1000);
    assert.equal(host.states[0], "disconnected", "it does not wait for ICE to notice");
    world.network.down = false;
    await world.clock.advance(5000);
    assert.deepEqual(host.states, RETURNED, "a network that came back may be another");
    assert.deepEqual(guest.states, RETURNED);
    await assertFlow({ host, guest });

    await host.closeRoom();
    await guest.closeRoom();
    network.dispatchEvent(new Event("online"));
    assert.equal(host.getConnectionState(), "idle");
  } finally {
    delete globalThis.addEventListener;
  }
});

for (const side of ["host", "guest"])
  test(`a loss that the ${side} alone notices is made good`, async () => {
    const { world, host, guest } = await watched();
    const [first] = world.network.live;
    const own = side === "host" ? first : first.peer;
    own.become("failed");
    await world.clock.advance(5000);
    assert.deepEqual(host.states, RETURNED);
    assert.deepEqual(guest.states, RETURNED);
    assert.deepEqual(world.left, CONNECTED);
    await assertFlow({ host, guest });
  });

/** Both lose the connection of one side, of which the other cannot be told. */
async function lostInSilence(side) {
  const lost = await watched();
  const { world } = lost;
  const [first] = world.network.live;
  const own = side === "host" ? first : first.peer;
  const { peer } = own;
  world.network.down = true;
  own.close();
  peer.become("failed");
  await world.clock.advance(1500);
  world.network.down = false;
  await world.clock.advance(10_000);
  return lost;
}

test("a guest whose new connection the host knows nothing of gets another offer", async () => {
  const { world, host, guest, managers } = await lostInSilence("guest");
  assert.equal(host.states.at(-1), "connected");
  assert.equal(guest.states.at(-1), "connected");
  assert.deepEqual(world.left, CONNECTED);
  // The answer of a stranger is not put to the old connection: a browser may take it, to no good.
  const offers = managers.host.calls.filter((call) => call.startsWith("createOffer"));
  const taken = managers.host.calls.filter((call) => call === "setRemoteDescription");
  assert.deepEqual([offers, taken.length], [["createOffer(iceRestart)", "createOffer"], 1]);
  await assertFlow({ host, guest });
});

test("a host whose new connection the guest knows nothing of is answered by a new one", async () => {
  const { world, host, guest, managers } = await lostInSilence("host");
  assert.equal(guest.states.at(-1), "connected");
  assert.deepEqual(world.left, CONNECTED);
  const answers = managers.guest.calls.filter((call) => call === "createAnswer");
  assert.equal(answers.length, 1, "nor is its offer put to the old one");
  await assertFlow({ host, guest });
});

test("candidates that came before their offer was seen are not forgotten", async () => {
  const { world, host, guest } = await watched({ timeouts: { connect: 5000 } }, {});
  world.network.down = true;
  world.network.report("failed");
  await world.clock.advance(500);
  assert.ok(guest.calls.calls.includes("postAnswer"));
  let see;
  const seen = new Promise((resolve) => (see = resolve));
  guest.calls.interfere = (method) => (method === "getRoom" ? seen : undefined);
  await world.clock.advance(7000); // the host offers again, and the guest reads its candidates
  world.network.down = false;
  host.calls.interfere = (method) =>
    method === "getCandidates" ? new Promise(() => {}) : undefined;
  see();
  await world.clock.advance(3000);
  assert.deepEqual([host.states.at(-1), guest.states.at(-1)], ["connected", "connected"]);
  const [, ufrag] = /^a=ice-ufrag:(\S+)/m.exec(world.network.live[0].localDescription.sdp);
  const { candidates } = world.network.live[1];
  assert.equal(candidates.filter((candidate) => candidate.endsWith(ufrag)).length, 2);
});

test("a connection that replaced another is kept itself when its ICE is restarted", async () => {
  const { world, host, guest, managers } = await watched();
  world.network.live[0].close();
  await world.clock.advance(4000);
  managers.host.calls.length = managers.guest.calls.length = 0;
  world.network.report("failed");
  await world.clock.advance(4000);
  for (const manager of [managers.host, managers.guest])
    assert.ok(!manager.calls.includes("createPeerConnection"));
  await assertFlow({ host, guest });
});

test("the connection before is closed whoever made it", async () => {
  const { world, host, guest, managers } = await watched();
  managers.host.close = managers.guest.close = () => {};
  world.network.live[0].close();
  await world.clock.advance(4000);
  assert.deepEqual(world.left, CONNECTED);
  await assertFlow({ host, guest });
});

test("a restart takes one request less than it would to ask for the generation first", async () => {
  const { world, host } = await watched();
  world.network.live[0].close();
  await world.clock.advance(4000);
  assert.deepEqual(host.calls.calls.slice(0, 2), ["postOffer", "getRoom"]);
});

test("an answer to an offer whose request was given up on is made good by another offer", async () => {
  const { world, host, guest } = await watched();
  const post = host.calls.postOffer.bind(host.calls);
  host.calls.postOffer = async (...args) => {
    await post(...args);
    host.calls.postOffer = post;
    throw new NetworkError("network", true);
  };
  world.network.live[0].close();
  await world.clock.advance(10_000);
  assert.deepEqual([host.states.at(-1), guest.states.at(-1)], ["connected", "connected"]);
  assert.deepEqual(world.left, CONNECTED);
  await assertFlow({ host, guest });
});

test("an attempt that leads nowhere is followed by another", async () => {
  const { world, host, guest } = await watched({ timeouts: { connect: 5000 } });
  world.network.down = true;
  world.network.report("failed");
  await world.clock.advance(20_000);
  world.network.down = false;
  await world.clock.advance(20_000);
  assert.ok(host.calls.calls.filter((call) => call === "postOffer").length > 2);
  assert.equal(host.states.at(-1), "connected");
  assert.equal(guest.states.at(-1), "connected");
  assert.deepEqual(world.left, CONNECTED);
  await assertFlow({ host, guest });
});

test("a registry that fails for a while delays the restart, and no more", async () => {
  const { world, host, guest } = await watched();
  let until = 0;
  for (const side of [host, guest])
    side.calls.interfere = () => {
      if (world.clock.now() < until)
        throw new RegistryError("retry", true, "busy", { status: 503 });
    };
  until = world.clock.now() + 10_000;
  world.network.live[0].close();
  await world.clock.advance(9000);
  assert.notEqual(host.states.at(-1), "connected");
  await world.clock.advance(9000);
  assert.equal(host.states.at(-1), "connected");
  assert.equal(guest.states.at(-1), "connected");
  assert.deepEqual(world.left, CONNECTED);
  await assertFlow({ host, guest });
});

test("a guest's answer that got lost is given again", async () => {
  const { world, host, guest } = await watched();
  let failed = 0;
  guest.calls.interfere = (method) => {
    if (method === "postAnswer" && failed++ < 2)
      throw new RegistryError("retry", true, "busy", { status: 503 });
  };
  world.network.live[0].close();
  await world.clock.advance(10_000);
  assert.deepEqual(guest.states, RETURNED);
  await assertFlow({ host, guest });
});

test("what is sent meanwhile is refused, not lost in silence", async () => {
  const { world, host } = await watched();
  world.network.down = true;
  world.network.report("disconnected");
  assert.throws(() => host.sendMessage("?"), StateError);
  await world.clock.advance(3000);
  assert.throws(() => host.sendMessage("?"), { code: "bad_state" });
  await host.closeRoom();
});

test("each loss is told, as one that may pass", async () => {
  const { world, host } = await watched();
  world.network.report("disconnected");
  const [error] = host.errors;
  assert.ok(error instanceof WebRTCError);
  assert.equal(error.code, "disconnected");
  assert.equal(error.retryable, true);
  assert.equal(error.diagnostics.connectionState, "disconnected");
  await host.closeRoom();
  await world.clock.advance(0);
});

test("a room that is gone ends the restart, and the error says so with the last states", async () => {
  const { world, host, guest, code } = await watched();
  world.registry.expire(code);
  world.network.live[1].close();
  await world.clock.advance(5000);
  for (const side of [host, guest]) {
    assert.equal(side.getConnectionState(), "error");
    const error = side.errors.at(-1);
    assert.ok(error instanceof WebRTCError);
    assert.equal(error.code, "reconnect_failed");
    assert.match(error.message, /not_found/);
    assert.equal(error.diagnostics.roomCode, code);
    assert.ok(error.diagnostics.connectionState);
  }
  assert.deepEqual(world.left, NOTHING);
});

test("a registry that cannot renegotiate ends the restart", async () => {
  const { world, host } = await watched();
  const post = host.calls.postOffer.bind(host.calls);
  host.calls.postOffer = (code, token, offer) => post(code, token, offer);
  const read = host.calls.getRoom.bind(host.calls);
  host.calls.getRoom = async (...given) => ({ ...(await read(...given)), generation: undefined });
  world.network.live[0].close();
  await world.clock.advance(5000);
  assert.equal(host.getConnectionState(), "error");
  assert.match(host.errors.at(-1).message, /already_paired/);
});

test("the restart is given up in the end", async () => {
  const { world, host, guest } = await watched({ timeouts: { restart: 60_000 } });
  world.network.down = true;
  world.network.report("failed");
  await world.clock.advance(59_000);
  assert.equal(host.getConnectionState(), "connecting");
  await world.clock.advance(1000);
  assert.equal(host.getConnectionState(), "error");
  assert.match(host.errors.at(-1).message, /restart/);
  await world.clock.advance(120_000);
  assert.equal(guest.getConnectionState(), "error");
  assert.deepEqual(world.left, NOTHING);
});

test("closeRoom during a restart ends it quietly", async () => {
  const { world, host, guest } = await watched();
  world.network.down = true;
  world.network.report("failed");
  await world.clock.advance(3000);
  const told = host.errors.length;
  await host.closeRoom();
  await guest.closeRoom();
  await world.clock.advance(1_000_000);
  assert.equal(host.errors.length, told);
  assert.equal(host.getConnectionState(), "idle");
  assert.deepEqual(world.left, NOTHING);
});

test("an application that closes the room when it hears of the loss is obeyed", async () => {
  const { world, host } = await watched();
  host.onStateChange((state) => state === "disconnected" && host.closeRoom());
  world.network.live[0].close();
  await world.clock.advance(10_000);
  assert.equal(host.states.at(-1), "idle");
});

test("with a state manager and a WebRTC manager of one's own it goes the same way", async () => {
  const { FakeStateManager } = await import("../../client/registry/dist/testing.js");
  const stateManager = new FakeStateManager();
  const { world, host, guest } = await watched({ stateManager });
  assert.deepEqual(stateManager.states, ["creating", "created", "connecting", "connected"]);
  world.network.live[0].close();
  await world.clock.advance(3000);
  assert.deepEqual(stateManager.states.slice(4), RETURNED);
  await assertFlow({ host, guest });
});

// The heartbeat

test("without a heartbeat no frame is sent while connected", async () => {
  const { world, host } = await watched();
  await world.clock.advance(60_000);
  assert.equal(host.roundTripTimeMs, undefined);
  assert.equal(world.clock.pending, 0);
});

test("a heartbeat measures the round trip, unseen by the application, with a peer that has none", async () => {
  const { world, host, guest } = await watched({ heartbeat: true });
  await settled();
  assert.equal(host.roundTripTimeMs, 0);
  await world.clock.advance(60_000);
  assert.deepEqual([...host.messages, ...guest.messages, ...host.errors, ...guest.errors], []);
  assert.equal(guest.roundTripTimeMs, undefined);
  assert.equal(world.clock.pending, 1);
  await host.closeRoom();
  assert.equal(world.clock.pending, 0);
});

test("a peer that answers no ping is dead: the connection is restarted", async () => {
  const { world, host, guest } = await watched({
    heartbeat: { intervalMs: 1000, timeoutMs: 3000 },
  });
  world.network.down = true; // and no browser notices
  await world.clock.advance(3999);
  assert.deepEqual(host.states, []);
  await world.clock.advance(1001);
  assert.deepEqual(host.states.slice(0, 1), ["disconnected"]);
  assert.equal(host.errors[0].code, "heartbeat");
  world.network.down = false;
  await world.clock.advance(10_000);
  assert.equal(host.states.at(-1), "connected");
  assert.equal(guest.states.at(-1), "connected");
  await assertFlow({ host, guest });
});

test("the heartbeat rests while the connection is restarted, and goes on after it", async () => {
  const { world, host } = await watched({ heartbeat: true });
  for (const lose of [() => world.network.report("failed"), () => world.network.live[0].close()]) {
    host.states.length = 0;
    lose();
    await world.clock.advance(4000);
    assert.deepEqual(host.states, RETURNED);
    assert.equal(world.clock.pending, 1);
  }
});

test("a page that slept does not take its own late timer for a dead peer", async () => {
  const { world, host } = await watched({ heartbeat: { intervalMs: 1000, timeoutMs: 3000 } });
  const now = world.clock.now.bind(world.clock);
  let slept = 0;
  world.clock.now = () => now() + slept;
  slept = 600_000;
  await world.clock.advance(10_000);
  assert.deepEqual(host.states, []);
});
