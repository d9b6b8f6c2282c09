// The server over Workers KV as it is between places: late, cached, refusing writes that come too fast.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { handshake, makePlan } from "./handshake.mjs";
import { World } from "./world.mjs";

const INTERLEAVINGS = process.env.SOAK ? 10_000 : 1000;
const RACES = 100;
const STALE_MAX = 60_000; // ms
const SDP = "v=0\r\na=mid:0\r\n".repeat(150); // like a real one, too large for an entry's metadata

/** How late writes are seen elsewhere, in ms, and how often their own place does not see them at once. */
const MOODS = [
  { lag: (random) => random.whole(0, 2000), ownAtOnce: 1 },
  { lag: (random) => random.pick([random.whole(0, 3000), random.whole(0, STALE_MAX), STALE_MAX]) },
  { lag: () => STALE_MAX, ownAtOnce: 0.5, cached: () => 1, emptyPage: 0.5 },
];
/** As kind as the store can be. */
const KIND = { lag: () => 0, ownAtOnce: 1, cached: () => 0, emptyPage: 0 };

describe("a handshake between two places over Workers KV", () => {
  test(`succeeds in every one of ${INTERLEAVINGS} interleavings`, async (t) => {
    const costs = [[], []];
    for (let seed = 0; seed < INTERLEAVINGS; seed++) {
      const wait = seed % 2 === 1;
      const world = new World(seed, ["a", "b"], MOODS[seed % MOODS.length]);
      const plan = makePlan(world, wait);
      costs[Number(wait)].push(await world.run(() => handshake(world, plan)));
    }
    printCosts(t, "polls each second", costs[0]);
    printCosts(t, "polls with wait", costs[1]);
  });

  test("goes the same way again for the same seed", async () => {
    const stories = [];
    for (const seed of [7, 7, 8]) {
      const world = new World(seed, ["a", "b"]);
      const plan = makePlan(world, true);
      await world.run(() => handshake(world, plan));
      stories.push(JSON.stringify(world.trace));
    }
    assert.equal(stories[0], stories[1]);
    assert.notEqual(stories[0], stories[2]);
  });
});

describe("two answers to one offer, from two places", () => {
  test(`leave one, the same for everybody, in every one of ${RACES} races`, async (t) => {
    let both = 0;
    for (let seed = 0; seed < RACES; seed++) {
      const world = new World(seed, ["a", "b", "c"], MOODS[seed % MOODS.length]);
      both += await world.run(() => race(world));
    }
    t.diagnostic(`both were told that they had answered in ${both} of ${RACES} races`);
    assert.ok(both > 0, "some raced");
  });
});

async function race(world) {
  const { code } = await makeOffer(world, SDP);
  const answerers = ["b", "c"].map(async (place) => {
    await world.time.sleep(world.random.whole(0, 5000));
    // Where the other's answer is seen before the offer, there is nothing to find.
    const late = world.time.now + STALE_MAX;
    await until(
      world,
      () => world.call(place, "GET", "/meeting/sessions"),
      ({ json }) => json.sessions.length > 0 || world.time.now > late,
    );
    const answer = `answer from ${place} ${SDP}`;
    return { answer, ...(await leave(world, place, code, "answerer", { answer })) };
  });
  const results = await Promise.all(answerers);
  const taken = results.filter(({ status }) => status === 200);
  assert.ok(taken.length > 0 && results.every(({ status }) => [200, 409].includes(status)));
  await world.time.sleep(STALE_MAX);

  const [first] = taken.toSorted((a, b) => a.arrived - b.arrived);
  for (const place of ["a", "b", "c"]) {
    const { json } = await world.call(place, "POST", "/poll", { code, side: "offerer" });
    if (taken[0].arrived !== taken[1]?.arrived) assert.equal(json.answer, first.answer);
    assert.ok(taken.some(({ answer }) => answer === json.answer));
    const { json: list } = await world.call(place, "GET", "/meeting/sessions");
    assert.deepEqual(list.sessions, []);
    const { json: topics } = await world.call(place, "GET", "/topics");
    assert.deepEqual(topics.topics, []);
    for (const { answer } of results) {
      const again = await leave(world, place, code, "answerer", { answer });
      assert.equal(again.status, answer === json.answer ? 200 : 409);
    }
  }
  assert.equal(world.kv.counts.refused, 0);
  return taken.length === 2;
}

describe("on a store that has caught up", () => {
  test("the same again is taken and stored once, another answer is refused", async () => {
    const world = new World(1, ["a", "b"], KIND);
    await world.run(async () => {
      const { code } = await makeOffer(world, "offer");
      const { put } = world.kv.counts;
      for (let time = 0; time < 3; time++) {
        const candidate = await leave(world, "b", code, "answerer", { candidate: "candidate" });
        assert.equal(candidate.status, 200);
        const answer = await leave(world, "b", code, "answerer", { answer: "answer" });
        assert.equal(answer.status, 200);
      }
      assert.equal(world.kv.counts.put - put, 3, "the candidate, the answer, and its mark");
      const other = await leave(world, "a", code, "answerer", { answer: "another" });
      assert.equal(other.status, 409);
      const { json } = await world.call("a", "POST", "/poll", { code, side: "offerer" });
      assert.deepEqual(json, { answer: "answer", answerCandidates: ["candidate"], seen: "2" });
    });
  });

  test("what is sent again before the store shows it is still shown once", async () => {
    const world = new World(2, ["a", "b"], { ...KIND, ownAtOnce: 0, lag: () => 20_000 });
    await world.run(async () => {
      const { code } = await makeOffer(world, "offer");
      await world.time.sleep(20_000);
      for (const candidate of ["first", "second", "first"])
        assert.equal((await leave(world, "a", code, "offerer", { candidate })).status, 200);
      for (const answer of ["answer", "answer", "later"])
        assert.equal((await leave(world, "b", code, "answerer", { answer })).status, 200);
      await world.time.sleep(20_000);
      const poll = (side) => world.call("a", "POST", "/poll", { code, side });
      assert.deepEqual((await poll("answerer")).json.offerCandidates, ["first", "second"]);
      assert.equal((await poll("offerer")).json.answer, "answer");
    });
  });
});

describe("a poll with wait=5 that brings nothing", () => {
  for (const [what, offer] of Object.entries({ "a short offer": "offer", "a real offer": SDP }))
    for (const side of ["offerer", "answerer"])
      test(`costs no more than 5 KV reads: the ${side} of ${what}`, async () => {
        const world = new World(3, ["a"], KIND);
        await world.run(async () => {
          const { code } = await makeOffer(world, offer);
          const before = { ...world.kv.counts };
          const start = world.time.now;
          const seen = side === "offerer" ? "0" : "1";
          await world.call("a", "POST", "/poll", { code, side, wait: 5, seen });
          const { get, list, put } = world.kv.counts;
          assert.ok(world.time.now - start > 3000, "it waited");
          const reads = get + list - before.get - before.list;
          assert.ok(reads <= 5, `${list - before.list} lists and ${get - before.get} gets`);
          assert.equal(put, before.put);
        });
      });
});

async function makeOffer(world, offer) {
  const { json } = await world.call("a", "POST", "/meeting/offer", { info: "offerer", offer });
  return json;
}

function leave(world, place, code, side, what) {
  return until(
    world,
    () => world.call(place, "POST", "/answer", { code, side, ...what }),
    ({ status }) => status !== 404,
  );
}

/** Asks each second until the answer will do. */
async function until(world, ask, enough) {
  for (;;) {
    const reply = await ask();
    if (enough(reply)) return reply;
    await world.time.sleep(1000);
  }
}

function printCosts(t, title, costs) {
  const figures = (name) => {
    const sorted = costs.map((cost) => cost[name]).sort((a, b) => a - b);
    return [0.5, 0.95, 1].map((part) => sorted[Math.ceil(part * sorted.length) - 1]);
  };
  const row = (name, values) =>
    t.diagnostic(`  ${name.padEnd(34)}${values.map((v) => String(v).padStart(8)).join("")}`);
  row(`${title} (${costs.length})`, ["median", "p95", "max"]);
  row(
    "  s until both have everything",
    figures("took").map((ms) => (ms / 1000).toFixed(1)),
  );
  row("  lists", figures("list"));
  row("  reads (calls)", figures("get"));
  row("  reads (keys)", figures("keys"));
  row("  writes", figures("put"));
  row("  404 for a session not yet visible", figures("notYet"));
}
