// Who is here, and how this page meets them. While joined, one open session of this page is always
// published; whoever answers it becomes a peer, and a new session takes its place. Answering another
// page's session makes a peer too. There is at most one living peer for each person.

import { Peer } from "./peer.js";
import { connectedOf, isForgotten, newPerson, peersOf } from "./people.js";
import { explain, retryAfter } from "./http.js";
import { backoff, sleep } from "../common/util.js";
import { writeDescription } from "./wire.js";

/** Between two looks at who is there, in ms: while something is going on; and the most, else. */
const REFRESH = 2000;
const IDLE_REFRESH = 5000;
/** Each look that finds nothing new makes the pause longer by this, in ms. */
const SLOWER = 1000;
/** A session is renewed after this part of its life: lists on Workers KV may be a minute old. */
const RENEW_AT = 0.8;
/** An answered session is replaced when its connection is settled, at the latest after this. In ms. */
const REPLACE_AFTER = 3000;
/** A living connection older than this gives way to a new answer of the same person. In ms. */
const REPLACEABLE_AFTER = 10000;
/** When both answer: how long our own answer may still be on its way to the server. In ms. */
const CONTEST = 3000;
/** How often connecting moves on to the person's next session when somebody else was faster. */
const CONNECT_TRIES = 3;
/** How long connecting waits for that next session, in ms. */
const NEXT_SESSION = 5000;

/** @typedef {import("./peer.js").Context} Context */
/** @typedef {import("./peer.js").Who} Who */
/** @typedef {import("./signalling.js").Session} Session */
/** @typedef {import("./people.js").Person<Session>} Person their newest session */
/** @typedef {Pick<Context, "log" | "trouble" | "onMessage">} Surroundings */
/**
 * @typedef {object} LobbyEvents
 * @property {() => void} onChange something about `people` or the state is different
 * @property {(peer: Peer) => void} onPeer a peer changed its state
 */

export class Lobby {
  /** @type {Map<string, Person>} by id, in the order in which they were first seen */
  people = new Map();

  /** @type {Context} */
  #context;
  #api;
  #topic;
  #info;
  #events;
  #left = new AbortController();
  /** @type {Set<Peer>} every offering peer that is not yet connected */
  #offers = new Set();
  /** @type {Set<string>} codes that this page has answered or found taken */
  #used = new Set();
  /** @type {{code: string, publishedAt: number, lifetime: number, renew: () => void} | null} */
  #open = null;
  /** @type {Promise<void> | null} */
  #refreshing = null;
  /** The codes that the last look found. */
  #listed = "";
  #quietLooks = 0;

  /**
   * @param {import("./signalling.js").Signalling} api
   * @param {Surroundings} surroundings
   * @param {LobbyEvents} events
   * @param {{topic: string, info: string, servers: RTCIceServer[]}} options `info`: how this page
   *   calls itself on the server
   */
  constructor(api, surroundings, events, { topic, info, servers }) {
    this.#api = api;
    this.#topic = topic;
    this.#info = info;
    this.#events = events;
    this.#context = {
      ...surroundings,
      line: api,
      servers,
      write: (description) => writeDescription(description, info),
      identify,
      admit: (offer, who) => this.#admit(offer, who),
      onState: (peer) => this.#onState(peer),
    };
  }

  get joined() {
    return !this.#left.signal.aborted;
  }

  /** The peers that messages go to. */
  get connected() {
    return connectedOf(this.people.values());
  }

  /** Publishes the first session and begins to look around. Throws when the server refuses. */
  async join() {
    const first = await this.#publish();
    void this.#keepOpen(first);
    void this.#keepLooking();
  }

  /**
   * Withdraws what is open and closes every connection. What must reach the server is sent before
   * the first await, so that it also works while the page is being closed.
   */
  leave() {
    this.#left.abort();
    for (const offer of this.#offers) this.#withdraw(offer);
    for (const peer of [...this.#offers, ...peersOf(this.people.values())]) peer.close("You left.");
    this.#context.trouble("list", null);
    this.#context.trouble("publish", null);
    this.#context.trouble("poll", null);
  }

  /**
   * Answers the person's session, and when another was faster the next one.
   * @param {string} id
   */
  async connect(id) {
    const person = this.people.get(id);
    if (!person || person.seeking || person.peer?.alive) return;
    person.seeking = true;
    person.problem = "";
    this.#events.onChange();
    try {
      await this.#answerSomeSession(person);
    } finally {
      person.seeking = false;
      this.#events.onChange();
    }
  }

  /** @param {string} id */
  disconnect(id) {
    this.people.get(id)?.peer?.close("You disconnected.");
  }

  /**
   * @param {string} text
   * @returns {number} how many peers it went to
   */
  broadcast(text) {
    return this.connected.filter((peer) => peer.send(text)).length;
  }

  /** Looks who is there now. */
  refresh() {
    this.#refreshing ??= this.#look().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  // Being found

  async #publish() {
    const offer = new Peer(this.#context, "offerer");
    this.#offers.add(offer);
    const text = await offer.offer();
    try {
      offer.published(await this.#api.publish(this.#topic, this.#info, text));
    } catch (error) {
      offer.close("The session could not be published.");
      throw error;
    }
    if (!this.joined) this.#withdraw(offer);
    return offer;
  }

  /** @param {Peer} first */
  async #keepOpen(first) {
    /** @type {Peer | null} */
    let offer = first;
    let failures = 0;
    while (this.joined) {
      try {
        offer ??= await this.#publish();
        this.#context.trouble("publish", null);
        await this.#untilReplaceable(offer);
        failures = 0;
      } catch (error) {
        failures += 1;
        this.#context.trouble("publish", `You cannot be found at the moment. ${explain(error)}`);
        await sleep(Math.max(retryAfter(error), backoff(failures)), this.#left.signal);
      }
      offer = null;
    }
  }

  /**
   * Resolves when a new session should be published: this one was answered, is gone, or will expire
   * soon. In the last case it stays open until then, so that nobody who has just seen it is let down.
   * @param {Peer} offer
   */
  async #untilReplaceable(offer) {
    /** @type {Promise<void>} */
    const renewal = new Promise((renew) => {
      this.#open = { code: offer.code, publishedAt: performance.now(), lifetime: 0, renew };
    });
    const began = performance.now();
    const taken = offer.untilAnswered().then(async (outcome) => {
      this.#offers.delete(offer);
      if (outcome === "answered") {
        this.#offers.add(offer); // leaving before it is connected still withdraws it
        await Promise.race([offer.settled, sleep(REPLACE_AFTER, this.#left.signal)]);
      } else {
        this.#context.log("channel", "open session is gone");
        // A server that forgets at once must not be flooded with new sessions.
        await sleep(began + 500 - performance.now(), this.#left.signal);
      }
    });
    await Promise.race([taken, renewal]);
  }

  /** @param {Session} own */
  #considerRenewal(own) {
    if (own.code !== this.#open?.code) return;
    const { publishedAt, renew } = this.#open;
    const lifetime = own.expiresAt - own.createdAt; // a difference, for the clocks may disagree
    if (performance.now() - publishedAt > lifetime * RENEW_AT) renew();
  }

  /** @param {Peer} offer */
  #withdraw(offer) {
    if (!offer.code) return;
    // The session expires by itself should this fail, and there is nobody left to tell.
    this.#api.withdraw(offer.code).catch(() => {});
  }

  /**
   * Whether to go on with somebody who answered our session. When both sides answer each other at the
   * same time there are two half-made connections: both sides keep the one whose offerer has the
   * smaller id. Only the offerer can complete a connection, so the other one never opens.
   * @param {Peer} offer
   * @param {Who} who
   */
  async #admit(offer, who) {
    const rival = this.people.get(who.id)?.peer;
    if (rival?.alive) {
      // An answer that is still being sent after that was not taken: the place does not know the session.
      const answered = Promise.race([rival.answered, sleep(CONTEST)]);
      const contested = rival.side === "answerer" && (await answered) === "sent" && rival.alive;
      const age = rival.connectedAt > 0 ? performance.now() - rival.connectedAt : 0;
      if (contested && age < REPLACEABLE_AFTER && who.id < this.#info) {
        this.#context.log("channel", `both answered; keeping ${who.name}'s session`);
        return false;
      }
      if (rival.alive)
        this.#context.log("channel", `${who.name} answered again; keeping the new one`);
    }
    if (!this.joined) return false;
    const person = this.#person(who);
    person.peer = offer;
    person.endedAt = 0;
    person.problem = "";
    if (rival?.alive) rival.close("Replaced by a newer connection.");
    return true;
  }

  // Finding others

  async #keepLooking() {
    let failures = 0;
    while (this.joined) {
      let pause = REFRESH;
      try {
        if (!document.hidden) await this.refresh();
        if (failures > 0) this.#context.trouble("list", null);
        failures = 0;
        if (!this.#connecting) pause = Math.min(REFRESH + this.#quietLooks * SLOWER, IDLE_REFRESH);
      } catch (error) {
        if (!this.joined) return;
        failures += 1;
        this.#context.trouble("list", `Who is here is not known at the moment. ${explain(error)}`);
        pause = Math.max(pause, retryAfter(error), backoff(failures));
      }
      await sleep(pause, this.#left.signal);
    }
  }

  get #connecting() {
    return [...this.people.values()].some(
      ({ peer, seeking }) => seeking || (peer?.alive && peer.state !== "connected"),
    );
  }

  async #look() {
    const sessions = await this.#api.list(this.#topic, this.#left.signal);
    const listed = sessions.map(({ code }) => code).join();
    this.#quietLooks = listed === this.#listed ? this.#quietLooks + 1 : 0;
    this.#listed = listed;
    /** @type {Map<string, Session>} */
    const newest = new Map();
    for (const session of sessions) {
      const { id } = identify(session.info, session.code);
      if (id === this.#info) this.#considerRenewal(session);
      else if (!newest.has(id) && !this.#used.has(session.code)) newest.set(id, session);
    }
    for (const [id, session] of newest)
      this.#person(identify(session.info, session.code)).session = session;
    for (const [id, person] of this.people) if (!newest.has(id)) person.session = null;
    this.#forget();
    this.#events.onChange();
  }

  // Somebody who comes back (a reloaded tab) has a new id: the ended entry of that name makes room.
  #forget() {
    const here = [...this.people.values()].filter(({ session, peer }) => session || peer?.alive);
    const names = new Set(here.map(({ who }) => who.name));
    for (const [id, person] of this.people) {
      if (person.session || person.seeking || person.peer?.alive) continue;
      if (isForgotten(person) || names.has(person.who.name)) this.people.delete(id);
    }
  }

  /** @param {Who} who @returns {Person} */
  #person(who) {
    let person = this.people.get(who.id);
    if (!person) {
      person = newPerson(who);
      this.people.set(who.id, person);
    }
    return person;
  }

  /** @param {Person} person */
  async #answerSomeSession(person) {
    for (let tries = 0; tries < CONNECT_TRIES && this.joined; tries += 1) {
      const session = await this.#nextSession(person);
      if (person.peer?.alive || !this.joined) return;
      if (!session) break;
      this.#used.add(session.code);
      person.session = null;
      const peer = new Peer(this.#context, "answerer", person.who);
      person.peer = peer;
      const outcome = await peer.answer(session);
      if (outcome === "sent") await peer.settled;
      if (outcome !== "taken" && !peer.unread) return;
    }
    person.problem = `${person.who.name} is busy with others or has left. Try again in a moment.`;
    person.endedAt = performance.now();
  }

  /** @param {Person} person @returns {Promise<Session | null>} */
  async #nextSession(person) {
    const until = performance.now() + NEXT_SESSION;
    while (!person.session && performance.now() < until && this.joined) {
      await this.refresh().catch(() => {});
      if (!person.session) await sleep(500, this.#left.signal);
    }
    return person.session;
  }

  /** @param {Peer} peer */
  #onState(peer) {
    const person = this.people.get(peer.who.id);
    if (peer.connectedAt > 0 || !peer.alive) this.#offers.delete(peer);
    if (person?.peer === peer) {
      if (!peer.alive) person.endedAt = performance.now();
      if (!peer.alive) person.oldCode = person.session?.code ?? "";
      this.#events.onPeer(peer);
    }
    this.#events.onChange();
  }
}

/**
 * Who published a session. This page's info is the name, "#" and a tag that differs in every tab; other
 * programs may leave any text or none.
 * @param {string} info
 * @param {string} code
 * @returns {Who}
 */
export function identify(info, code) {
  if (!info) return { id: code, name: "Somebody" };
  return { id: info, name: info.replace(/#[^#]*$/, "") || info };
}
