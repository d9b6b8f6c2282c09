// Topics and sessions on the signalling server, one method for each route. Offers, answers and
// candidates are opaque texts to the server and stay opaque in this file.

import { follow, SignallingError } from "./http.js";

/** How long one poll asks the server to wait for news, in seconds. */
const POLL_WAIT = 10;
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

/** @typedef {import("./peer.js").Line} Line */

/** @implements {Line} */
export class Signalling {
  /** A request carries one candidate. */
  batch = 1;

  #http;
  /** @type {Map<string, Sight>} by code */
  #sights = new Map();

  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this.#http = http;
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
   * Follows what the other side of a session leaves, until `signal` is aborted.
   * @param {string} code
   * @param {Side} side the caller's own side
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   * @returns {AsyncGenerator<News, void, void>}
   */
  follow(code, side, signal, trouble) {
    let seen = "";
    let known = 0;
    const look = async () => {
      const news = await this.#poll(code, side, seen, signal);
      seen = news.seen;
      const amount = (news.description ? 1 : 0) + news.candidates.length;
      const more = amount > known;
      known = Math.max(known, amount);
      return more ? news : null;
    };
    return follow(look, signal, trouble);
  }

  /**
   * @param {string} code @param {Side} side @param {string} seen @param {AbortSignal} signal
   * @returns {Promise<News & {seen: string}>}
   */
  async #poll(code, side, seen, signal) {
    const body = { code, side, wait: POLL_WAIT, ...(seen && { seen }) };
    const answer = await this.#insist("/poll", { body, signal, wait: POLL_WAIT * 1000 });
    const description = side === "offerer" ? answer.answer : answer.offer;
    const candidates = side === "offerer" ? answer.answerCandidates : answer.offerCandidates;
    return {
      description: typeof description === "string" ? description : null,
      candidates: Array.isArray(candidates) ? candidates : [],
      seen: typeof answer.seen === "string" ? answer.seen : "",
    };
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
