// A connected pair is cut: it connects again by itself while the room lives, and nothing leaks.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { relayed, startFaultProxy } from "./registry/fault-proxy.mjs";
import { assertOrder, connect, talk } from "./registry/peer.mjs";
import { openStage } from "./registry/stage.mjs";
import { UdpRelay } from "./registry/udp-relay.mjs";

let stage;
before(async () => (stage = await openStage()));
after(() => stage?.close());

/** Plays with a connected pair, which leaves nothing behind. */
async function withPair(configs, play) {
  const pair = await stage.enter(...configs);
  try {
    await connect(...pair);
    await assertWhole(pair, configs[0]?.heartbeat ? 1 : 0);
    await play(pair);
  } finally {
    await Promise.all(pair.map((peer) => peer.close().catch(() => {})));
  }
  for (const peer of pair) await peer.rests(0);
}

/** Both came back to "connected" after these positions of their states; messages flow; nothing leaks. */
async function assertBack(pair, positions, message) {
  await Promise.all(pair.map((peer, i) => peer.reach("connected", positions[i])));
  await talk(...pair, message);
  await assertWhole(pair);
}

async function assertWhole(pair, timers = 0) {
  for (const peer of pair) {
    await peer.rests(1, timers);
    assert.equal(await peer.state(), "connected");
    assert.deepEqual(peer.page.errors, []);
  }
}

const positions = (pair) => Promise.all(pair.map(async (peer) => (await peer.states()).length));
const made = (pair) => Promise.all(pair.map((peer) => peer.made()));

/** Closes the room under the clients; returns what the host knows of it. */
async function closeRoomOf([host]) {
  const room = await host.room();
  const closed = await fetch(`${stage.server.url}/rooms/${room.code}/close`, {
    method: "POST",
    headers: { "X-Registry-Version": "1", "X-Access-Token": room.token },
  });
  assert.equal(closed.status, 204);
  return room;
}

describe("a peer connection that is closed under the client", () => {
  const sides = { "the host's side": [0], "the guest's side": [1], "both sides": [0, 1] };
  for (const [name, closing] of Object.entries(sides))
    test(`on ${name} is replaced on both, again and again`, () =>
      withPair([], async (pair) => {
        for (let times = 1; times <= 3; times++) {
          const before = await positions(pair);
          await Promise.all(closing.map((side) => pair[side].cutConnection()));
          await assertBack(pair, before, `cut ${times}`);
          for (const [i, peer] of pair.entries())
            assertOrder((await peer.states()).slice(before[i]), ["disconnected", "connected"]);
        }
      }));

  test("after the room has gone: both say why they cannot connect again, and rest", () =>
    withPair([], async (pair) => {
      const room = await closeRoomOf(pair);
      await pair[0].cutConnection();
      for (const peer of pair) {
        await peer.reach("error");
        await peer.rests(0);
        const error = (await peer.story()).errors.at(-1);
        assert.deepEqual([error.name, error.code], ["WebRTCError", "reconnect_failed"]);
        assert.match(JSON.stringify(error), /not_found|No such room/);
        assert.equal(error.diagnostics.roomCode, room.code);
        assert.equal(typeof error.diagnostics.connectionState, "string");
      }
    }));
});

const comesOnline = (peer) => peer.evaluate(() => window.dispatchEvent(new Event("online")));

describe("a page that comes online", () => {
  const CHECKED = 1500; // ms after which it has asked the channel, and knows
  const sides = { "the host's": 0, "the guest's": 1 };
  for (const [name, side] of Object.entries(sides))
    test(`on ${name} side leaves a connection alone that works, room or no room`, () =>
      withPair([], async (pair) => {
        const before = await Promise.all(pair.map((peer) => peer.states()));
        const madeBefore = await made(pair);
        for (const prepare of [() => {}, closeRoomOf]) {
          await prepare(pair);
          await comesOnline(pair[side]);
          await sleep(CHECKED);
          await talk(...pair, "still here");
        }
        assert.deepEqual(await Promise.all(pair.map((peer) => peer.states())), before);
        assert.deepEqual(await made(pair), madeBefore);
      }));
});

describe("all UDP between the browsers is dropped", () => {
  /** Plays with a pair whose media goes through a relay. */
  async function overRelay(play, options) {
    const relay = new UdpRelay();
    const proxy = await startFaultProxy(stage.server.url, [relayed(relay)]);
    const host = { registryApiUrl: proxy.url, ...options };
    // Still patient when the host has not only noticed, but made an offer.
    const guest = { timeouts: { heal: 4000 }, ...host };
    try {
      await withPair([host, guest], async (pair) => {
        await talk(...pair);
        assert.ok(relay.passed > 0, "media goes through the relay");
        await play(pair, relay, proxy);
        assert.ok(relay.dropped > 0, "something was dropped");
      });
    } finally {
      await Promise.all([proxy.stop(), relay.stop()]);
    }
  }

  test("for 2 s: what was said meanwhile arrives, on the connection that there was", () =>
    overRelay(async (pair, relay) => {
      const [host, guest] = pair;
      relay.cut();
      await Promise.all([host.say("from the dark"), guest.say("dark here too")]);
      await sleep(2000);
      relay.mend();
      await Promise.all([guest.hears("from the dark"), host.hears("dark here too")]);
      await talk(...pair, "bright again");
      await assertWhole(pair);
    }));

  test("until one side notices: it heals, or is restarted", () =>
    overRelay(async (pair, relay) => {
      const before = await positions(pair);
      relay.cut();
      await Promise.any(pair.map((peer, i) => peer.reach("disconnected", before[i])));
      relay.mend();
      await Promise.any(pair.map((peer, i) => peer.reach("connected", before[i])));
      // Whether the other noticed too, nobody knows; who has noticed does not rest before it is
      // whole, and needs the other for a restart.
      await assertWhole([...pair, ...pair]);
      await talk(...pair, "bright again");
      await assertWhole(pair);
    }));

  test("and the page comes online: the connection is restarted before ICE notices", () =>
    overRelay(async (pair, relay) => {
      const before = await positions(pair);
      const madeBefore = await made(pair);
      relay.cut();
      await comesOnline(pair[0]);
      await pair[0].reach("connecting", before[0]);
      relay.mend();
      await assertBack(pair.slice(0, 1).concat(pair[1]), [before[0], 0], "bright again");
      assert.deepEqual(await made(pair), madeBefore, "on the connection that there was");
    }));

  test("and a heartbeat notices, which has measured the round trip", () =>
    overRelay(
      async (pair, relay) => {
        const [host] = pair;
        const before = await positions(pair);
        await host.evaluate(async ({ client }) => {
          while (!client.roundTripTimeMs) await new Promise(requestAnimationFrame);
        });
        relay.cut();
        await host.reach("disconnected", before[0]);
        assert.equal((await host.story()).errors.at(-1).code, "heartbeat");
        relay.mend();
        await host.reach("connected", before[0]);
        await talk(...pair, "bright again");
      },
      { heartbeat: { intervalMs: 200, timeoutMs: 1000 } },
    ));

  test("for 12 s, with all that the client does by itself: connected again", () =>
    overRelay(
      async (pair, relay) => {
        const before = await positions(pair);
        relay.cut();
        await sleep(12_000);
        relay.mend();
        await assertBack(pair, before, "bright again");
      },
      { timeouts: {} },
    ));

  const directions = { "both ways": undefined, "to the host": 0, "to the guest": 1 };
  for (const [name, side] of Object.entries(directions))
    test(`for 12 s, ${name}: both notice, and connect again by one ICE restart`, () =>
      overRelay(async (pair, relay, proxy) => {
        const before = await positions(pair);
        const madeBefore = await made(pair);
        relay.cut((await pair[side]?.room())?.token);
        await sleep(12_000);
        relay.mend();
        await assertBack(pair, before, "bright again");
        const reconnected = ["disconnected", "connecting", "connected"];
        for (const [i, peer] of pair.entries())
          assert.deepEqual((await peer.states()).slice(before[i]), reconnected, `peer ${i}`);
        assert.deepEqual(await made(pair), madeBefore, "on the connection that there was");
        assert.ok(proxy.requests.some(({ body }) => body.includes('"generation":2')));
      }));
});
