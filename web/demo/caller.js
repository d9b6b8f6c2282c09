// A call to a service: found by name and versions, or known by its UUID. One of its offers is
// answered, and when another caller was faster, the next one.

import { sleep } from "../common/util.js";
import { SignallingError } from "./http.js";
import { Peer } from "./peer.js";
import { connectedOf, newPerson } from "./people.js";

/** How often calling moves on to another offer when somebody else was faster. */
const TRIES = 3;
/** How long it is worth waiting for a free offer: whoever publishes adds new ones at once. In ms. */
const PATIENCE = 3000;

/** @typedef {import("./people.js").Person} Person */
/** @typedef {import("./services-api.js").Service} Service */
/** @typedef {{username: string, range: string} | {uuid: string}} Target */

export class Caller {
  /** The one who is called, once that is known. @type {Map<string, Person>} */
  people = new Map();
  /** @type {Service | null} */
  service = null;

  #api;
  #events;
  #explain;
  #target;
  /** @type {import("./peer.js").Context} */
  #context;
  #stopped = new AbortController();

  /**
   * @param {import("./services-api.js").ServicesApi} api
   * @param {import("./publisher.js").Surroundings} surroundings
   * @param {import("./publisher.js").Events & {explain: (error: unknown) => string}} events
   * @param {{name: string, target: Target}} plan
   */
  constructor(api, surroundings, { explain, ...events }, { name, target }) {
    this.#api = api;
    this.#events = events;
    this.#explain = explain;
    this.#target = target;
    this.#context = {
      ...surroundings,
      hello: name,
      write: ({ sdp = "" }) => sdp,
      identify: (_info, code) => ({ id: code, name: "" }),
      admit: async () => true,
      onState: (peer) => this.#onState(peer),
    };
  }

  /** Finds the service and calls it. Throws when there is none to call. */
  async start() {
    await this.#api.register();
    const target = this.#target;
    const uuid =
      "uuid" in target ? target.uuid : await this.#api.find(target.username, target.range);
    const service = await this.#freeOffer(uuid);
    if (this.#stopped.signal.aborted) return;
    const person = newPerson({ id: uuid, name: service.username });
    this.service = service;
    this.people.set(uuid, person);
    void this.#connect(person, service);
  }

  /** Calls again. */
  async again() {
    const [person] = this.people.values();
    if (person && !person.seeking && !person.peer?.alive) await this.#connect(person, null);
  }

  /** Hangs up, or stops calling. */
  stop() {
    this.#stopped.abort();
    for (const { peer } of this.people.values()) peer?.close("You hung up.");
    this.#context.trouble("poll", null);
  }

  /** @param {string} text @returns {number} how many it went to */
  broadcast(text) {
    return connectedOf(this.people.values()).filter((peer) => peer.send(text)).length;
  }

  /**
   * The service with an offer that nobody has answered yet.
   * @param {string} uuid
   * @returns {Promise<Service>}
   */
  async #freeOffer(uuid) {
    const until = performance.now() + PATIENCE;
    for (;;) {
      try {
        return await this.#api.service(uuid);
      } catch (error) {
        const taken = error instanceof SignallingError && error.status === 503 && error.retryAfter;
        if (!taken || performance.now() > until || this.#stopped.signal.aborted) throw error;
        await sleep(error.retryAfter * 1000, this.#stopped.signal);
      }
    }
  }

  /** @param {Person} person @param {Service | null} first an offer to begin with */
  async #connect(person, first) {
    person.seeking = true;
    person.problem = "";
    this.#events.onChange();
    try {
      await this.#answerSomeOffer(person, first);
    } catch (error) {
      person.problem = this.#explain(error);
      person.endedAt = performance.now();
    }
    person.seeking = false;
    // It can be called again, which is no sign that anybody is there.
    person.session = { code: person.who.id };
    person.oldCode = person.who.id;
    this.#events.onChange();
  }

  /** @param {Person} person @param {Service | null} first */
  async #answerSomeOffer(person, first) {
    const { signal } = this.#stopped;
    for (let tries = 0; tries < TRIES && !signal.aborted; tries += 1) {
      const { offerId, sdp } = (tries === 0 && first) || (await this.#freeOffer(person.who.id));
      if (signal.aborted) return;
      const peer = new Peer(this.#context, "answerer", person.who);
      person.peer = peer;
      const outcome = await peer.answer({ code: offerId, offer: sdp, offerCandidates: [] });
      if (outcome === "sent") await peer.settled;
      if (outcome !== "taken" && !peer.unread) return;
    }
    if (signal.aborted) return;
    person.problem = `Others were faster each time. Call ${person.who.name} again in a moment.`;
    person.endedAt = performance.now();
  }

  /** @param {Peer} peer */
  #onState(peer) {
    const person = [...this.people.values()].find((one) => one.peer === peer);
    if (person) {
      if (!peer.alive) person.endedAt = performance.now();
      this.#events.onPeer(peer);
    }
    this.#events.onChange();
  }
}
