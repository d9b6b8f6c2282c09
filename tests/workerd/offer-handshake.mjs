// Two peers in two places who meet under a topic and make a connection through the server, in an order
// that a seed decides.
//
// They do what the contract lets every peer do: ask each second, or wait; try again while their place
// does not know the offer, or that they answered it; and, where they name what they have seen with
// `since`, look at everything once a wait has brought nothing, for what came late sorts before it.

import assert from "node:assert/strict";
import { Peer, STALE_MAX } from "./peers.mjs";

export const CANDIDATES = 10; // a side
const ASK_EVERY = 1000; // ms
const TTL = 900_000; // ms
const TOPIC = "meeting";
const LARGE = " a=candidate and so on".repeat(150);

/** What this seed's two peers do and when. @param {import("./world.mjs").World} world @param {boolean} wait */
export function makePlan({ seed, random }, wait) {
  const peer = (name) => ({
    name,
    wait: wait ? random.whole(1, 25) : 0, // s
    startsAfter: random.whole(0, 15_000), // ms
    sdp: `${name}'s description ${seed}${random.chance(0.5) ? LARGE : ""}`,
    candidates: Array.from({ length: CANDIDATES }, (_, i) => ({ candidate: `${name} ${i}`, seed })),
    together: random.whole(1, 3), // candidates that go in one request
    early: random.whole(0, CANDIDATES), // candidates of the offerer that are sent before the answer
    atOnce: random.chance(0.3), // candidates are sent without waiting for one another's answer
    pause: random.pick([1, 50, 2000]), // ms, at most, between two requests with candidates
  });
  return { offerer: peer("offerer"), answerer: peer("answerer") };
}

/** @param {import("./world.mjs").World} world @param {ReturnType<typeof makePlan>} plan */
export async function offerHandshake(world, plan) {
  const [offerer, answerer] = await Promise.all([
    Side.enter(world, "a", plan.offerer),
    Side.enter(world, "b", plan.answerer),
  ]);
  const [start] = await Promise.all([offer(offerer, answerer), answer(answerer, offerer)]);
  const took = world.time.passed - start;
  const { get, keys, list, put } = world.kv.counts;
  const late = offerer.late + answerer.late;
  const notYet = offerer.peer.notYet + answerer.peer.notYet;
  const costs = { took, get, keys, list, put, notYet, late };

  // Once the stores agree: the same, and in order.
  await world.time.sleep(STALE_MAX);
  assert.ok(world.time.passed - start < TTL, "there is time to look again");
  for (const [side, other] of [
    [offerer, answerer],
    [answerer, offerer],
  ]) {
    const { json } = await side.peer.send("GET", side.path);
    other.checkOrder(json.candidates);
    const { json: topic } = await side.peer.send("GET", `/offers/by-topic/${TOPIC}`);
    assert.deepEqual([topic.total, topic.offers], [0, []], "an answered offer is in no list");
  }
  return costs;
}

async function offer(self, other) {
  const { world, peer, plan } = self;
  await world.time.sleep(plan.startsAfter);
  const start = world.time.passed;
  const offers = [{ sdp: plan.sdp, topics: [TOPIC, "another"], ttl: TTL, info: plan.name }];
  const { status, json } = await peer.send("POST", "/offers", { offers });
  assert.equal(status, 201);
  self.id = json.offers[0].id;
  const sent = self.sendCandidates(0, plan.early);
  const { answererId, sdp, topics } = await self.beAnswered();
  assert.deepEqual([answererId, sdp], [other.peer.id, other.plan.sdp]);
  assert.deepEqual(topics, [TOPIC, "another"]);
  await sent;
  await Promise.all([self.sendCandidates(plan.early, CANDIDATES), self.receive(other)]);
  return start;
}

async function answer(self, other) {
  const { world, peer, plan } = self;
  await world.time.sleep(plan.startsAfter);
  const found = await self.find();
  assert.deepEqual([found.sdp, found.info], [other.plan.sdp, other.plan.name]);
  self.id = found.id;
  const path = `/offers/${self.id}/answer`;
  const { status } = await peer.until([404], "POST", path, { sdp: plan.sdp });
  assert.equal(status, 200);
  await Promise.all([self.sendCandidates(0, CANDIDATES), self.receive(other)]);
}

/** One of the two. */
class Side {
  id = "";
  /** Candidates that were seen with a time before that of others that had been seen. */ late = 0;
  /** When each candidate came to the server, and when that was done with it. @type {Map<string, any>} */
  #sent = new Map();

  static async enter(world, place, plan) {
    return new Side(await Peer.enter(world, place, plan.name), plan);
  }

  constructor(peer, plan) {
    Object.assign(this, { peer, plan, world: peer.world });
  }

  get path() {
    return `/offers/${this.id}/ice-candidates`;
  }

  /** Each once; those that came one after the other in that order; times that never fall. */
  checkOrder(shown) {
    const name = ({ candidate }) => candidate.candidate;
    const sent = this.plan.candidates.map(({ candidate }) => candidate);
    assert.deepEqual(shown.map(name).toSorted(), sent.toSorted());
    let before = { arrived: 0 };
    for (const item of shown) {
      assert.deepEqual([item.peerId, item.role], [this.peer.id, this.plan.name]);
      const times = this.#sent.get(name(item));
      assert.ok(before.arrived < times.answered, `${name(item)} had come before those before it`);
      before = times.arrived > before.arrived ? times : before;
    }
  }

  async find() {
    for (;;) {
      const { status, json } = await this.peer.send("GET", `/offers/by-topic/${TOPIC}`);
      assert.equal(status, 200);
      if (json.offers.length > 0) return json.offers[0];
      await this.world.time.sleep(ASK_EVERY);
    }
  }

  async beAnswered() {
    const query = this.plan.wait ? `?since=0&wait=${this.plan.wait}` : "";
    for (;;) {
      const { json } = await this.peer.send("GET", `/offers/answers${query}`);
      assert.ok(json.answers.length <= 1);
      if (json.answers.length === 1) return json.answers[0];
      if (!this.plan.wait) await this.world.time.sleep(ASK_EVERY);
    }
  }

  async sendCandidates(from, to) {
    const { candidates, together, atOnce, pause } = this.plan;
    const sent = [];
    for (let i = from; i < to; i += together) {
      sent.push(this.#leave(candidates.slice(i, Math.min(i + together, to))));
      if (!atOnce) await sent.at(-1);
      await this.world.time.sleep(this.world.random.whole(1, pause));
    }
    await Promise.all(sent);
  }

  async #leave(candidates) {
    const reply = await this.peer.until([403, 404], "POST", this.path, { candidates });
    assert.equal(reply.json.candidatesAdded, candidates.length);
    for (const { candidate } of candidates) this.#sent.set(candidate, reply);
  }

  /** Asks until everything of the other side is there. */
  async receive(other) {
    const { wait } = this.plan;
    const seen = new Map();
    for (let since = 0, everything = true; seen.size < CANDIDATES;) {
      const query = everything ? "" : `?since=${since}&wait=${wait}`;
      const { json } = await this.peer.until([403, 404], "GET", this.path + query);
      const names = json.candidates.map(({ candidate }) => candidate.candidate);
      assert.equal(new Set(names).size, names.length, "no candidate is doubled");
      for (const { candidate, createdAt } of json.candidates) {
        assert.ok(everything || !seen.has(candidate.candidate), "none is shown twice with since");
        if (!seen.has(candidate.candidate) && createdAt < since) this.late++;
        seen.set(candidate.candidate, candidate);
      }
      since = Math.max(since, ...json.candidates.map(({ createdAt }) => createdAt));
      if (!wait) await this.world.time.sleep(ASK_EVERY);
      // With `since` until that brings nothing, then without.
      everything = !wait || (!everything && names.length === 0);
    }
    const sort = (list) => list.map((item) => JSON.stringify(item)).toSorted();
    assert.deepEqual(sort([...seen.values()]), sort(other.plan.candidates));
  }
}
