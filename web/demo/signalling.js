// The signalling server over HTTP: topics and sessions, one method for each route. Offers, answers
// and candidates are opaque texts to the server and stay opaque in this file.

import { backoff, sleep } from "./util.js";

/** How long one poll asks the server to wait for news, in seconds. */
const POLL_WAIT = 10;
/** Two polls that bring nothing start at least this far apart, whatever the server does. In ms. */
const QUIET_INTERVAL = 1000;
/** A request fails when nothing came for this long beyond what it asked the server to wait. In ms. */
const PATIENCE = 15000;

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
 */

/**
 * @typedef {object} RequestOptions
 * @property {string} [query] with its question mark
 * @property {object} [body]
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
   */
  constructor(status, message, retryAfter = 0) {
    super(message);
    this.name = "SignallingError";
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get retryable() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Signalling {
  #base;
  #report;

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
    return code;
  }

  /** @param {string} code @param {string} answer */
  async answer(code, answer) {
    await this.#request("POST", "/answer", {
      body: { code, side: "answerer", answer },
      about: "answer",
    });
  }

  /** @param {string} code @param {Side} side @param {string} candidate */
  async candidate(code, side, candidate) {
    await this.#request("POST", "/answer", { body: { code, side, candidate }, about: "candidate" });
  }

  /**
   * Withdraws a session. `keepalive` lets the request outlive a page that is being closed.
   * @param {string} code
   */
  async withdraw(code) {
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
    const answer = await this.#request("POST", "/poll", { body, signal, wait });
    const description = side === "offerer" ? answer.answer : answer.offer;
    const candidates = side === "offerer" ? answer.answerCandidates : answer.offerCandidates;
    return {
      description: typeof description === "string" ? description : null,
      candidates: Array.isArray(candidates) ? candidates : [],
      seen: typeof answer.seen === "string" ? answer.seen : "",
    };
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
    /** @param {number} status @param {string} [problem] */
    const end = (status, problem) => {
      const ms = performance.now() - began;
      this.#report({ phase: "end", method, path, about, status, ms, problem });
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
    end(response.status);
    if (response.ok && isObject(data)) return data;
    const message = isObject(data) ? String(data.error) : "the answer is not JSON";
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new SignallingError(response.ok ? 502 : response.status, message, retryAfter);
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
