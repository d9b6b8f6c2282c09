// A service of this page: a name claimed, an FQN published under it, and a pool of offers that
// callers answer. An answered offer becomes a connection, and a new one takes its place; before all
// of them expire the service is published again, which renews the name too.

import { backoff, sleep } from "../common/util.js";
import { explain, isGone, retryAfter, SignallingError } from "./http.js";
import { Peer } from "./peer.js";
import { connectedOf, isForgotten, newPerson, peersOf } from "./people.js";

/** So many callers can call at the same moment. */
export const POOL = 4;
/** How long a service lives unless it is published again, in ms. */
const LIFETIME = 300000;
/** It is published again after this part of its life. */
const RENEW_AT = 0.8;
/** An offer that was replaced may have been answered just before: it is kept this long. In ms. */
const RETIREMENT = 10000;

/** @typedef {import("./people.js").Person} Person */
/** @typedef {import("./peer.js").Context} Context */
/** @typedef {import("./offers-line.js").OffersLine} OffersLine */
/** @typedef {Pick<Context, "servers" | "log" | "trouble" | "onMessage"> & {line: OffersLine}} Surroundings */
/**
 * @typedef {object} Plan what is published
 * @property {string} username
 * @property {string} fqn name@version
 * @property {boolean} isPublic
 */
/** @typedef {{onChange: () => void, onPeer: (peer: Peer) => void}} Events */

export class Publisher {
  /** Callers by the offer that they answered. @type {Map<string, Person>} */
  people = new Map();
  /** Empty until it is published. */
  uuid = "";

  #api;
  #identity;
  #events;
  #line;
  /** @type {Context} */
  #context;
  #stopped = new AbortController();
  #serviceId = "";
  /** How long the service lives from when it was published, in ms. */
  #lifetime = LIFETIME;
  /** Open offers by id. @type {Map<string, Peer>} */
  #pool = new Map();
  /** Those that were replaced. @type {Map<string, Peer>} */
  #retired = new Map();
  #filling = false;

  /**
   * @param {import("./services-api.js").ServicesApi} api
   * @param {import("./identity.js").Identity} identity
   * @param {Surroundings} surroundings
   * @param {Events} events
   * @param {Plan} plan
   */
  constructor(api, identity, surroundings, events, plan) {
    this.#api = api;
    this.#identity = identity;
    this.#events = events;
    this.#line = surroundings.line;
    this.plan = plan;
    this.#context = {
      ...surroundings,
      hello: plan.username,
      write: ({ sdp = "" }) => sdp,
      identify: (_info, code) => this.people.get(code)?.who ?? { id: code, name: "caller" },
      admit: async () => !this.#stopped.signal.aborted,
      onState: (peer) => this.#onState(peer),
    };
  }

  /** How many offers are open. */
  get open() {
    return this.#pool.size;
  }

  /** Claims the name, publishes the service, and begins to take calls. Throws when the server refuses. */
  async start() {
    const { username } = this.plan;
    const { publicKey } = this.#identity;
    await this.#api.register(); // first: without it the name would be held for nothing
    const signed = await this.#identity.sign(`claim:${username}`);
    await this.#api.claim({ username, publicKey, ...signed });
    await this.#publish();
    void this.#takeCalls();
    void this.#keepPublished();
  }

  /** Takes the service back and closes every connection. */
  stop() {
    this.#stopped.abort();
    // It expires by itself should this fail, and there is nobody left to tell.
    if (this.#serviceId) this.#api.unpublish(this.#serviceId, this.plan.username).catch(() => {});
    const offers = [...this.#pool.values(), ...this.#retired.values()];
    for (const peer of [...offers, ...peersOf(this.people.values())]) peer.close("You stopped.");
    for (const what of ["publish", "answers", "poll"]) this.#context.trouble(what, null);
  }

  /** @param {string} text @returns {number} how many callers it went to */
  broadcast(text) {
    return connectedOf(this.people.values()).filter((peer) => peer.send(text)).length;
  }

  // The pool of offers

  async #publish() {
    const { username, fqn: serviceFqn, isPublic } = this.plan;
    const peers = Array.from({ length: POOL }, () => new Peer(this.#context, "offerer"));
    try {
      const offers = await this.#describe(peers);
      const signed = await this.#identity.sign(`publish:${username}:${serviceFqn}`);
      const body = { username, serviceFqn, offers, ttl: LIFETIME, isPublic, ...signed };
      const published = await this.#api.publish(body);
      void this.#retire();
      this.uuid = published.uuid;
      this.#serviceId = published.serviceId;
      const [first] = published.offers;
      // A difference, for the clocks may disagree.
      if (first) this.#lifetime = first.expiresAt - first.createdAt;
      this.#add(
        peers,
        published.offers.map(({ offerId }) => offerId),
      );
    } catch (error) {
      for (const peer of peers) peer.close("");
      throw error;
    }
    if (this.#stopped.signal.aborted) this.stop();
  }

  /** @param {Peer[]} peers */
  #describe(peers) {
    return Promise.all(peers.map(async (peer) => ({ sdp: await peer.offer() })));
  }

  /** @param {Peer[]} peers @param {string[]} ids in the same order */
  #add(peers, ids) {
    for (const [index, peer] of peers.entries()) {
      const id = ids[index];
      if (!id) return peer.close("");
      this.#pool.set(id, peer);
      peer.published(id);
    }
    this.#events.onChange();
  }

  // What is published again replaces the offers that are open.
  async #retire() {
    const old = [...this.#pool];
    this.#pool.clear();
    for (const [id, peer] of old) this.#retired.set(id, peer);
    await sleep(RETIREMENT, this.#stopped.signal);
    for (const [id, peer] of old) if (this.#retired.delete(id)) peer.close("");
  }

  /** New offers take the place of those that were answered. */
  async #fill() {
    if (this.#filling) return;
    this.#filling = true;
    for (let failures = 0; this.open < POOL && !this.#stopped.signal.aborted;) {
      const peers = Array.from(
        { length: POOL - this.open },
        () => new Peer(this.#context, "offerer"),
      );
      try {
        const serviceId = this.#serviceId;
        const offers = (await this.#describe(peers)).map((offer) => ({
          ...offer,
          serviceId,
          ttl: LIFETIME,
        }));
        this.#add(
          peers,
          (await this.#api.offer(offers)).map(({ id }) => id),
        );
        this.#context.trouble("publish", null);
      } catch (error) {
        for (const peer of peers) peer.close("");
        failures += 1;
        this.#complain(error);
        if (isGone(error)) break; // published elsewhere
        await sleep(Math.max(retryAfter(error), backoff(failures)), this.#stopped.signal);
      }
    }
    this.#filling = false;
  }

  async #keepPublished() {
    const { signal } = this.#stopped;
    for (let failures = 0; ;) {
      const pause = failures > 0 ? backoff(failures) : this.#lifetime * RENEW_AT;
      await sleep(pause, signal);
      if (signal.aborted) return;
      try {
        await this.#publish();
        failures = 0;
        this.#context.trouble("publish", null);
      } catch (error) {
        failures += 1;
        this.#complain(error);
      }
    }
  }

  /** @param {unknown} error */
  #complain(error) {
    if (this.#stopped.signal.aborted) return;
    const why = isGone(error)
      ? "Another page has published this service since. Stop one of them."
      : explain(error);
    this.#context.trouble("publish", `New callers may not get through. ${why}`);
  }

  // Callers

  async #takeCalls() {
    const { signal } = this.#stopped;
    const { trouble } = this.#context;
    try {
      const calls = this.#line.answers(signal, (error) =>
        trouble("answers", error && `${explain(error)} Trying again.`),
      );
      for await (const answers of calls) for (const answer of answers) this.#take(answer);
    } catch (error) {
      const lost = error instanceof SignallingError && error.status === 401;
      const why = lost ? "The server does not know this page any more." : explain(error);
      trouble("answers", `Nobody can call any more. ${why} Stop, and publish again.`);
    }
  }

  /** @param {import("./services-api.js").Answer} answer */
  #take({ offerId, answererId, sdp }) {
    const peer = this.#pool.get(offerId) ?? this.#retired.get(offerId);
    if (!peer) return;
    this.#pool.delete(offerId);
    this.#retired.delete(offerId);
    for (const [id, person] of this.people) if (isForgotten(person)) this.people.delete(id);
    const who = { id: offerId, name: `caller ${answererId.slice(0, 4)}` };
    this.people.set(offerId, { ...newPerson(who), peer });
    void peer.accept(sdp, []).then((welcome) => {
      if (!welcome) peer.close("The answer was of no use.");
    });
    void this.#fill();
    this.#events.onChange();
  }

  /** @param {Peer} peer */
  #onState(peer) {
    const person = this.people.get(peer.code);
    if (person?.peer !== peer) return;
    person.who = peer.who;
    if (!peer.alive) person.endedAt = performance.now();
    this.#events.onPeer(peer);
    this.#events.onChange();
  }
}
