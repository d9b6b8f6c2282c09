// How often the registry is read: seldom where it holds its answers, within its budget where not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NetworkError, RegistryError } from "../../client/registry/dist/index.js";
import { rejection, settled, World } from "./helpers.mjs";

const ROOM = { status: "open", offer: null, answer: null, updatedAt: 1, expiresAt: 2 };

/** A host that waits for its guest, on a registry whose getRoom is `read`; the times at which it was called. */
async function waiting(read, config = {}) {
  const world = new World();
  const host = world.client(config);
  const times = [];
  host.calls.getRoom = (code, token, options) => {
    times.push(world.clock.now());
    return read(options, world);
  };
  await host.createRoom("Alice");
  const ended = rejection(host.startConnection());
  await settled();
  const stop = async () => {
    await host.closeRoom();
    await ended;
    assert.equal(world.clock.pending, 0);
  };
  return { world, times, stop, ended };
}

/** The most reads in any 10 s. */
const densest = (times) =>
  Math.max(...times.map((start) => times.filter((t) => t >= start && t < start + 10_000).length));

test("a registry that holds its answers is asked once every 25 s", async () => {
  const asked = [];
  const { world, times, stop } = await waiting((options, { registry }) => {
    asked.push(options.wait);
    return registry.hold(
      () => ({ ...ROOM, etag: "1" }),
      () => false,
      options,
    );
  });
  await world.clock.advance(100_000);
  assert.deepEqual(times, [0, 25_000, 50_000, 75_000, 100_000]);
  assert.deepEqual(new Set(asked), new Set([25]));
  await stop();
});

test("what it knows goes along with the next read", async () => {
  const known = [];
  const snapshot = { ...ROOM, etag: "1" };
  const { world, stop } = await waiting((options, { registry }) => {
    known.push(options.known);
    return registry.hold(
      () => snapshot,
      () => false,
      options,
    );
  });
  await world.clock.advance(25_000);
  assert.deepEqual(known, [undefined, snapshot]);
  await stop();
});

test("an answer that comes early and brings nothing makes no busy loop", async () => {
  const { world, times, stop } = await waiting(async () => ({ ...ROOM, etag: "1" }));
  await world.clock.advance(60_000);
  assert.ok(times[1] - times[0] >= 90, "not at once");
  assert.ok(times[1] - times[0] <= 110, "but soon, for it may be an accident");
  assert.ok(times.at(-1) - times.at(-2) >= 1800, "and ever more seldom");
  assert.ok(densest(times) <= 20);
  await stop();
});

test("a registry without ETags is read once a second to begin with, then every two, unheld", async () => {
  const waits = [];
  const { world, times, stop } = await waiting(async ({ wait }) => (waits.push(wait), { ...ROOM }));
  await world.clock.advance(11_000);
  assert.deepEqual(times, [0, 1000, 3000, 5000, 7000, 9000, 11_000]);
  assert.deepEqual(waits.slice(1), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  await stop();
});

test("plain polling has a little jitter", async () => {
  for (const [random, second] of [
    [0, 900],
    [0.75, 1050],
  ]) {
    const { world, times, stop } = await waiting(async () => ({ ...ROOM }), {
      random: () => random,
    });
    await world.clock.advance(1200);
    assert.deepEqual(times, [0, second]);
    await stop();
  }
});

test("a registry that refuses `wait` is read without it", async () => {
  const waits = [];
  const { world, stop } = await waiting(async ({ wait }) => {
    waits.push(wait);
    if (wait) throw new RegistryError("bad_request", false, "wait?", { status: 400 });
    return { ...ROOM, etag: "1" };
  });
  await world.clock.advance(5000);
  assert.equal(waits[0], 25);
  assert.deepEqual(new Set(waits.slice(1)), new Set([undefined]));
  await stop();
});

test("bad_request to a read that asked for no wait ends it", async () => {
  const { ended } = await waiting(
    async () => {
      throw new RegistryError("bad_request", false, "?", { status: 400 });
    },
    { polling: { wait: 0 } },
  );
  assert.equal((await ended).code, "bad_request");
});

test("never more than 20 reads in 10 s, whatever the registry answers", async () => {
  // Answers that come just late enough to look like news, time and again.
  const { world, times, stop } = await waiting(async ({ signal }, { clock }) => {
    await new Promise((resolve) => {
      const done = () => {
        clock.clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = clock.setTimeout(done, 115);
      signal.addEventListener("abort", done);
    });
    return { ...ROOM, etag: String(clock.now()) };
  });
  await world.clock.advance(60_000);
  assert.ok(times.length > 60, "it was busy");
  assert.ok(densest(times) <= 20);
  await stop();
});

test("a failure that may pass is lived through, without haste", async () => {
  const { world, times, stop } = await waiting(async () => {
    throw new NetworkError("network", true);
  });
  await world.clock.advance(60_000);
  assert.ok(times.length < 45);
  assert.ok(densest(times) <= 20);
  await stop();
});

test("a registry that says when to come again is not asked before", async () => {
  const { world, times, stop } = await waiting(async () => {
    throw new RegistryError("rate_limited", true, "wait", { status: 429, retryAfterSec: 60 });
  });
  await world.clock.advance(121_000);
  assert.equal(times.length, 3);
  await stop();
});

test("polling is as the configuration says", async () => {
  const polling = { wait: 0, interval: 200, maxInterval: 400 };
  const { world, times, stop } = await waiting(async () => ({ ...ROOM, etag: "1" }), { polling });
  await world.clock.advance(1400);
  assert.deepEqual(times, [0, 200, 600, 1000, 1400]);
  await stop();
});

test("no page has more than three reads held at a time: the others poll", async () => {
  const world = new World();
  const waits = [];
  const hosts = [];
  for (let n = 0; n < 5; n++) {
    const host = world.client();
    const read = host.calls.getRoom.bind(host.calls);
    host.calls.getRoom = (code, token, options) => {
      waits.push(options.wait ?? 0);
      return read(code, token, options);
    };
    await host.createRoom("Alice");
    host.startConnection().catch(() => {});
    await settled();
    hosts.push(host);
  }
  assert.deepEqual(waits, [25, 25, 25, 0, 0]);
  for (const host of hosts) await host.closeRoom();

  const next = world.client();
  const read = next.calls.getRoom.bind(next.calls);
  next.calls.getRoom = (code, token, options) => (
    waits.push(options.wait),
    read(code, token, options)
  );
  await next.createRoom("Alice");
  next.startConnection().catch(() => {});
  await settled();
  assert.equal(waits.at(-1), 25, "those that ended made room");
  await next.closeRoom();
});

test("candidates are read from where the last answer ended, and from the start of a full one", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  world.network.down = true;
  const asked = [];
  guest.calls.getCandidates = async (_code, _token, { since }) => {
    asked.push(since);
    return { items: [], mode: asked.length === 2 ? "full" : "delta", lastSeq: asked.length * 10 };
  };
  host.startConnection().catch(() => {});
  guest.startConnection().catch(() => {});
  await world.clock.advance(3000);
  assert.deepEqual(asked.slice(0, 3), [undefined, 10, 20]);
  await host.closeRoom();
  await guest.closeRoom();
});

test("on a registry that neither holds nor counts, two sides connect all the same", async () => {
  const world = new World();
  const { host, guest } = await world.admitted();
  for (const { calls } of [host, guest]) {
    const { getRoom, getCandidates } = calls;
    calls.getRoom = async (code, token) => {
      const { etag, generation, ...room } = await getRoom.call(calls, code, token);
      return room;
    };
    calls.getCandidates = async (code, token) => {
      const { lastSeq, ...list } = await getCandidates.call(calls, code, token);
      return list;
    };
  }
  await Promise.all([host.startConnection(), guest.startConnection(), world.clock.advance(10_000)]);
  assert.equal(host.getConnectionState(), "connected");
});
