// Names, services and their offers on the signalling server, one method for each route. What is written
// here is what goes over the wire, and no more.

import { SignallingError } from "./http.js";
import { Push } from "./push.js";

/** @typedef {{username: string, publicKey: string, signature: string, message: string}} Claim */
/** @typedef {{username: string, claimedAt: number, expiresAt: number}} Claimed */
/** @typedef {{sdp: string, serviceId?: string, ttl?: number}} NewOffer */
/**
 * @typedef {object} Publication
 * @property {string} username
 * @property {string} serviceFqn name@version
 * @property {NewOffer[]} offers
 * @property {number} ttl in ms
 * @property {boolean} isPublic whether the name's list says what it is
 * @property {string} signature
 * @property {string} message
 */
/**
 * @typedef {object} Published
 * @property {string} serviceId
 * @property {string} uuid
 * @property {{offerId: string, createdAt: number, expiresAt: number}[]} offers in the order they were given
 */
/**
 * @typedef {object} Service with one of its open offers
 * @property {string} username
 * @property {string} serviceFqn
 * @property {string} offerId
 * @property {string} sdp
 */
/** @typedef {{uuid: string, isPublic: boolean, serviceFqn?: string}} Listed private ones tell no FQN */
/** @typedef {{offerId: string, answererId: string, sdp: string, answeredAt: number}} Answer */
/** @typedef {{candidate: unknown, createdAt: number}} Candidate */

export class ServicesApi {
  #http;
  /** What proves who this page is to the server; empty until it is registered. */
  #authorization = "";
  /** The same for a socket. */
  #credential = "";

  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this.#http = http;
  }

  /** Makes this page a peer, once: everything below that says so needs it. */
  async register() {
    if (this.#authorization) return;
    const { peerId, secret } = await this.#http.request("POST", "/register");
    this.#authorization = `Bearer ${peerId}:${secret}`;
    this.#credential = `peer.${peerId}.${secret}`;
  }

  /** @param {Claim} body @returns {Promise<Claimed>} */
  async claim(body) {
    return /** @type {any} */ (await this.#http.request("POST", "/usernames/claim", { body }));
  }

  /** @param {string} username @returns {Promise<Listed[]>} */
  async servicesOf(username) {
    const path = `/usernames/${encodeURIComponent(username)}/services`;
    return listIn(await this.#http.request("GET", path), "services");
  }

  /** Registered peers only. @param {Publication} body @returns {Promise<Published>} */
  async publish(body) {
    const published = await this.#asPeer("POST", "/services", { body });
    if (typeof published.uuid !== "string") throw new SignallingError(502, "there is no uuid");
    return /** @type {any} */ ({ ...published, offers: listIn(published, "offers") });
  }

  /**
   * Takes a service back, even while the page is being closed. The publishing peer only.
   * @param {string} serviceId @param {string} username
   */
  async unpublish(serviceId, username) {
    const path = `/services/${encodeURIComponent(serviceId)}`;
    await this.#asPeer("DELETE", path, { body: { username }, keepalive: true });
  }

  /**
   * Resolves to the uuid of the newest service that fits.
   * @param {string} username @param {string} serviceFqn with a version, or a range of them
   * @returns {Promise<string>}
   */
  async find(username, serviceFqn) {
    const path = `/index/${encodeURIComponent(username)}/query`;
    const { uuid } = await this.#http.request("POST", path, { body: { serviceFqn } });
    return String(uuid);
  }

  /** @param {string} uuid @returns {Promise<Service>} */
  async service(uuid) {
    const path = `/services/${encodeURIComponent(uuid)}`;
    return /** @type {any} */ (await this.#http.request("GET", path));
  }

  /**
   * Adds offers to a service. Registered peers only.
   * @param {NewOffer[]} offers
   * @returns {Promise<{id: string}[]>} in the order they were given
   */
  async offer(offers) {
    return listIn(await this.#asPeer("POST", "/offers", { body: { offers } }), "offers");
  }

  /**
   * A socket for all that comes to this peer: its messages are what the routes below answer that take
   * `since`. Registered peers only.
   * @param {() => number} since only what came later is told; asked whenever it is opened again
   * @param {(message: Record<string, any>) => void} hear
   * @param {() => void} changed
   * @param {AbortSignal} signal closes it
   */
  push(since, hear, changed, signal) {
    const query = () => `?since=${since()}`;
    const address = { path: "/offers/socket", credential: this.#credential, query };
    return new Push(this.#http, address, hear, changed, signal);
  }

  /**
   * Answers to any offer of this peer, oldest first. Registered peers only.
   * @param {number} since `answeredAt` of the last one that is known
   * @param {number} wait how long the server may hold the answer, in seconds
   * @param {AbortSignal} signal
   * @returns {Promise<Answer[]>}
   */
  async answers(since, wait, signal) {
    const options = { query: `?since=${since}&wait=${wait}`, wait: wait * 1000, signal };
    return listIn(await this.#asPeer("GET", "/offers/answers", options), "answers");
  }

  /** Registered peers only. @param {string} offerId @param {string} sdp @param {AbortSignal} signal */
  async answer(offerId, sdp, signal) {
    const path = `/offers/${offerId}/answer`;
    await this.#asPeer("POST", path, { body: { sdp }, signal });
  }

  /**
   * Leaves candidates for the other side of an offer.
   * @param {string} offerId
   * @param {unknown[]} candidates
   * @param {AbortSignal} signal
   * @param {(status: number) => boolean} early see Http
   */
  async postCandidates(offerId, candidates, signal, early) {
    const path = `/offers/${offerId}/ice-candidates`;
    await this.#http.insist("POST", path, this.#signed({ body: { candidates }, signal, early }));
  }

  /**
   * The other side's candidates, oldest first.
   * @param {string} offerId
   * @param {number} since `createdAt` of the last one that is known
   * @param {number} wait how long the server may hold the answer, in seconds
   * @param {AbortSignal} signal
   * @param {(status: number) => boolean} early see Http
   * @returns {Promise<Candidate[]>}
   */
  async candidates(offerId, since, wait, signal, early) {
    const path = `/offers/${offerId}/ice-candidates`;
    const query = `?since=${since}&wait=${wait}`;
    const options = this.#signed({ query, wait: wait * 1000, signal, early });
    return listIn(await this.#http.insist("GET", path, options), "candidates");
  }

  /**
   * @param {string} method @param {string} path
   * @param {import("./http.js").RequestOptions} options
   */
  async #asPeer(method, path, options) {
    try {
      return await this.#http.request(method, path, this.#signed(options));
    } catch (error) {
      // The server has another secret by now: whoever begins anew is registered anew.
      if (error instanceof SignallingError && error.status === 401) this.#authorization = "";
      throw error;
    }
  }

  /** @template T @param {T} options */
  #signed(options) {
    return { ...options, authorization: this.#authorization };
  }
}

/** @param {Record<string, any>} answer @param {string} key @returns {any[]} */
function listIn(answer, key) {
  if (!Array.isArray(answer[key])) throw new SignallingError(502, `the answer holds no ${key}`);
  return answer[key];
}
