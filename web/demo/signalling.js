// Topics and sessions on the signalling server, one method for each route. Offers, answers and
// candidates are opaque texts to the server and stay opaque in this file.

import { SignallingError } from "./http.js";
import { Push, wayOf } from "./push.js";

/** How long one poll asks the server to wait for news, in seconds. */
const POLL_WAIT = 5;
/** A place may not know a session yet that was made, or first seen listed, less than this ago. In ms. */
const SPREADING = 60000;

/** @typedef {import("./peer.js").Side} Side */
/** @typedef {import("./peer.js").News} News */
/**
 * @typedef {object} Session an open session, as GET /:topic/sessions lists it
 * @property {string} code
 * @property {string} info
 * @property {string} offer
 * @property {string[]} offerCandidates
 * @property {number} createdAt epoch ms on the server's clock
 * @property {number} expiresAt epoch ms on the server's clock
 */
/**
 * @typedef {object} Sight a session that may still be unknown to the place that is asked
 * @property {number} since when it was made or first seen listed, in ms of performance.now()
 * @property {number} expiresAt epoch ms on the server's clock; Infinity until it is seen listed
 * @property {boolean} ours whether this page published or answered it; others are dropped once unlisted
 */

/**
 * @typedef {object} Left what is known of what the other side has left
 * @property {string} seen what the server calls it
 * @property {number} amount
 * @property {News | null} pushed what has not been taken yet
 */

/** @typedef {import("./peer.js").Line} Line */

/** @implements {Line} */
export class Signalling {
  /** A request carries one candidate. */
  batch = 1;

  #http;
  #changed;
  /** @type {Map<string, Sight>} by code */
  #sights = new Map();
  /** Sessions that are followed, by code. @type {Map<string, {push: Push, left: Left}>} */
  #exchanges = new Map();

  /** @param {import("./http.js").Http} http @param {() => void} changed the way is another */
  constructor(http, changed) {
    this.#http = http;
    this.#changed = changed;
  }

  /** How news come at the moment. */
  get way() {
    return wayOf([...this.#exchanges.values()].map(({ push }) => push));
  }

  /**
   * The newest open sessions of a topic.
   * @param {string} topic
   * @param {AbortSignal} signal
   * @returns {Promise<Session[]>}
   */
  async list(topic, signal) {
    const path = `/${encodeURIComponent(topic)}/sessions`;
    const { sessions } = await this.#http.request("GET", path, { query: "?limit=100", signal });
    if (!Array.isArray(sessions)) throw new SignallingError(502, "the answer holds no sessions");
    this.#see(sessions);
    return sessions;
  }

  /**
   * Opens a session; resolves to its code.
   * @param {string} topic
   * @param {string} info
   * @param {string} offer
   * @returns {Promise<string>}
   */
  async publish(topic, info, offer) {
    const path = `/${encodeURIComponent(topic)}/offer`;
    const { code } = await this.#http.request("POST", path, { body: { info, offer } });
    if (typeof code !== "string") throw new SignallingError(502, "the answer holds no code");
    this.#sights.set(code, { since: performance.now(), expiresAt: Infinity, ours: true });
    return code;
  }

  /** @param {string} code @param {string} answer @param {AbortSignal} signal stops trying again */
  async answer(code, answer, signal) {
    const sight = this.#sights.get(code);
    const body = { code, side: "answerer", answer };
    await this.#insist("/answer", { body, about: "answer", signal });
    if (sight) this.#sights.set(code, { ...sight, ours: true });
  }

  /**
   * @param {string} code
   * @param {Side} side
   * @param {string[]} candidates one
   * @param {AbortSignal} signal stops trying again
   */
  async candidates(code, side, [candidate], signal) {
    if (await this.#exchanges.get(code)?.push.post({ candidate }, "candidate")) return;
    const body = { code, side, candidate };
    await this.#insist("/answer", { body, about: "candidate", signal });
  }

  /**
   * Withdraws a session, even while the page is being closed.
   * @param {string} code
   */
  async withdraw(code) {
    this.#sights.delete(code);
    const path = `/sessions/${encodeURIComponent(code)}`;
    await this.#http.request("DELETE", path, { keepalive: true });
  }

  /**
   * Follows what the other side of a session leaves, until `signal` is aborted. Called again with the same
   * signal it goes on.
   * @param {string} code
   * @param {Side} side the caller's own side
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   * @returns {AsyncGenerator<News, void, void>}
   */
  follow(code, side, signal, trouble) {
    const { push, left } = this.#exchanges.get(code) ?? this.#begin(code, side, signal);
    const take = () => {
      const { pushed } = left;
      left.pushed = null;
      return pushed;
    };
    const look = async (/** @type {AbortSignal} */ untilOpen) => {
      const { seen } = left;
      const body = { code, side, wait: POLL_WAIT, ...(seen && { seen }) };
      const options = { body, signal: untilOpen, wait: POLL_WAIT * 1000 };
      return newsIn(await this.#insist("/poll", options), side, left);
    };
    return push.follow(take, look, signal, trouble);
  }

  /** @param {string} code @param {Side} side @param {AbortSignal} signal */
  #begin(code, side, signal) {
    const path = `/sessions/${encodeURIComponent(code)}/socket`;
    /** @type {Left} */
    const left = { seen: "", amount: 0, pushed: null };
    const query = () => left.seen && `?seen=${encodeURIComponent(left.seen)}`;
    const address = { path, query, credential: `side.${side}` };
    const hear = (/** @type {Record<string, any>} */ message) => {
      left.pushed = newsIn(message, side, left) ?? left.pushed;
    };
    const push = new Push(this.#http, address, hear, this.#changed, signal);
    const exchange = { push, left };
    this.#exchanges.set(code, exchange);
    signal.addEventListener("abort", () => this.#exchanges.delete(code));
    return exchange;
  }

  /** @param {Session[]} listed */
  #see(listed) {
    const codes = new Set(listed.map(({ code }) => code));
    for (const [code, { ours, expiresAt }] of this.#sights)
      if (ours ? Date.now() > expiresAt : !codes.has(code)) this.#sights.delete(code);
    for (const { code, expiresAt } of listed) {
      const { since = performance.now(), ours = false } = this.#sights.get(code) ?? {};
      this.#sights.set(code, { since, expiresAt, ours });
    }
  }

  /** @param {string} code @returns {boolean} whether a 404 may only mean that it is not known yet */
  #mayAppear(code) {
    const sight = this.#sights.get(code);
    if (!sight) return false;
    return performance.now() - sight.since < SPREADING && Date.now() < sight.expiresAt;
  }

  /**
   * Posts about a session, again and again while it may not be known there yet.
   * @param {string} path
   * @param {import("./http.js").RequestOptions & {body: {code: string}, signal: AbortSignal}} options
   */
  #insist(path, options) {
    const early = (/** @type {number} */ status) =>
      status === 404 && this.#mayAppear(options.body.code);
    return this.#http.insist("POST", path, { ...options, early });
  }
}

/**
 * What the other side has left; null when that is nothing new.
 * @param {Record<string, any>} message an answer to POST /poll, or the same pushed
 * @param {Side} side
 * @param {Left} known is brought up to date
 * @returns {News | null}
 */
function newsIn(message, side, known) {
  const said = side === "offerer" ? message.answer : message.offer;
  const left = side === "offerer" ? message.answerCandidates : message.offerCandidates;
  const description = typeof said === "string" ? said : null;
  const candidates = Array.isArray(left) ? left : [];
  const amount = (description ? 1 : 0) + candidates.length;
  const more = amount > known.amount;
  known.seen = typeof message.seen === "string" ? message.seen : "";
  known.amount = Math.max(known.amount, amount);
  return more ? { description, candidates } : null;
}
