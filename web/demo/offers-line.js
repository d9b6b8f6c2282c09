// Offers as a line between two peers: an offer's id names a connection, both sides leave their
// candidates there, and each asks for the other's that came since. Answers reach the offering side
// elsewhere.

import { follow, SignallingError } from "./http.js";

/** How long one look asks the server to wait for news, in seconds. */
const WAIT = 10;
/** A place may not know an offer, or its answer, yet that is younger than this. In ms. */
const SPREADING = 15000;

/** @typedef {import("./peer.js").Line} Line */

/** @implements {Line} */
export class OffersLine {
  /** The most candidates that the server takes in one request. */
  batch = 100;

  #api;

  /** @param {import("./services-api.js").ServicesApi} api */
  constructor(api) {
    this.#api = api;
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
   * @param {string[]} candidates
   * @param {AbortSignal} signal
   */
  async candidates(offerId, _side, candidates, signal) {
    const values = candidates.map((text) => JSON.parse(text));
    await this.#api.postCandidates(offerId, values, signal, fromNow());
  }

  /**
   * @param {string} offerId
   * @param {import("./peer.js").Side} _side
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   */
  follow(offerId, _side, signal, trouble) {
    const early = fromNow();
    let since = 0;
    const look = async () => {
      const news = await this.#api.candidates(offerId, since, WAIT, signal, early);
      const last = news.at(-1);
      if (!last) return null;
      since = last.createdAt;
      const candidates = news.map(({ candidate }) => JSON.stringify(candidate));
      return { description: null, candidates };
    };
    return follow(look, signal, trouble);
  }
}

/** Whether the server may yet come to know the offer (404), or that we are its answerer (403). */
function fromNow() {
  const began = performance.now();
  return (/** @type {number} */ status) =>
    (status === 404 || status === 403) && performance.now() - began < SPREADING;
}
