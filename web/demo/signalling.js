// The signalling server over HTTP: topics and sessions, one method for each route. Offers, answers
// and candidates are opaque texts to the server and stay opaque in this file.

import { backoff, sleep } from "../common/util.js";

/** How long one poll asks the server to wait for news, in seconds. */
const POLL_WAIT = 10;
/** Two polls that bring nothing start at least this far apart, whatever the server does. In ms. */
const QUIET_INTERVAL = 1000;
/** A request fails when nothing came for this long beyond what it asked the server to wait. In ms. */
const PATIENCE = 15000;
/** A place may not know a session yet that was made, or first seen listed, less than this ago. In ms. */
const SPREADING = 60000;

/** @typedef {"offerer" | "answerer"} Side */
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
 * @typedef {object} News what the other side left: all of it, oldest first
 * @property {string | null} description its offer or answer
 * @property {string[]} candidates
 */
/**
 * @typedef {object} RequestReport
 * @property {"start" | "end"} phase
 * @property {string} method
 * @property {string} path without query
 * @property {string} about what a body carried, where the path does not tell; may be empty
 * @property {number} status 0 when there was no answer
 * @property {number} ms
 * @property {string} [problem] why there was no answer
 * @property {boolean} [early] a 404 of a session that is so new that it is asked for again
 */
/**
 * @typedef {object} Sight a session that may still be unknown to the place that is asked
 * @property {number} since when it was made or first seen listed, in ms of performance.now()
 * @property {number} expiresAt epoch ms on the server's clock; Infinity until it is seen listed
 * @property {boolean} ours whether this page published or answered it; others are dropped once unlisted
 */

/**
 * @typedef {object} RequestOptions
 * @property {string} [query] with its question mark
 * @property {{[name: string]: unknown, code?: string}} [body]
 * @property {string} [about] for the report
 * @property {AbortSignal} [signal]
 * @property {number} [wait] how long the server was asked to wait, in ms
 * @property {boolean} [keepalive]
 */

/** An answer that was not 2xx, or no answer at all (`status` 0). */
export class SignallingError extends Error {
  /**
   * @param {number} status
   * @param {string} message the server's own words
   * @param {number} [retryAfter] seconds
   * @param {boolean} [early] whether a 404 may only mean that the session is not known there yet
   */
  constructor(status, message, retryAfter = 0, early = false) {
    super(message);
    this.name = "SignallingError";
    this.status = status;
    this.retryAfter = retryAfter;
    this.early = early;
  }

  /** Whether the same request may succeed later. */
  get retryable() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Signalling {
  #base;
  #report;
  /** @type {Map<string, Sight>} by code */
  #sights = new Map();

  /**
   * @param {string} base the API's origin, without a slash at the end
   * @param {(report: RequestReport) => void} report hears of every request twice: start and end
   */
  constructor(base, report) {
    this.#base = base;
    this.#report = report;
  }

  /**
   * The newest open sessions of a topic.
   * @param {string} topic
   * @param {AbortSignal} signal
   * @returns {Promise<Session[]>}
   */
  async list(topic, signal) {
    const path = `/${encodeURIComponent(topic)}/sessions`;
    const { sessions } = await this.#request("GET", path, { query: "?limit=100", signal });
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
    const { code } = await this.#request("POST", path, { body: { info, offer } });
    if (typeof code !== "string") throw new SignallingError(502, "the answer holds no code");
    this.#sights.set(code, { since: performance.now(), expiresAt: Infinity, ours: true });
    return code;
  }

  /** @param {string} code @param {string} answer @param {AbortSignal} signal stops trying again */
  async answer(code, answer, signal) {
    const sight = this.#sights.get(code);
    const body = { code, side: "answerer", answer };
    await this.#ask("/answer", { body, about: "answer" }, signal);
    if (sight) this.#sights.set(code, { ...sight, ours: true });
  }

  /**
   * @param {string} code
   * @param {Side} side
   * @param {string} candidate
   * @param {AbortSignal} signal stops trying again
   */
  async candidate(code, side, candidate, signal) {
    const body = { code, side, candidate };
    await this.#ask("/answer", { body, about: "candidate" }, signal);
  }

  /**
   * Withdraws a session. `keepalive` lets the request outlive a page that is being closed.
   * @param {string} code
   */
  async withdraw(code) {
    this.#sights.delete(code);
    await this.#request("DELETE", `/sessions/${encodeURIComponent(code)}`, { keepalive: true });
  }

  /**
   * Follows what the other side of a session leaves, until `signal` is aborted. Failures that may
   * pass are told to `trouble` (and `null` once they have passed) and tried again; others are thrown.
   * @param {string} code
   * @param {Side} side the caller's own side
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   * @returns {AsyncGenerator<News, void, void>}
   */
  async *follow(code, side, signal, trouble) {
    let seen = "";
    let known = 0;
    let failures = 0;
    try {
      while (!signal.aborted) {
        const began = performance.now();
        try {
          const news = await this.#poll(code, side, seen, signal);
          if (failures > 0) trouble(null);
          failures = 0;
          seen = news.seen;
          const amount = (news.description ? 1 : 0) + news.candidates.length;
          if (amount > known) yield news;
          else await sleep(began + QUIET_INTERVAL - performance.now(), signal);
          known = Math.max(known, amount);
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof SignallingError) || !error.retryable) throw error;
          failures += 1;
          trouble(error);
          await sleep(Math.max(error.retryAfter * 1000, backoff(failures)), signal);
        }
      }
    } finally {
      if (failures > 0) trouble(null);
    }
  }

  /**
   * @param {string} code @param {Side} side @param {string} seen @param {AbortSignal} signal
   * @returns {Promise<News & {seen: string}>}
   */
  async #poll(code, side, seen, signal) {
    const body = { code, side, wait: POLL_WAIT, ...(seen && { seen }) };
    const wait = POLL_WAIT * 1000;
    const answer = await this.#ask("/poll", { body, signal, wait }, signal);
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
   * @param {RequestOptions} options
   * @param {AbortSignal} signal
   */
  async #ask(path, options, signal) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#request("POST", path, options);
      } catch (error) {
        if (!(error instanceof SignallingError) || !error.early) throw error;
        await sleep(backoff(tries + 1), signal);
        if (signal.aborted) throw error;
      }
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} options
   * @returns {Promise<Record<string, any>>}
   */
  async #request(method, path, options) {
    const { query = "", body, about = "", signal, wait = 0, keepalive = false } = options;
    const began = performance.now();
    const timeout = AbortSignal.timeout(wait + PATIENCE);
    this.#report({ phase: "start", method, path, about, status: 0, ms: 0 });
    /** @param {number} status @param {string} [problem] @param {boolean} [early] */
    const end = (status, problem, early) => {
      const ms = performance.now() - began;
      this.#report({ phase: "end", method, path, about, status, ms, problem, early });
    };
    let response;
    let data;
    try {
      response = await fetch(this.#base + path + query, {
        method,
        keepalive,
        cache: "no-store",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        ...(body && {
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        }),
      });
      data = await response.json().catch((error) => {
        if (error instanceof SyntaxError) return null;
        throw error;
      });
    } catch (error) {
      const problem = signal?.aborted ? "stopped" : timeout.aborted ? "timed out" : "no answer";
      end(0, problem);
      if (signal?.aborted) throw error;
      throw new SignallingError(0, problem);
    }
    const early = response.status === 404 && this.#mayAppear(body?.code ?? "");
    end(response.status, undefined, early);
    if (response.ok && isObject(data)) return data;
    const message = isObject(data) ? String(data.error) : "the answer is not JSON";
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new SignallingError(response.ok ? 502 : response.status, message, retryAfter, early);
  }
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What a failed request means to the person in front of the page.
 * @param {unknown} error
 * @returns {string} one or two sentences
 */
export function explain(error) {
  if (!(error instanceof SignallingError))
    return `${error instanceof Error ? error.message : error}`;
  const { status, message, retryAfter } = error;
  if (status === 0 && message === "timed out")
    return "The signalling server does not answer in time.";
  if (status === 0)
    return "The signalling server cannot be reached. Is it running, and is this machine online?";
  if (status === 429)
    return `Too many requests. The server asks to wait ${retryAfter || "a few"} s.`;
  if (status === 413) return "The server refused this as too large.";
  if (status >= 500)
    return `The server had a problem (${status}: ${message}). Trying again may help.`;
  return `The server refused this (${status}): ${message}.`;
}
