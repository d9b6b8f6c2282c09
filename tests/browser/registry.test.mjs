// The registry's client against the real server, in two browsers, as its specification words it: the
// test carries the codes from the host to the guest.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "../server.mjs";
import { cutBefore, firstTo, startFaultProxy } from "./registry/fault-proxy.mjs";
import { assertOrder, connect, talk } from "./registry/peer.mjs";
import { offspring, survivors } from "./registry/processes.mjs";
import { openStage } from "./registry/stage.mjs";

test("two browsers connect with the codes, ping goes both ways, and after the end nothing is left", async () => {
  const stage = await openStage({ vars: { RATE_LIMITS: "on" } });
  let started = [];
  try {
    const [host, guest] = await stage.enter();
    assert.deepEqual([await host.state(), await guest.state()], ["idle", "idle"]);

    const codes = await host.createRoom();
    assert.match(codes.roomCode, /^[2345679ACDEFGHJKMNPQRSTUVWXYZ]{8}$/);
    assert.match(codes.joinCode, /^\d{6}$/);
    await guest.joinRoom(codes);
    await Promise.all([host.start(), guest.start()]);
    assert.deepEqual(await host.states(), ["creating", "created", "connecting", "connected"]);
    assert.deepEqual(await guest.states(), ["joining", "joined", "connecting", "connected"]);

    await host.say("ping");
    await guest.hears("ping");
    await guest.say("ping");
    await host.hears("ping");
    for (const peer of [host, guest]) await peer.rests(1);

    await host.close();
    await guest.reach("disconnected");
    await guest.close();
    for (const peer of [host, guest]) {
      await peer.rests(0);
      const { states, messages } = await peer.story();
      assert.equal(states.at(-1), "idle");
      assert.deepEqual(messages, ["ping"]);
      assert.equal(await peer.evaluate(({ client }) => client.getRoomInfo()), null);
      assert.deepEqual(peer.page.errors, []);
    }
    started = offspring();
    assert.ok(
      started.some(({ name }) => name === "workerd"),
      "sees the server",
    );
    assert.ok(
      started.some(({ name }) => name.startsWith("chrom")),
      "sees the browsers",
    );
  } finally {
    await stage.close();
  }
  assert.deepEqual(await survivors(started), []);
});

describe("a room that ends too early", () => {
  let stage;
  before(async () => (stage = await openStage()));
  after(() => stage?.close());

  const failureToStart = (peer) =>
    peer.evaluate((user) => user.failure(user.client.startConnection()));

  test("a guest who waits for the offer learns that the host closed the room", async () => {
    const [host, guest] = await stage.enter();
    await guest.joinRoom(await host.createRoom());
    const failure = failureToStart(guest);
    await guest.reach("connecting");
    await host.close();
    const { name, code, status, diagnostics } = await failure;
    assert.deepEqual([name, code, status], ["RegistryError", "not_found", 404]);
    assert.equal(diagnostics.role, "guest");
    assert.deepEqual(await guest.states(), ["joining", "joined", "connecting", "error"]);
    assert.deepEqual(await host.states(), ["creating", "created", "idle"]);
    for (const peer of [host, guest]) await peer.rests(0);
  });

  test("a host who closes the room while it waits is told so by the promise, and is idle", async () => {
    const [host, guest] = await stage.enter();
    await guest.joinRoom(await host.createRoom());
    const failure = failureToStart(host);
    await host.reach("connecting");
    await host.close();
    const { name, code } = await failure;
    assert.deepEqual([name, code], ["StateError", "closed"]);
    assert.equal(await host.state(), "idle");
    await host.rests(0);
    const { code: guestCode } = await failureToStart(guest);
    assert.equal(guestCode, "not_found");
    await guest.rests(0);
  });

  test("a host whose room expires while nobody comes gets the server's own code", async () => {
    const server = await startServer({ vars: { ROOM_TTL_OPEN: 2 } });
    try {
      const [host] = await stage.enter({ registryApiUrl: server.url });
      await host.createRoom();
      const { name, code, status, diagnostics } = await failureToStart(host);
      assert.deepEqual([name, code, status], ["RegistryError", "not_found", 404]);
      assert.equal(diagnostics.role, "host");
      assertOrder(await host.states(), ["created", "connecting", "error"]);
      assert.equal(await host.state(), "error");
      await host.rests(0);
    } finally {
      await server.stop();
    }
  });
});

describe("a start that is given up by its signal may be made again", () => {
  let stage;
  before(async () => (stage = await openStage()));
  after(() => stage?.close());

  const startPatiently = (peer) =>
    peer.evaluate((user) => {
      user.patience = new AbortController();
      return user.failure(user.client.startConnection({ signal: user.patience.signal }));
    });

  /** The side gives up while the first answer is on its way, which then arrives or does not. */
  async function giveUp(side, arrives) {
    const sent = Promise.withResolvers();
    const givenUp = Promise.withResolvers();
    const over = Promise.withResolvers();
    const hold = firstTo("answer", async (request, forward) => {
      sent.resolve();
      await givenUp.promise;
      const response = await (arrives ? forward : cutBefore)(request);
      over.resolve();
      return response;
    });
    const proxy = await startFaultProxy(stage.server.url, [hold]);
    // Shorter than a registry may hold an answer: what is there already is not waited for.
    const pair = await stage.enter({ registryApiUrl: proxy.url, timeouts: { peer: 15_000 } });
    try {
      await pair[1].joinRoom(await pair[0].createRoom());
      const before = await pair[side].state();
      const otherStarted = pair[1 - side].start();
      const failure = startPatiently(pair[side]);
      await sent.promise;
      await pair[side].evaluate(({ patience }) => patience.abort());
      assert.equal((await failure).name, "AbortError");
      await pair[side].rests(0);
      assert.equal(await pair[side].state(), before);
      givenUp.resolve();
      await over.promise;
      await Promise.all([otherStarted, pair[side].start()]);
      await talk(...pair);
      for (const peer of pair) await peer.rests(1);
    } finally {
      await Promise.all(pair.map((peer) => peer.close().catch(() => {})));
      await proxy.stop();
    }
  }

  test("by a host whose guest has answered meanwhile", () => giveUp(0, true));
  test("by a guest whose answer did not arrive", () => giveUp(1, false));
});

test("browsers that hide their addresses behind mDNS names connect too", async () => {
  const stage = await openStage({ browser: { hidesAddresses: true } });
  try {
    const [host, guest] = await stage.enter();
    await connect(host, guest);
    await talk(host, guest);
    const local = await host.evaluate(({ connection }) => connection.localDescription.sdp);
    assert.match(local, /^a=candidate:.* [0-9a-f-]{36}\.local /m);
    await host.close();
  } finally {
    await stage.close();
  }
});
