// Streams of writes, one for each family: each notes what was acknowledged, and later holds what the server shows against it.
// A write that was not acknowledged may be there or not, but not in part.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { NO_SERVICE, Owner, service } from "../api/services/owner.mjs";
import { assertError } from "../api/helpers.mjs";
import { Peer, allUnderTopic, assertStatus, randomTopic, topicPage } from "../api/peers/peer.mjs";
import { assertDone, candidate, openRoom } from "../api/rooms/room.mjs";
import { TOPIC } from "./stage.mjs";

const DEADLINE = 30_000; // ms; what was not delivered is sent again within seconds
const LOOK_EVERY = 100; // ms
export const TTL = 3_600_000; // ms
const BATCH = 3; // candidates in one request
export const POOL = 5; // offers in one publication

/** Looks again until the check holds. @param {() => Promise<void>} check */
export async function eventually(check) {
  for (const until = Date.now() + DEADLINE; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(LOOK_EVERY);
    }
  }
}

const sorted = (texts) => [...texts].toSorted();

/** What was acknowledged, and perhaps the one write more that was not. */
function assertAcknowledged(there, done, doing) {
  const withLast = doing === undefined ? done : [...done, ...[doing].flat()];
  assert.deepEqual(there, there.length === done.length ? done : withLast);
}

/** Rooms: one after the other, each with a guest, an offer, candidates and an answer. */
export class Rooms {
  #rooms = [];

  constructor(api) {
    this.api = api;
  }

  async write() {
    const { made, host, stranger } = await openRoom(this.api);
    const room = { host, guest: undefined, status: "open", next: "joined", done: [], doing: [] };
    this.#rooms.push(room);
    const { body } = assertStatus(await stranger.join({ joinCode: made.joinCode }), 200);
    Object.assign(room, { guest: host.but({ token: body.guestToken }), status: "joined" });
    assertDone(await host.offer());
    for (let i = 0; i < BATCH; i++) await this.#leave(room, `batch ${i}`);
    room.next = "paired";
    assertDone(await room.guest.answer());
    room.status = "paired";
  }

  async #leave(room, name) {
    room.doing = Array.from({ length: BATCH }, (_, i) => `${name}.${i}`);
    assertDone(await room.host.candidate({ candidates: room.doing.map(candidate) }));
    room.done.push(...room.doing);
    room.doing = [];
  }

  async check() {
    for (const { host, guest, status, next, done, doing } of this.#rooms) {
      const room = await host.room();
      assert.ok([status, next].includes(room.status), `${room.status} after ${status}`);
      if (done.length > 0 || status === "paired") assert.notEqual(room.offer, null);
      assert.equal(room.answer !== null, room.status === "paired");
      const items = guest ? await guest.items() : [];
      assertAcknowledged(
        items.map((item) => item.candidate),
        done,
        doing,
      );
    }
  }
}

/** Sessions of one origin and topic: some stay open, some are answered, some withdrawn. */
export class Sessions {
  #sessions = new Map();

  constructor(api) {
    this.api = api.from();
  }

  async write() {
    const info = `peer ${this.#sessions.size}`;
    const session = { open: false, next: true, done: [], doing: undefined };
    const end = ["", "answered", "withdrawn"][this.#sessions.size % 3];
    this.#sessions.set(info, session);
    const code = (session.code = await this.api.offer(TOPIC, { info }));
    session.open = true;
    for (let i = 0; i < BATCH; i++) await this.#leave(session, `candidate ${i}`);
    session.next = end === "";
    if (end === "answered") assertStatus(await this.api.answer(code, "an answer"), 200);
    if (end === "withdrawn") assertStatus(await this.api.withdraw(code), 200);
    session.open = session.next;
  }

  async #leave(session, text) {
    session.doing = text;
    assertStatus(await this.api.candidate(session.code, "offerer", text), 200);
    session.done.push(text);
    session.doing = undefined;
  }

  async check() {
    const listed = new Map((await this.api.sessions(TOPIC)).map((entry) => [entry.info, entry]));
    for (const [info, { open, next, done, doing }] of this.#sessions) {
      assert.ok([open, next].includes(listed.has(info)), `${info}, after ${open}`);
      if (listed.has(info)) assertAcknowledged(listed.get(info).offerCandidates, done, doing);
    }
    await eventually(async () => {
      const count = listed.size;
      const expected = count === 0 ? [] : [{ topic: TOPIC, count, activePeers: count }];
      assert.deepEqual(await this.api.topics(`?startsWith=${TOPIC}`), expected);
    });
  }
}

/** A peer's publications of many offers each, under two topics; of each, one is answered and one deleted. */
export class Offers {
  topics = [randomTopic(), randomTopic()];
  #publications = [];

  constructor(api) {
    this.api = api;
  }

  async write() {
    this.ann ??= await Peer.register(this.api);
    this.bob ??= await Peer.register(this.api);
    const name = `publication ${this.#publications.length}`;
    const publication = { name, ids: [], answering: undefined, deleting: undefined };
    this.#publications.push(publication);
    const { topics } = this;
    const made = await this.ann.offers(
      ...Array.from({ length: POOL }, (_, i) => ({ sdp: `${name} ${i}`, topics, ttl: TTL })),
    );
    publication.ids = made.map(({ id }) => id);
    publication.answering = publication.ids[0];
    await this.bob.answered(publication.answering);
    publication.answered = true;
    publication.deleting = publication.ids[1];
    assertStatus(await this.ann.delete(publication.deleting), 200);
    publication.deleted = true;
  }

  async check() {
    if (!this.ann) return;
    const mine = await allMine(this.ann);
    for (const publication of this.#publications) this.#checkOne(publication, mine);
    const open = sorted(mine.filter(({ answered }) => !answered).map(({ id }) => id));
    for (const topic of this.topics) await eventually(() => this.#checkTopic(topic, open));
    const answered = (await this.ann.answers()).map(({ offerId }) => offerId);
    assert.deepEqual(sorted(answered), sorted(idsOf(mine.filter((offer) => offer.answered))));
  }

  #checkOne({ name, ids, answering, answered, deleting, deleted }, mine) {
    const there = mine.filter(({ sdp }) => sdp.startsWith(`${name} `));
    const gone = POOL - there.length;
    if (ids.length === 0) return assert.ok([0, POOL].includes(gone), `${gone} of ${name} missing`);
    const missing = ids.filter((id) => !there.some((offer) => offer.id === id));
    assert.deepEqual(missing, deleted || (deleting && gone > 0) ? [deleting] : []);
    const taken = there.filter((offer) => offer.answered).map(({ id }) => id);
    assert.deepEqual(taken, answered || (answering && taken.length > 0) ? [answering] : []);
  }

  async #checkTopic(topic, open) {
    const listed = await allUnderTopic(topic, {}, this.api);
    assert.deepEqual(sorted(idsOf(listed)), open);
    assert.equal((await topicPage(topic, "", this.api)).total, open.length);
    const topics = await this.api.topics(`?startsWith=${topic}`);
    const expected = open.length === 0 ? [] : [{ topic, count: open.length, activePeers: 1 }];
    assert.deepEqual(topics, expected);
  }
}

const idsOf = (offers) => offers.map(({ id }) => id);

async function allMine(peer) {
  const offers = [];
  for (let after = ""; after !== undefined;) {
    const { body } = assertStatus(await peer.get(`/offers/mine?limit=200&after=${after}`), 200);
    offers.push(...body.offers);
    after = body.next;
  }
  return offers;
}

/** A name's services, one version after the other; each third is unpublished. */
export class Services {
  #services = [];

  constructor(api) {
    this.api = api;
  }

  async write() {
    this.peer ??= await Peer.register(this.api);
    this.unclaimed ??= await Owner.unknown(this.api);
    if (!this.owner) assertStatus(await this.unclaimed.claim(), 200);
    this.owner = this.unclaimed;
    const fqn = `chat@${this.#services.length}.0.0`;
    const published = { fqn, there: false, next: true };
    this.#services.push(published);
    const offers = Array.from({ length: POOL }, (_, i) => ({ sdp: `${fqn} ${i}` }));
    const fields = { offers, sdp: undefined, ttl: TTL, isPublic: true };
    const { body } = assertStatus(await this.owner.publish(this.peer, fqn, fields), 201);
    Object.assign(published, { there: true, uuid: body.uuid });
    if (this.#services.length % 3 !== 0) return;
    published.next = false;
    assertStatus(await this.owner.unpublish(body.uuid, fqn), 200);
    published.there = false;
  }

  /** The name, its services, their offers and where they are found agree. */
  async check() {
    if (this.owner) await eventually(() => this.#checkAll());
  }

  async #checkAll() {
    assert.equal((await this.owner.status()).publicKey, this.owner.publicKey);
    const listed = (await this.owner.services()).map(({ serviceFqn }) => serviceFqn);
    const offered = (await allMine(this.peer)).map(({ sdp }) => sdp.split(" ")[0]);
    for (const { fqn, there, next, uuid } of this.#services) {
      assert.ok([there, next].includes(listed.includes(fqn)), fqn);
      const offers = offered.filter((name) => name === fqn).length;
      assert.equal(offers, listed.includes(fqn) ? POOL : 0, fqn);
      if (uuid) await this.#checkFound(fqn, uuid, listed.includes(fqn));
    }
  }

  async #checkFound(fqn, uuid, there) {
    const found = await this.owner.query(fqn);
    const handed = await service(this.api, uuid);
    if (!there) return [found, handed].map((answer) => assertError(answer, 404, NO_SERVICE));
    assert.equal(assertStatus(found, 200).body.uuid, uuid);
    assert.match(assertStatus(handed, 200).body.sdp, new RegExp(`^${fqn} `));
  }
}
