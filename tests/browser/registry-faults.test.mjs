// The handshake while the network between the browsers and the registry misbehaves, and against
// registries that can do less than ours.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  cut,
  cutAfter,
  delayed,
  everyThird,
  firstTo,
  hasty,
  plain,
  startFaultProxy,
  unavailable,
} from "./registry/fault-proxy.mjs";
import { talk } from "./registry/peer.mjs";
import { openStage } from "./registry/stage.mjs";

let stage;
before(async () => (stage = await openStage()));
after(() => stage?.close());

/** Plays with two new clients that reach the registry through these stages. */
async function through(stages, play, options) {
  const proxy = await startFaultProxy(stage.server.url, stages, options);
  const pair = await stage.enter({ registryApiUrl: proxy.url });
  try {
    await play(...pair, proxy);
  } finally {
    await Promise.all(pair.map((peer) => peer.close().catch(() => {})));
    await proxy.stop();
  }
  for (const peer of pair) {
    await peer.rests(0);
    assert.deepEqual(peer.page.errors, []);
  }
}

/** Nobody knows what became of a room that was asked for, or joined, when the network failed: the
 *  client leaves it to the person, who tries once more. */
const twice = (act) =>
  act().catch((error) => {
    assert.match(error.message, /NetworkError/);
    return act();
  });

async function meet(host, guest) {
  const codes = await twice(() => host.createRoom());
  await twice(() => guest.joinRoom(codes));
  await Promise.all([host.start(), guest.start()]);
}

async function meetTwice(host, guest, proxy) {
  await meet(host, guest);
  await talk(host, guest);
  for (const peer of [host, guest]) await peer.rests(1);

  const before = (await host.states()).length;
  await host.cutConnection();
  await host.reach("connected", before);
  await guest.reach("connected", before);
  await talk(host, guest, "once more");
  for (const peer of [host, guest]) await peer.rests(1);
  assert.ok(proxy.requests.length > 6);
}

/** What is lost on a connection that was used before a browser sends again by itself, POST or not. */
const connections = {
  "a new connection": { maxRequestsPerSocket: 1 },
  "a connection that is kept": {},
};

describe("two browsers connect, and again after a loss, while every third request", () => {
  const faults = {
    "fails with 503": [() => unavailable],
    "is delayed by 2 s": [() => delayed(2000)],
    ...Object.fromEntries(
      Object.entries(connections).map(([name, options]) => [
        `is cut before or after it was done, on ${name}`,
        [cut, options],
      ]),
    ),
  };
  for (const [name, [fault, options]] of Object.entries(faults))
    for (const first of [1, 2, 3])
      test(`${name}, beginning with request ${first}`, () =>
        through([everyThird(fault(), first)], meetTwice, options));
});

describe("two browsers connect, talk and part though nobody hears that the registry took the first", () => {
  for (const [name, options] of Object.entries(connections))
    for (const route of ["offer", "answer", "candidate", "close"])
      test(`${route}, on ${name}`, () =>
        through(
          [firstTo(route, cutAfter)],
          async (host, guest, proxy) => {
            await meet(host, guest);
            await talk(host, guest);
            await host.close();
            await guest.reach("disconnected");
            assert.deepEqual(await host.evaluate(({ errors }) => errors), []);
            const sent = proxy.requests.filter(({ path }) => path.endsWith(`/${route}`));
            // Candidates that the registry took may open the channel before they are sent again.
            assert.ok(sent.length > Number(route !== "candidate"), "it was sent again");
          },
          options,
        ));
});

describe("two browsers connect through a registry", () => {
  test("that knows neither wait nor since nor ETag", () =>
    through([plain], async (host, guest) => {
      await meet(host, guest);
      await talk(host, guest);
    }));

  test("that answers early and empty, and is not asked all the time", () =>
    through([hasty], async (host, guest, proxy) => {
      const codes = await host.createRoom();
      const connected = host.start();
      await host.reach("connecting");
      // Half of the time for which the contract names a budget: 20 reads of a kind in 10 s.
      await sleep(5000);
      const reads = proxy.requests.filter(({ method }) => method === "GET").length;
      assert.ok(reads > 0 && reads <= 10, `${reads} reads in 5 s`);
      await guest.joinRoom(codes);
      await Promise.all([connected, guest.start()]);
      await talk(host, guest);
    }));
});
