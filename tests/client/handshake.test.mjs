// From a room code to an open channel: who calls what, in which order, and what is left behind.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import {
  NetworkError,
  RegistryError,
  TimeoutError,
  WebRTCError,
} from "../../client/registry/dist/index.js";
import { FakeWebRTCManager } from "../../client/registry/dist/testing.js";
import { assertFlow, NOTHING, rejection, settled, World } from "./helpers.mjs";

test("a host and a guest pass through the states of the specification", async () => {
  const world = new World();
  const host = world.client();
  const guest = world.client();
  const code = await host.createRoom("Alice");
  assert.deepEqual(host.states, ["creating", "created"]);
  assert.equal(host.getRoomInfo().role, "host");
  await guest.joinRoom(code, host.getRoomInfo().joinCode, "Bob");
  assert.deepEqual(guest.states, ["joining", "joined"]);
  assert.equal(guest.getRoomInfo().role, "guest");
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(100)]);
  assert.deepEqual(host.states, ["creating", "created", "connecting", "connected"]);
  assert.deepEqual(guest.states, ["joining", "joined", "connecting", "connected"]);
  assert.deepEqual([...host.errors, ...guest.errors], []);
});

test("the host has the join code to show, and both have their token", async () => {
  const { host, guest } = await new World().admitted();
  assert.match(host.getRoomInfo().joinCode, /^\d{6}$/);
  assert.equal(guest.getRoomInfo().joinCode, undefined);
  assert.equal(host.getRoomInfo().hostUserName, "Alice");
  assert.equal(guest.getRoomInfo().guestUserName, "Bob");
  assert.notEqual(host.getRoomInfo().token, guest.getRoomInfo().token);
});

test("the host may start long before the guest joins", async () => {
  const world = new World();
  const host = world.client();
  const code = await host.createRoom("Alice");
  const started = host.startConnection();
  await world.clock.advance(100_000);
  assert.equal(host.getConnectionState(), "connecting");
  const guest = world.client();
  await guest.joinRoom(code, host.getRoomInfo().joinCode, "Bob");
  await Promise.all([started, guest.startConnection(), world.clock.advance(1000)]);
  assert.equal(host.getConnectionState(), "connected");
});

test("a handshake takes at most twelve requests, both sides together", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  assert.ok(host.calls.calls.length + guest.calls.calls.length <= 12);
});

test("once connected no timer runs, no read waits, and nothing more is asked", async () => {
  const world = new World();
  const { host, guest } = await world.connected();
  await world.clock.advance(3_600_000);
  assert.deepEqual(world.left, { timers: 0, readers: 0, connections: 2 });
  assert.deepEqual([...host.calls.calls, ...guest.calls.calls], []);
});

test("after closeRoom nothing is left, and the registry has forgotten the room", async () => {
  const world = new World();
  const { host, guest, code } = await world.connected();
  const { token } = host.getRoomInfo();
  await host.closeRoom();
  await guest.closeRoom();
  await world.clock.advance(0);
  assert.deepEqual(world.left, NOTHING);
  assert.equal(host.getConnectionState(), "idle");
  assert.equal(host.getRoomInfo(), null);
  assert.throws(() => world.registry.snapshot(code, token), { code: "not_found" });
});

test("the other side learns at once that its peer has left, and does not try to reconnect", async () => {
  for (const leaver of ["host", "guest"]) {
    const world = new World();
    const pair = await world.connected();
    const stayer = pair[leaver === "host" ? "guest" : "host"];
    await pair[leaver].closeRoom();
    await world.clock.advance(10_000);
    assert.deepEqual(stayer.states, ["disconnected"]);
    assert.equal(stayer.errors.length, 1);
    assert.ok(stayer.errors[0] instanceof WebRTCError);
    assert.equal(stayer.errors[0].code, "peer_left");
    assert.deepEqual(world.left, NOTHING);
    await stayer.closeRoom();
    assert.equal(stayer.getConnectionState(), "idle");
  }
});

test("another room can follow the first", async () => {
  const world = new World();
  const { host, guest } = await world.connected();
  await host.closeRoom();
  await guest.closeRoom();
  const code = await host.createRoom("Alice");
  await guest.joinRoom(code, host.getRoomInfo().joinCode, "Bob");
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  host.sendMessage("again");
  await settled();
  assert.deepEqual(guest.messages, ["again"]);
});

test("handlers for candidates are there before the local description is set", async () => {
  const world = new World();
  const manager = new FakeWebRTCManager(world.network);
  let gathered = 0;
  manager.onIceCandidate(({ candidate }) => candidate && gathered++);
  const { host, guest } = await world.admitted({ webRTCManager: manager });
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  assert.deepEqual(manager.calls.slice(0, 4), [
    "createPeerConnection",
    "createDataChannel",
    "createOffer",
    "setLocalDescription",
  ]);
  assert.equal(gathered, 2);
});

test("the guest uses no candidate of the host before the registry took its answer", async () => {
  const world = new World();
  const manager = new FakeWebRTCManager(world.network);
  const { host, guest } = await world.admitted({}, { webRTCManager: manager });
  let take;
  const taken = new Promise((resolve) => (take = resolve));
  guest.calls.interfere = (method) => (method === "postAnswer" ? taken : undefined);
  const started = Promise.all([host.startConnection(), guest.startConnection()]);
  await world.clock.advance(900);
  assert.ok(guest.calls.calls.includes("getCandidates"), "they were read already");
  assert.ok(!manager.calls.includes("addIceCandidate"));
  take();
  await world.clock.advance(900);
  await started;
  assert.ok(manager.calls.includes("addIceCandidate"));
});

test("a guest that lost the room to another is told so, and used no candidate", async () => {
  const world = new World();
  const manager = new FakeWebRTCManager(world.network);
  const { host, guest } = await world.admitted({}, { webRTCManager: manager });
  guest.calls.interfere = (method) => {
    if (method === "postAnswer")
      throw new RegistryError("already_paired", false, "paired", { status: 409 });
  };
  host.startConnection().catch(() => {});
  const [error] = await Promise.all([rejection(guest.startConnection()), world.clock.advance(500)]);
  assert.equal(error.code, "already_paired");
  assert.equal(guest.getConnectionState(), "error");
  assert.ok(!manager.calls.includes("addIceCandidate"));
  await host.closeRoom();
});

test("candidates are sent together, after their description", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  for (const [side, description] of [
    [host, "postOffer"],
    [guest, "postAnswer"],
  ]) {
    const { calls } = side.calls;
    assert.equal(calls.filter((call) => call === "postCandidates").length, 1);
    assert.ok(calls.indexOf("postCandidates") > calls.indexOf(description));
  }
});

test("candidates that trickle are gathered for some ms", async () => {
  const world = new World();
  const manager = new FakeWebRTCManager(world.network);
  const own = manager.createPeerConnection.bind(manager);
  let connection;
  manager.createPeerConnection = (servers) => {
    connection = own(servers);
    connection.iceGatheringState = "gathering"; // it says nothing by itself
    return connection;
  };
  const host = world.client({ webRTCManager: manager, candidateBatch: 20 });
  const sent = [];
  host.calls.postCandidates = async (_code, _token, batch) => void sent.push(batch.length);
  await host.createRoom("Alice");
  host.startConnection().catch(() => {});
  await settled();
  const gather = (n) => {
    const candidate = n && { candidate: `candidate:${n}`, sdpMid: "0", sdpMLineIndex: 0 };
    connection.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
  };
  gather(1);
  await world.clock.advance(10);
  gather(2);
  assert.deepEqual(sent, []);
  await world.clock.advance(10);
  assert.deepEqual(sent, [2]);
  gather(3);
  await world.clock.advance(19);
  gather(null);
  gather(4);
  await world.clock.advance(1);
  assert.deepEqual(sent, [2, 2]);
  gather(5);
  await settled();
  assert.deepEqual(sent, [2, 2, 1], "complete: nothing to wait for");
  for (let n = 6; n < 66; n++) gather(n);
  await settled();
  assert.deepEqual(sent, [2, 2, 1, 35], "never more than the registry takes, which is 40");
  await host.closeRoom();
});

test("a registry client without postCandidates gets them one by one", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  for (const side of [host, guest]) side.calls.postCandidates = undefined;
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  assert.equal(host.calls.calls.filter((call) => call === "postCandidate").length, 2);
});

test("candidates that the registry refuses are told of, and change nothing else", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  host.calls.interfere = (method) => {
    if (method === "postCandidates")
      throw new RegistryError("too_many_candidates", false, "40", { status: 409 });
  };
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  assert.deepEqual(
    host.errors.map(({ code }) => code),
    ["too_many_candidates"],
  );
  assert.equal(host.getConnectionState(), "connected");
});

test("malformed candidates of the other side are passed over", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  const read = guest.calls.getCandidates.bind(guest.calls);
  guest.calls.getCandidates = async (...args) => {
    const list = await read(...args);
    return { ...list, items: [{ candidate: "nonsense" }, { candidate: "" }, ...list.items] };
  };
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(1000)]);
  assert.deepEqual(guest.errors, []);
});

test("what the room answers while it is waited for may fail for a while", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  let failures = 0;
  guest.calls.interfere = (method) => {
    if (method === "getRoom" && failures++ < 3) throw new NetworkError("network", true);
  };
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(5000)]);
  assert.equal(guest.getConnectionState(), "connected");
});

test("a room that is gone ends the wait with the registry's error", async () => {
  const world = new World();
  const host = world.client();
  const code = await host.createRoom("Alice");
  const failed = rejection(host.startConnection());
  await world.clock.advance(1000);
  world.registry.expire(code);
  // A registry that is eventual may not show yet who has just come in.
  await world.clock.advance(10_000);
  const error = await failed;
  assert.ok(error instanceof RegistryError);
  assert.equal(error.code, "not_found");
  assert.equal(host.getConnectionState(), "error");
  assert.deepEqual(host.errors, [error]);
  assert.deepEqual(world.left, NOTHING);
});

test("a peer that does not come is waited for so long, and no longer", async () => {
  const world = new World();
  const host = world.client({ timeouts: { peer: 60_000 } });
  await host.createRoom("Alice");
  const failed = rejection(host.startConnection());
  await world.clock.advance(59_999);
  assert.equal(host.getConnectionState(), "connecting");
  await world.clock.advance(1);
  const error = await failed;
  assert.ok(error instanceof TimeoutError);
  assert.equal(error.code, "peer_timeout");
  await settled();
  assert.equal(host.calls.calls.at(-1), "closeRoom");
  assert.deepEqual(world.left, NOTHING);
});

test("a channel that does not open in time is an error with the last states", async () => {
  const world = new World();
  world.network.down = true;
  const { host, guest, code } = await world.admitted();
  const failed = Promise.all([
    rejection(host.startConnection()),
    rejection(guest.startConnection()),
  ]);
  await world.clock.advance(31_000);
  assert.equal(host.getConnectionState(), "connecting", "it has a second try");
  await world.clock.advance(31_000);
  const [error] = await failed;
  assert.equal(error.code, "connection_timeout");
  assert.deepEqual(error.diagnostics, {
    role: "host",
    roomCode: code,
    connectionState: "new",
    iceConnectionState: "new",
    iceGatheringState: "complete",
    signalingState: "stable",
  });
  assert.deepEqual(world.left, NOTHING);
});

test("a start that was given up after the answer comes up at the second attempt", async () => {
  for (const quitter of ["host", "guest"]) {
    const world = new World();
    world.network.down = true;
    const pair = await world.admitted();
    const stop = new AbortController();
    const other = quitter === "host" ? "guest" : "host";
    const kept = pair[other].startConnection();
    const given = rejection(pair[quitter].startConnection({ signal: stop.signal }));
    await world.clock.advance(1000);
    assert.ok(pair.guest.calls.calls.includes("postAnswer"));
    stop.abort(new Error("enough"));
    assert.equal((await given).message, "enough");
    world.network.down = false;
    const again = pair[quitter].startConnection();
    await world.clock.advance(40_000);
    await Promise.all([kept, again]);
    await assertFlow(pair);
  }
});

test("a registry that does not know yet who has come in is asked again, for 10 s", async () => {
  const world = new World();
  const pair = await world.admitted();
  for (const [side, method, refusal] of [
    ["host", "postOffer", "not_found"],
    ["guest", "getRoom", "forbidden"],
  ]) {
    const { calls } = pair[side];
    const own = calls[method].bind(calls);
    const status = refusal === "forbidden" ? 403 : 404;
    const knownAt = world.clock.now() + 5000;
    calls[method] = async (...given) => {
      if (world.clock.now() < knownAt) throw new RegistryError(refusal, false, refusal, { status });
      return own(...given);
    };
  }
  const both = Promise.all([pair.host.startConnection(), pair.guest.startConnection()]);
  await world.clock.advance(9000);
  await both;
  await assertFlow(pair);
});

test("ICE that fails in two attempts is an error, and the host closes the room", async () => {
  const world = new World();
  world.network.down = true;
  const { host, guest } = await world.admitted();
  const failed = Promise.all([
    rejection(host.startConnection()),
    rejection(guest.startConnection()),
  ]);
  for (let attempt = 0; attempt < 2; attempt++) {
    await world.clock.advance(2500);
    world.network.report("failed");
  }
  await world.clock.advance(100);
  const [error] = await failed;
  assert.ok(error instanceof WebRTCError);
  assert.equal(error.code, "failed");
  assert.equal(error.diagnostics.connectionState, "failed");
  assert.equal(host.calls.calls.at(-1), "closeRoom");
});

test("what the browser refuses is an error that does not quote it", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  const read = guest.calls.getRoom.bind(guest.calls);
  guest.calls.getRoom = async (...args) => {
    const room = await read(...args);
    return { ...room, offer: room.offer && { type: "offer", sdp: "secret sdp" } };
  };
  host.startConnection().catch(() => {});
  const [error] = await Promise.all([rejection(guest.startConnection()), world.clock.advance(500)]);
  assert.ok(error instanceof WebRTCError);
  assert.equal(error.code, "webrtc_failed");
  assert.doesNotMatch(`${error.message}${error.stack}`, /secret/);
  await host.closeRoom();
});

for (const step of ["createRoom", "joinRoom", "startConnection"])
  test(`${step} ends with its signal's reason, and can be called again`, async () => {
    const world = new World();
    const host = world.client();
    const guest = world.client();
    const side = step === "joinRoom" ? guest : host;
    let code = "";
    if (step !== "createRoom") code = await host.createRoom("Alice");
    const call = (options) =>
      ({
        createRoom: () => host.createRoom("Alice", options),
        joinRoom: () => guest.joinRoom(code, host.getRoomInfo().joinCode, "Bob", options),
        startConnection: () => host.startConnection(options),
      })[step]();
    const before = side.getConnectionState();
    side.calls.interfere = () => new Promise(() => {});
    const controller = new AbortController();
    const ended = rejection(call({ signal: controller.signal }));
    await settled();
    assert.notEqual(side.getConnectionState(), before);
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assert.equal(await ended, reason);
    assert.equal(side.getConnectionState(), before);
    assert.deepEqual(side.errors, [], "the application knows");
    await settled();
    assert.deepEqual(world.left, NOTHING);
    assert.deepEqual(getEventListeners(controller.signal, "abort"), []);

    side.calls.interfere = () => {};
    const again = call();
    if (step === "startConnection") again.catch(() => {});
    else await again;
    await world.clock.advance(100);
    assert.notEqual(side.getConnectionState(), before);
    await side.closeRoom();
  });

test("a signal that has aborted already keeps an operation from beginning", async () => {
  const world = new World();
  const host = world.client();
  const error = await rejection(host.createRoom("Alice", { signal: AbortSignal.abort() }));
  assert.equal(error.name, "AbortError");
  assert.deepEqual(host.calls.calls, []);
  assert.deepEqual(host.states, []);
});

test("a host that gave up after the answer came connects with another offer", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  world.network.down = true;
  const controller = new AbortController();
  const gaveUp = rejection(host.startConnection({ signal: controller.signal }));
  const started = guest.startConnection();
  await world.clock.advance(500);
  controller.abort();
  await gaveUp;
  assert.equal(host.getConnectionState(), "created");
  world.network.down = false;
  await Promise.all([host.startConnection(), started, world.clock.advance(5000)]);
  assert.equal(guest.getConnectionState(), "connected");
  assert.deepEqual(world.left, { timers: 0, readers: 0, connections: 2 });
});

test("a guest that gave up before its answer was taken starts again at once", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  const started = host.startConnection();
  guest.calls.interfere = (method) => (method === "postAnswer" ? new Promise(() => {}) : undefined);
  const controller = new AbortController();
  const gaveUp = rejection(guest.startConnection({ signal: controller.signal }));
  await world.clock.advance(500);
  controller.abort();
  await gaveUp;
  assert.equal(guest.getConnectionState(), "joined");
  guest.calls.interfere = () => {};
  await Promise.all([guest.startConnection(), started, world.clock.advance(1000)]);
  assert.equal(host.getConnectionState(), "connected");
});

test("closeRoom ends what is under way", async () => {
  const world = new World();
  const host = world.client();
  await host.createRoom("Alice");
  const ended = rejection(host.startConnection());
  await world.clock.advance(100);
  await host.closeRoom();
  assert.equal((await ended).code, "closed");
  assert.equal(host.getConnectionState(), "idle");
  assert.deepEqual(world.left, NOTHING);
});

test("a room that comes after it was given up is not entered", async () => {
  const world = new World();
  const host = world.client();
  let answer;
  host.calls.createRoom = () => new Promise((resolve) => (answer = resolve));
  const ended = rejection(host.createRoom("Alice"));
  await settled();
  await host.closeRoom();
  answer({ code: "LATE2345", ownerToken: "t", joinCode: "123456", expiresAt: 1 });
  assert.equal((await ended).code, "closed");
  await settled();
  assert.deepEqual([host.getConnectionState(), host.getRoomInfo()], ["idle", null]);
});

test("after an error the room is not closed a second time", async () => {
  const world = new World();
  const host = world.client({ timeouts: { peer: 1000 } });
  await host.createRoom("Alice");
  host.startConnection().catch(() => {});
  await world.clock.advance(1000);
  assert.equal(host.getConnectionState(), "error");
  await host.closeRoom();
  assert.equal(host.calls.calls.filter((call) => call === "closeRoom").length, 1);
});

test("a room that could not be closed is left all the same, and the error told", async () => {
  const world = new World();
  const { host, guest } = await world.connected();
  const failure = new NetworkError("network", true);
  host.calls.interfere = () => Promise.reject(failure);
  assert.equal(await rejection(host.closeRoom()), failure);
  assert.deepEqual(host.errors, [failure]);
  assert.equal(host.getConnectionState(), "idle");
  await guest.closeRoom();
  assert.deepEqual(world.left, NOTHING);
});

test("a room that is gone by the time it is closed is closed", async () => {
  const world = new World();
  const host = world.client();
  await host.createRoom("Alice");
  const gone = new RegistryError("not_found", false, "gone", { status: 404 });
  host.calls.interfere = () => Promise.reject(gone);
  await host.closeRoom();
  assert.deepEqual([host.getConnectionState(), host.errors], ["idle", []]);
});

test("closeRoom ends with its signal's reason, and the room is left all the same", async () => {
  const world = new World();
  const host = world.client();
  await host.createRoom("Alice");
  const reason = new Error("enough");
  assert.equal(await rejection(host.closeRoom({ signal: AbortSignal.abort(reason) })), reason);
  assert.deepEqual([host.getConnectionState(), host.errors], ["idle", []]);
});

test("a listener that throws keeps nothing from going on, and is nobody's but its author's", () => {
  const program = `
    import { World } from "./tests/client/helpers.mjs";
    const host = new World().client();
    const told = [];
    process.on("unhandledRejection", ({ message }) => told.push(message));
    const undo = host.onStateChange(() => { throw new Error("mine"); });
    await host.createRoom("Alice");
    undo();
    undo();
    await host.closeRoom();
    await new Promise(setImmediate);
    console.log(JSON.stringify([told, host.states]));`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), [
    ["mine", "mine"],
    ["creating", "created", "idle"],
  ]);
});
