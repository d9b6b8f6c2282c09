// Offers as a line between two peers: an offer's id names a connection, both sides leave their
// candidates there, and each hears of the other's, as the offering side hears of answers. All of it comes
// through one socket, which is open while anything is followed.

import { SignallingError } from "./http.js";
import { Push, wayOf } from "./push.js";

/** How long one look asks the server to wait for news, in seconds. */
const WAIT = 5;
/** A place may not know an offer, or its answer, yet that is younger than this. In ms. */
const SPREADING = 15000;
/** How far a socket goes back behind the last news of the one before, whose order is only nearly that of time. In ms. */
const OVERLAP = 10000;

/** @typedef {import("./peer.js").Line} Line */
/** @typedef {import("./services-api.js").Answer} Answer */
/** @typedef {import("./services-api.js").Candidate} Candidate */

/** @implements {Line} */
export class OffersLine {
  /** The most candidates that the server takes in one request. */
  batch = 100;

  #api;
  #changed;
  /** @type {Push | null} */
  #push = null;
  #unused = new AbortController(); // closes the socket
  #followers = 0;
  /** The time of the last news that were pushed, as the server gives it. */
  #newest = 0;
  /** What was pushed and has not been taken yet. @type {Answer[]} */
  #answers = [];
  /** The same, by offer. @type {Map<string, Candidate[]>} */
  #candidates = new Map();

  /** @param {import("./services-api.js").ServicesApi} api @param {() => void} changed the way is another */
  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
  }

  /** How news come at the moment. */
  get way() {
    return wayOf(this.#push ? [this.#push] : []);
  }

  /** @param {string} offerId @param {string} sdp @param {AbortSignal} signal */
  async answer(offerId, sdp, signal) {
    try {
      await this.#api.answer(offerId, sdp, signal);
    } catch (error) {
      const taken = error instanceof SignallingError && /already answered/.test(error.message);
      throw taken ? new SignallingError(409, error.message) : error;
    }
  }

  /**
   * @param {string} offerId
   * @param {import("./peer.js").Side} _side the server knows it
   * @param {string[]} texts
   * @param {AbortSignal} signal
   */
  async candidates(offerId, _side, texts, signal) {
    const candidates = texts.map((text) => JSON.parse(text));
    if (await this.#push?.post({ offerId, candidates }, "candidates")) return;
    await this.#api.postCandidates(offerId, candidates, signal, fromNow());
  }

  /**
   * The other side's candidates.
   * @param {string} offerId
   * @param {import("./peer.js").Side} _side
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   */
  follow(offerId, _side, signal, trouble) {
    const early = fromNow();
    let since = 0;
    const newsIn = (/** @type {Candidate[]} */ news) => {
      if (news.length === 0) return null;
      since = lastOf(news, "createdAt");
      const candidates = news.map(({ candidate }) => JSON.stringify(candidate));
      return { description: null, candidates };
    };
    const take = () => {
      const news = this.#candidates.get(offerId) ?? [];
      this.#candidates.delete(offerId);
      return newsIn(news);
    };
    const look = async (/** @type {AbortSignal} */ untilOpen) =>
      newsIn(await this.#api.candidates(offerId, since, WAIT, untilOpen, early));
    return this.#follow(take, look, signal, trouble);
  }

  /**
   * Answers to any offer of this page, until `signal` is aborted.
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   */
  answers(signal, trouble) {
    let since = 0;
    const newsIn = (/** @type {Answer[]} */ news) => {
      if (news.length === 0) return null;
      since = lastOf(news, "answeredAt");
      return news;
    };
    const take = () => newsIn(this.#answers.splice(0));
    const look = async (/** @type {AbortSignal} */ untilOpen) =>
      newsIn(await this.#api.answers(since, WAIT, untilOpen));
    return this.#follow(take, look, signal, trouble);
  }

  /**
   * As Push has it, through the one socket.
   * @template T
   * @param {() => T | null} take
   * @param {(signal: AbortSignal) => Promise<T | null>} look
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   */
  async *#follow(take, look, signal, trouble) {
    const push = (this.#push ??= this.#open());
    this.#followers += 1;
    try {
      yield* push.follow(take, look, signal, trouble);
    } finally {
      this.#followers -= 1;
      if (this.#followers === 0) this.#close();
    }
  }

  #open() {
    this.#unused = new AbortController();
    const since = () => Math.max(0, this.#newest - OVERLAP);
    const hear = (/** @type {Record<string, any>} */ message) => this.#hear(message);
    return this.#api.push(since, hear, this.#changed, this.#unused.signal);
  }

  #close() {
    this.#unused.abort();
    this.#push = null;
    this.#answers = [];
    this.#candidates.clear();
    this.#changed();
  }

  /** @param {Record<string, any>} message */
  #hear({ answers = [], offerId, candidates = [] }) {
    this.#answers.push(...answers);
    if (offerId)
      this.#candidates.set(offerId, [...(this.#candidates.get(offerId) ?? []), ...candidates]);
    const last = Math.max(lastOf(answers, "answeredAt"), lastOf(candidates, "createdAt"));
    this.#newest = Math.max(this.#newest, last);
  }
}

/**
 * The time of the last of them; 0 where there is none.
 * @template {string} K
 * @param {{[key in K]: number}[]} news @param {K} time
 */
function lastOf(news, time) {
  return news.at(-1)?.[time] ?? 0;
}

/** Whether the server may yet come to know the offer (404), or that we are its answerer (403). */
function fromNow() {
  const began = performance.now();
  return (/** @type {number} */ status) =>
    (status === 404 || status === 403) && performance.now() - began < SPREADING;
}
