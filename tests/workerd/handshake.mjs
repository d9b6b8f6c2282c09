// Two clients in two places who make a connection through the server, in an order that a seed decides.
//
// They do what the contract lets every client do: ask each second, or wait; try again after a 404, since a
// store that is eventual may not show a session yet even to the one who made it; send again what may have got lost.

import assert from "node:assert/strict";

export const CANDIDATES = 10; // a side
const ASK_EVERY = 1000; // ms
const PAUSE_MAX = 8000; // ms, after a 404
const LIFE = 300_000; // ms, of a session
const STALE_MAX = 60_000; // ms, of the store
const TOPIC = "/meeting";
const LARGE = " a=candidate and so on".repeat(150);

/** What this seed's two clients do and when. @param {import("./world.mjs").World} world @param {boolean} wait */
export function makePlan({ seed, random }, wait) {
  const client = (name) => ({
    name,
    wait: wait ? random.whole(1, 25) : undefined, // s
    startsAfter: random.whole(0, 15_000), // ms
    description: `${name}'s description ${seed}${random.chance(0.5) ? LARGE : ""}`,
    candidates: Array.from({ length: CANDIDATES }, (_, i) => `${name}'s candidate ${i} of ${seed}`),
    early: random.whole(0, CANDIDATES), // candidates that are sent before the answer
    atOnce: random.chance(0.3), // candidates are sent without waiting for one another's answer
    again: random.pick([0, 0.2]), // probability that a candidate is sent a second time
    pause: random.pick([1, 50, 2000]), // ms, at most, between two candidates
    pollsAfter: random.whole(0, 10_000), // ms
  });
  return { offerer: client("offerer"), answerer: client("answerer") };
}

/** @param {import("./world.mjs").World} world @param {ReturnType<typeof makePlan>} plan */
export async function handshake(world, plan) {
  const offerer = new Client(world, "a", plan.offerer);
  const answerer = new Client(world, "b", plan.answerer);
  const [start] = await Promise.all([offer(offerer, answerer), answer(answerer, offerer)]);
  const took = world.time.passed - start;
  const { get, keys, list, put } = world.kv.counts;
  const costs = { took, get, keys, list, put, notYet: offerer.notYet + answerer.notYet };

  // Once the stores agree: the same, and in order.
  await world.time.sleep(STALE_MAX);
  assert.ok(world.time.passed - start < LIFE, "there is time to look again");
  for (const [client, other] of [
    [offerer, answerer],
    [answerer, offerer],
  ]) {
    const { description, candidates } = await client.poll({});
    assert.equal(description, other.plan.description);
    other.checkOrder(candidates);
    const { json } = await client.ask("GET", `${TOPIC}/sessions`);
    assert.deepEqual(json.sessions, [], "an answered session is in no list");
  }
  assert.equal(world.kv.counts.refused, 0, "writes that the store refused");
  return costs;
}

async function offer(self, other) {
  await self.after(self.plan.startsAfter);
  const start = self.world.time.passed;
  const body = { info: self.plan.name, offer: self.plan.description };
  const { status, json } = await self.ask("POST", `${TOPIC}/offer`, body);
  assert.equal(status, 200);
  self.code = json.code;
  const { early, pollsAfter } = self.plan;
  const sent = self.sendCandidates(0, early);
  await self.after(pollsAfter);
  await self.pollUntil(({ description }) => description !== null);
  await sent;
  await self.sendCandidates(early, CANDIDATES);
  await self.finish(other);
  return start;
}

async function answer(self, other) {
  await self.after(self.plan.startsAfter);
  const session = await self.findSession();
  assert.equal(session.offer, other.plan.description);
  self.code = session.code;
  const { early, pollsAfter, description } = self.plan;
  await self.sendCandidates(0, early);
  await self.leave({ answer: description });
  const sent = self.sendCandidates(early, CANDIDATES);
  await self.after(pollsAfter);
  await self.finish(other);
  await sent;
}

class Client {
  code = "";
  /** Answers that said there is no such session, which there was */ notYet = 0;
  #seen = "0";
  /** When each candidate came to the server. @type {Map<string, {arrived: number, answered: number}>} */ #sent =
    new Map();

  constructor(world, place, plan) {
    Object.assign(this, { world, place, plan });
  }

  ask(method, path, body) {
    return this.world.call(this.place, method, path, body);
  }

  after(ms) {
    return this.world.time.sleep(ms);
  }

  /** All of them, each once, in order of arrival; those that were on their way together have none. */
  checkOrder(shown) {
    assert.deepEqual(shown.toSorted(), this.plan.candidates.toSorted());
    shown.reduce((before, candidate) => {
      const { answered } = this.#sent.get(candidate);
      assert.ok(before < answered, `${candidate} had come before those that are shown before it`);
      return Math.max(before, this.#sent.get(candidate).arrived);
    }, 0);
  }

  async findSession() {
    for (;;) {
      const { status, json } = await this.ask("GET", `${TOPIC}/sessions`);
      assert.equal(status, 200);
      if (json.sessions.length > 0) return json.sessions[0];
      await this.after(ASK_EVERY);
    }
  }

  /** Asks until the session is there, each time a little later. */
  async askForSession(path, body) {
    for (let pause = ASK_EVERY; ; pause = Math.min(2 * pause, PAUSE_MAX)) {
      const reply = await this.ask("POST", path, {
        code: this.code,
        side: this.plan.name,
        ...body,
      });
      if (reply.status === 200) return reply;
      assert.equal(reply.status, 404, JSON.stringify(reply.json));
      this.notYet++;
      await this.after(pause);
    }
  }

  leave(what) {
    return this.askForSession("/answer", what);
  }

  async sendCandidates(from, to) {
    const { candidates, atOnce, pause } = this.plan;
    const sent = [];
    for (const candidate of candidates.slice(from, to)) {
      sent.push(this.#sendCandidate(candidate));
      if (!atOnce) await sent.at(-1);
      await this.after(this.world.random.whole(1, pause));
    }
    await Promise.all(sent);
  }

  async #sendCandidate(candidate) {
    this.#sent.set(candidate, await this.leave({ candidate }));
    if (this.world.random.chance(this.plan.again)) await this.leave({ candidate });
  }

  /** What the other side left. @param {{wait?: number, seen?: string}} how */
  async poll(how) {
    const { json } = await this.askForSession("/poll", how);
    const offerer = this.plan.name === "offerer";
    const candidates = offerer ? json.answerCandidates : json.offerCandidates;
    assert.equal(new Set(candidates).size, candidates.length, "no candidate is doubled");
    this.#seen = json.seen;
    return { description: offerer ? json.answer : json.offer, candidates };
  }

  /** Polls until there is what was hoped for. */
  async pollUntil(enough) {
    const { wait } = this.plan;
    for (;;) {
      const found = await this.poll(wait ? { wait, seen: this.#seen } : {});
      if (enough(found)) return found;
      if (!wait) await this.after(ASK_EVERY);
    }
  }

  /** Polls until everything of the other side is there. */
  async finish(other) {
    const isAll = ({ description, candidates }) =>
      description !== null && candidates.length === CANDIDATES;
    this.#seen = "0";
    const { description, candidates } = await this.pollUntil(isAll);
    assert.equal(description, other.plan.description);
    assert.deepEqual(candidates.toSorted(), other.plan.candidates.toSorted());
  }
}
