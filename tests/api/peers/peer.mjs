// What the tests of peers share: peers who publish, find and answer offers, and what is in lists.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, assertError } from "../helpers.mjs";

export const MB = 1024 * 1024; // bytes: what a body may have
export const SDP_MAX = 65_536; // bytes
export const LIFE = { default: 60_000, min: 60_000, max: 86_400_000 }; // ms

export const NO_OFFER = "Offer not found or expired";
export const MISSING = "Missing Authorization header";
export const FORMAT = "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}";
export const WRONG = "Invalid credentials";
export const OWN = "Cannot answer your own offer";
export const TAKEN = "Offer already answered";
export const SECRET = "Invalid or missing secret";
export const TOO_MANY_OFFERS = "Too many open offers";
export const TOO_MANY_CANDIDATES = "Too many candidates";

/** A name under which nobody else has anything. */
export const randomTopic = (start = "topic") => `${start}-${randomBytes(8).toString("hex")}`;
export const idsOf = (offers) => offers.map((offer) => offer.id);
export const sorted = (texts) => [...texts].toSorted();
/** Waits for the clock that the server reads too. */
export const until = (time) => sleep(Math.max(0, time - Date.now()) + 20);

export function assertStatus(answer, status) {
  assert.equal(answer.status, status, answer.text.slice(0, 500));
  return answer;
}

/** 400, and the sentence says where. */
export function assertField(answer, path) {
  assertError(answer, 400);
  assert.ok(answer.body.error.includes(path), `${path}: ${answer.body.error}`);
}

/** The path of a route under one offer. */
const under = (id, rest) => `/offers/${id}${rest}`;

/** Somebody who has registered, or says so. */
export class Peer {
  constructor(api, id, secret) {
    Object.assign(this, { api, id, secret });
  }

  static async register(api = new Api("peers")) {
    const { body } = assertStatus(await api.post("/register"), 200);
    return new Peer(api, body.peerId, body.secret);
  }

  /** The same calls with another id, secret or caller. */
  but(changes) {
    const { api, id, secret } = { ...this, ...changes };
    return new Peer(api, id, secret);
  }

  get headers() {
    return { Authorization: `Bearer ${this.id}:${this.secret}` };
  }

  get(path) {
    return this.api.get(path, this.headers);
  }

  post(path, body) {
    return this.api.post(path, body, this.headers);
  }

  /** Publishes, whatever comes of it. @param {object[]} offers */
  publish(...offers) {
    return this.post("/offers", { offers: offers.map((offer) => ({ sdp: "an offer", ...offer })) });
  }

  /** Publishes. @returns {Promise<any[]>} as the answer has them */
  async offers(...offers) {
    return assertStatus(await this.publish(...offers), 201).body.offers;
  }

  async offer(fields = {}) {
    return (await this.offers(fields))[0];
  }

  /** One after the other, each in a millisecond of its own. */
  async offersInTurn(...offers) {
    const made = [];
    for (const fields of offers) {
      made.push(await this.offer(fields));
      await until(made.at(-1).createdAt);
    }
    return made;
  }

  delete(id) {
    return this.api.del(under(id, ""), { headers: this.headers });
  }

  answer(id, fields = {}) {
    return this.post(under(id, "/answer"), { sdp: "an answer", ...fields });
  }

  /** Answers. @returns {Promise<number>} when */
  async answered(id, fields) {
    return assertStatus(await this.answer(id, fields), 200).body.answeredAt;
  }

  /** Leaves candidates, whatever comes of it. */
  trickle(id, ...candidates) {
    return this.post(under(id, "/ice-candidates"), { candidates });
  }

  async trickled(id, ...candidates) {
    const { body } = assertStatus(await this.trickle(id, ...candidates), 200);
    assert.deepEqual(body, {
      offerId: id,
      candidatesAdded: candidates.length,
      count: candidates.length,
    });
  }

  candidates(id, query = "") {
    return this.get(under(id, `/ice-candidates${query}`));
  }

  /** What the other side left. */
  async received(id, query) {
    const { body } = assertStatus(await this.candidates(id, query), 200);
    assert.equal(body.offerId, id);
    return body.candidates;
  }

  async mine(query = "") {
    const { body } = assertStatus(await this.get(`/offers/mine${query}`), 200);
    assert.equal(body.peerId, this.id);
    return body.offers;
  }

  async answers(query = "") {
    return assertStatus(await this.get(`/offers/answers${query}`), 200).body.answers;
  }
}

/** Two peers, and an offer of the first that the second has answered. */
export async function pair({ api, ...fields } = {}) {
  const [ann, bob] = [await Peer.register(api), await Peer.register(api)];
  const { id, expiresAt } = await ann.offer(fields);
  const answeredAt = await bob.answered(id, { secret: fields.secret });
  return { ann, bob, id, answeredAt, expiresAt };
}

const topicPath = (topic) => `/offers/by-topic/${encodeURIComponent(topic)}`;

/** A page of what is under a topic. */
export async function topicPage(topic, query = "", api = new Api("peers")) {
  const { body } = assertStatus(await api.get(topicPath(topic) + query), 200);
  assert.deepEqual([body.topic, body.returned], [topic, body.offers.length]);
  return body;
}

/** What is under a topic, as far as one answer tells. */
export const underTopic = async (topic, query, api) => (await topicPage(topic, query, api)).offers;

/**
 * Every page of a list, from the first on.
 * @param {(query: string) => Promise<any>} get
 * @returns {Promise<any[]>} their bodies
 */
export async function pagesOf(get, parameters = {}) {
  const bodies = [];
  for (let after; bodies.length < 1000;) {
    const query = new URLSearchParams({ ...parameters, ...(after && { after }) });
    const body = await get(`?${query}`);
    bodies.push(body);
    if (body.next === undefined) return bodies;
    assert.notEqual(body.next, after, "a list that does not go on");
    after = body.next;
  }
  assert.fail("a list without end");
}

/** Everything under a topic. */
export async function allUnderTopic(topic, parameters, api) {
  const pages = await pagesOf((query) => topicPage(topic, query, api), parameters);
  return pages.flatMap((body) => body.offers);
}
