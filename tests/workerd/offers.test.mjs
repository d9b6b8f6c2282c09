// Peers, offers and names over Workers KV as it is between places: ten who answer one offer, two who
// claim one name, a signature that is used twice, and a whole handshake.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { figures, row } from "./figures.mjs";
import { makePlan, offerHandshake } from "./offer-handshake.mjs";
import { KIND, MOODS, Owner, Peer, STALE_MAX } from "./peers.mjs";
import { World } from "./world.mjs";

const RACES = process.env.SOAK ? 10_000 : 100;
const ANSWERERS = 10;
const ASK_EVERY = 1000; // ms
const PLACES = ["a", "b", "c", "d"];
const TOPIC = "/offers/by-topic/meeting";
const TTL = 900_000; // ms: what is left is looked at again once the stores agree
const LARGE = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n".repeat(100); // not in the metadata

const HELD = "Username already claimed by different public key";

/** Plays a story in so many worlds, each a little different; adds up what came of them. */
async function playAll(places, story) {
  const sum = {};
  for (let seed = 0; seed < RACES; seed++) {
    const world = new World(seed, places, MOODS[seed % MOODS.length]);
    const outcome = await world.run(() => story(world));
    const refused = world.kv.counts.refused - (outcome.collided ?? 0);
    assert.equal(refused, 0, `seed ${seed}: writes that the store refused`);
    for (const [name, was] of Object.entries(outcome)) sum[name] = (sum[name] ?? 0) + Number(was);
  }
  return sum;
}

describe(`${ANSWERERS} who answer one offer, in ${PLACES.length} places over Workers KV`, () => {
  let sum;
  before(async () => (sum = await playAll(PLACES, race)));

  test(`leave one, the same for everybody, in every one of ${RACES} races`, (t) => {
    const { several, told, misled } = sum;
    t.diagnostic(`two or more were told 200 in ${several} of ${RACES} races (${told} in all)`);
    t.diagnostic(`the offerer was shown an answer that lost in ${misled} of them`);
    assert.ok(several > 0, "some raced");
  });

  test("leave no candidate of those that lost", (t) => {
    t.diagnostic(`the offerer is given others' candidates in ${sum.mistaken} of ${RACES} races`);
    assert.equal(sum.mistaken, 0);
  });
});

async function race(world) {
  const offerer = await Peer.enter(world, "a", "offerer");
  const sdp = `offer ${world.random.chance(0.5) ? LARGE : ""}`;
  const { json } = await offerer.send("POST", "/offers", {
    offers: [{ sdp, topics: ["meeting"], ttl: TTL }],
  });
  const [{ id }] = json.offers;
  const answerers = await Promise.all(
    Array.from({ length: ANSWERERS }, (_, i) =>
      Peer.enter(world, PLACES[i % PLACES.length], `answerer ${i}`),
    ),
  );
  const start = world.time.now;
  const shown = watchAnswers(offerer, start + 3 * STALE_MAX);
  await Promise.all(answerers.map((answerer) => tryToAnswer(answerer, id, sdp)));
  const told = answerers.filter(({ status }) => status === 200);
  assert.ok(told.length > 0);
  const seen = await shown;

  // The stores agree.
  const verdicts = await Promise.all(told.map((answerer) => verdict(answerer, id)));
  const winners = told.filter((_, i) => verdicts[i] === 200);
  assert.deepEqual(verdicts.toSorted(), [200, ...Array(told.length - 1).fill(403)]);
  const [winner] = winners;
  assert.equal(winner.answeredAt, Math.min(...told.map(({ answeredAt }) => answeredAt)));
  const mistaken = await isGivenOthers(offerer, winner, id);
  const misled = [...seen].some((peer) => peer !== winner.id);
  return { several: told.length > 1, told: told.length, misled, mistaken };
}

/** Checks that all places show this answer and no open offer; whether they show candidates of those who lost. */
async function isGivenOthers(offerer, winner, id) {
  let given = false;
  for (const place of PLACES) {
    const answers = (await offerer.send("GET", "/offers/answers", undefined, place)).json.answers;
    assert.deepEqual(
      answers.map(({ answererId, sdp: said }) => [answererId, said]),
      [[winner.id, `answer of ${winner.name}`]],
    );
    const mine = (await offerer.send("GET", "/offers/mine", undefined, place)).json.offers;
    assert.deepEqual(
      mine.map(({ answered, answererPeerId }) => [answered, answererPeerId]),
      [[true, winner.id]],
    );
    const listed = (await offerer.send("GET", TOPIC, undefined, place)).json;
    assert.deepEqual([listed.total, listed.offers], [0, []]);
    const { topics } = (await offerer.send("GET", "/topics", undefined, place)).json;
    assert.deepEqual(topics, []);
    const { candidates } = (await offerer.send("GET", candidatesPath(id), undefined, place)).json;
    const others = candidates.filter(
      ({ candidate }) => candidate !== `candidate of ${winner.name}`,
    );
    assert.equal(candidates.length - others.length, 1, "the winner's is there, and once");
    for (const { peerId, role } of candidates)
      assert.deepEqual([peerId, role], [winner.id, "answerer"]);
    given ||= others.length > 0;
  }
  return given;
}

const candidatesPath = (id) => `/offers/${id}/ice-candidates`;

/** Answers the offer once its place lists it, and leaves a candidate as soon as it may; gives up where
 *  its place has come to see that somebody else was faster. */
async function tryToAnswer(answerer, id, sdp) {
  const { world } = answerer;
  await world.time.sleep(world.random.whole(0, 5000));
  const end = world.time.now + STALE_MAX;
  const listed = await untilListed(answerer, end);
  if (!listed) return;
  assert.deepEqual([listed.id, listed.sdp], [id, sdp]);
  const { status, json } = await answerer.until([404], "POST", `/offers/${id}/answer`, {
    sdp: `answer of ${answerer.name}`,
  });
  if (status !== 200) assert.deepEqual([status, json.error], [400, "Offer already answered"]);
  Object.assign(answerer, { status, answeredAt: json.answeredAt });
  const body = { candidates: [`candidate of ${answerer.name}`] };
  const patience = world.time.now + STALE_MAX + 5000;
  while (status === 200 && world.time.now < patience) {
    const left = await answerer.send("POST", candidatesPath(id), body);
    if (left.status === 200) break;
    assert.ok([403, 404].includes(left.status));
    await world.time.sleep(ASK_EVERY);
  }
}

async function untilListed({ world, ...answerer }, end) {
  while (world.time.now < end) {
    const { json } = await world.call(answerer.place, "GET", TOPIC);
    if (json.returned > 0) return json.offers[0];
    await world.time.sleep(ASK_EVERY);
  }
}

/** The peers whose answers the offerer was shown at any time. */
async function watchAnswers(offerer, end) {
  const { time } = offerer.world;
  const seen = new Set();
  while (time.now < end) {
    const { status, json } = await offerer.send("GET", "/offers/answers");
    assert.equal(status, 200);
    assert.ok(json.answers.length <= 1, "never two for one offer");
    for (const { answererId } of json.answers) seen.add(answererId);
    await time.sleep(2 * ASK_EVERY);
  }
  return seen;
}

/** Whether this peer is the offer's answerer, for reading and for writing, in all places. */
async function verdict(answerer, id) {
  const seen = new Set();
  for (const place of PLACES) {
    seen.add((await answerer.send("GET", candidatesPath(id), undefined, place)).status);
    const again = await answerer.send("POST", `/offers/${id}/answer`, { sdp: "again" }, place);
    assert.equal(again.status, 400);
    // The winner leaves no more than it has, so that what is there can be compared.
    if (!seen.has(200)) {
      const body = { candidates: ["another"] };
      seen.add((await answerer.send("POST", candidatesPath(id), body, place)).status);
    }
  }
  assert.equal(seen.size, 1, [...seen].join(" and "));
  return [...seen][0];
}

describe("two who claim one name, in two places over Workers KV", () => {
  test(`leave one owner, the same for everybody, in every one of ${RACES} races`, async (t) => {
    const sum = await playAll(PLACES, claimRace);
    t.diagnostic(`both were told 200 in ${sum.both} of ${RACES} races`);
    assert.ok(sum.both > 0, "some raced");
  });
});

async function claimRace(world) {
  const owners = [1, 2].map((number) => new Owner(world, number));
  const peers = await Promise.all(["b", "c"].map((place) => Peer.enter(world, place, place)));
  const lateBy = world.random.pick([0, 5000]);
  const claims = owners.map(async (owner, i) => {
    await world.time.sleep(world.random.whole(0, lateBy));
    const { status, json } = await peers[i].send("POST", "/usernames/claim", owner.claim("ann"));
    if (status !== 200) assert.deepEqual([status, json.error], [409, HELD]);
    return { owner, peer: peers[i], status, ...json };
  });
  const results = await Promise.all(claims);
  const told = results.filter(({ status }) => status === 200);
  assert.ok(told.length > 0);
  await world.time.sleep(STALE_MAX);

  const { json: held } = await world.call("a", "GET", "/usernames/ann");
  const first = Math.min(...told.map(({ claimedAt }) => claimedAt));
  assert.deepEqual([held.available, held.claimedAt], [false, first]);
  const winner = told.find(({ owner }) => owner.publicKey === held.publicKey);
  assert.equal(winner.claimedAt, first);
  for (const place of PLACES)
    assert.deepEqual((await world.call(place, "GET", "/usernames/ann")).json, held);
  for (const place of PLACES)
    for (const { owner, peer } of results) {
      const owns = owner === winner.owner;
      const claim = await peer.send("POST", "/usernames/claim", owner.claim("ann"), place);
      assert.deepEqual([claim.status, claim.json.error], owns ? [200, undefined] : [409, HELD]);
      const service = owner.publish("ann", `chat@1.0.0-${place}`, { sdp: "offer" });
      const { status } = await peer.send("POST", "/services", service, place);
      assert.equal(status, owns ? 201 : 403);
    }
  return { both: told.length === 2 };
}

const USES = {
  "of a claim": (owner) => ["/usernames/claim", owner.claim("ann"), 200],
  "of a service": (owner) => ["/services", owner.publish("ann", "chat@1.0.0", { sdp: "o" }), 201],
};

describe("a signature that is used in several places over Workers KV", () => {
  for (const [what, use] of Object.entries(USES))
    test(`${what} is refused wherever it has been seen, in every one of ${RACES} stories`, async (t) => {
      t.mock.method(console, "error", () => {});
      const sum = await playAll(PLACES, (world) => replay(world, use));
      t.diagnostic(
        `of ${sum.uses} more uses ${sum.again} were let through, ` +
          `the last ${(sum.latest / RACES / 1000).toFixed(1)} s after the first as a mean`,
      );
      assert.ok(sum.again > 0 && sum.again < sum.uses, "the store was late, and caught up");
    });
});

/** The same request from each place, at random times until the store must have caught up. */
async function replay(world, use) {
  const owner = new Owner(world, 1);
  const peer = await Peer.enter(world, "a", "peer");
  await peer.send("POST", "/usernames/claim", owner.claim("ann"));
  await world.time.sleep(STALE_MAX);
  const [path, body, ok] = use(owner);
  const uses = PLACES.flatMap((place) =>
    Array.from({ length: 4 }, (_, i) => ({ place, after: world.random.whole(0, 30_000 * i) })),
  );
  const start = world.time.now;
  world.mayFail = true;
  await Promise.all(
    uses.map(async (one) => {
      await world.time.sleep(one.after);
      Object.assign(one, await peer.send("POST", path, body, one.place));
    }),
  );
  const accepted = uses.filter(({ status }) => status === ok);
  const first = Math.min(...accepted.map(({ answered }) => answered));
  // Two of one moment are one fact, which the store takes once.
  const collided = uses.filter(({ status }) => status === 503);
  for (const one of collided)
    assert.ok(
      accepted.some(({ arrived }) => arrived === one.arrived),
      "nothing else fails",
    );
  for (const { place, status, json, arrived } of uses.filter((one) => !collided.includes(one))) {
    if (status === ok) assert.ok(arrived < first + STALE_MAX, "let through when it had to be seen");
    else assert.deepEqual([status, json.error], [409, "Signature already used"]);
    const refused = uses.find((other) => other.place === place && other.status === 409);
    if (refused && arrived > refused.answered) assert.notEqual(status, ok, "seen, and forgotten");
  }
  for (const place of PLACES) {
    await world.time.sleep(Math.max(0, first + STALE_MAX - world.time.now));
    assert.equal((await peer.send("POST", path, body, place)).status, 409);
  }
  const latest = Math.max(...accepted.map(({ arrived }) => arrived)) - start;
  return { uses: uses.length - 1, again: accepted.length - 1, latest, collided: collided.length };
}

describe("a handshake under a topic, between two places over Workers KV", () => {
  test(`succeeds in every one of ${RACES} interleavings`, async (t) => {
    const costs = [[], []];
    for (let seed = 0; seed < RACES; seed++) {
      const wait = seed % 2 === 1;
      const world = new World(seed, ["a", "b"], MOODS[seed % MOODS.length]);
      const plan = makePlan(world, wait);
      costs[Number(wait)].push(await world.run(() => offerHandshake(world, plan)));
      assert.equal(world.kv.counts.refused, 0, "writes that the store refused");
    }
    printCosts(t, "asks each second", costs[0]);
    printCosts(t, "waits, with since", costs[1]);
  });
});

describe("a request with wait=5 that brings nothing", () => {
  const NEVER = Date.UTC(3000);
  for (const [what, answered, side, path, most = 5] of [
    ["answers to offers", true, "offerer", () => `/offers/answers?since=${NEVER}&wait=5`],
    // Each look takes two: whether the offer is answered, and whether it is still there.
    ["candidates before the answer", false, "offerer", (id) => `${candidatesPath(id)}?wait=5`, 6],
    ["the offerer's candidates", true, "answerer", (id) => `${candidatesPath(id)}?wait=5`],
    ["the answerer's candidates", true, "offerer", (id) => `${candidatesPath(id)}?wait=5`],
  ])
    test(`costs no more than ${most} KV reads: ${what}`, async () => {
      const world = new World(1, ["a"], KIND);
      await world.run(async () => {
        const offerer = await Peer.enter(world, "a", "offerer");
        const answerer = await Peer.enter(world, "a", "answerer");
        const offers = [{ sdp: LARGE, topics: ["meeting"] }];
        const { json } = await offerer.send("POST", "/offers", { offers });
        const [{ id }] = json.offers;
        if (answered) await answerer.send("POST", `/offers/${id}/answer`, { sdp: LARGE });
        const before = { ...world.kv.counts };
        const start = world.time.now;
        const peer = side === "offerer" ? offerer : answerer;
        const { status } = await peer.send("GET", path(id));
        assert.equal(status, 200);
        const { get, list, put } = world.kv.counts;
        assert.ok(world.time.now - start > 2000, "it waited");
        const reads = get + list - before.get - before.list;
        assert.ok(reads <= most, `${list - before.list} lists and ${get - before.get} gets`);
        assert.equal(put, before.put);
      });
    });
});

function printCosts(t, title, costs) {
  const of = (name) => figures(costs, name);
  t.diagnostic(row(`${title} (${costs.length})`, ["median", "p95", "max"]));
  const seconds = of("took").map((ms) => (ms / 1000).toFixed(1));
  t.diagnostic(row("  s until both have everything", seconds));
  t.diagnostic(row("  lists", of("list")));
  t.diagnostic(row("  reads (calls)", of("get")));
  t.diagnostic(row("  reads (keys)", of("keys")));
  t.diagnostic(row("  writes", of("put")));
  t.diagnostic(row("  404 and 403 for what is not yet visible", of("notYet")));
  t.diagnostic(row("  candidates that came later than later ones", of("late")));
}
