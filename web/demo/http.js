// Requests to the signalling server: how long they may take, a report of each, and what their
// failures mean. Which routes there are is not known here.

import { backoff, sleep } from "../common/util.js";

/** A request fails when nothing came for this long beyond what it asked the server to wait. In ms. */
const PATIENCE = 15000;
/** Why a socket was not opened: a browser does not tell more. */
export const NO_SOCKET = "no socket";
/** Two looks that bring nothing start at least this far apart, whatever the server does. In ms. */
export const QUIET_INTERVAL = 1000;

/**
 * @typedef {object} RequestReport
 * @property {"start" | "end"} phase
 * @property {string} method
 * @property {string} path without query
 * @property {string} about what a body carried, where the path does not tell; may be empty
 * @property {number} status 0 when there was no answer
 * @property {number} ms
 * @property {string} [problem] why there was no answer
 * @property {boolean} [early] a refusal that may only mean: not known there yet
 */
/**
 * @typedef {object} RequestOptions
 * @property {string} [query] with its question mark
 * @property {{[name: string]: unknown}} [body]
 * @property {string} [authorization]
 * @property {string} [about] for the report
 * @property {AbortSignal} [signal]
 * @property {number} [wait] how long the server was asked to wait, in ms
 * @property {boolean} [keepalive] whether the request may outlive a page that is being closed
 * @property {(status: number) => boolean} [early] whether a refusal may only mean: not known there yet
 */

/** An answer that was not 2xx, or no answer at all (`status` 0). */
export class SignallingError extends Error {
  /**
   * @param {number} status
   * @param {string} message the server's own words
   * @param {number} [retryAfter] seconds
   * @param {boolean} [early] whether it may only mean that something is not known there yet
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

export class Http {
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
   * Resolves to the object that the server answered; rejects with a SignallingError, or with the reason
   * of the signal that stopped it.
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} [options]
   * @returns {Promise<Record<string, any>>}
   */
  async request(method, path, options = {}) {
    const { query = "", body, signal, wait = 0, keepalive = false, authorization } = options;
    const timeout = AbortSignal.timeout(wait + PATIENCE);
    /** @type {RequestInit} */
    const init = {
      method,
      keepalive,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        ...(body && { "Content-Type": "application/json" }),
        ...(authorization && { Authorization: authorization }),
      },
      ...(body && { body: JSON.stringify(body) }),
    };
    const why = () => (signal?.aborted ? "stopped" : timeout.aborted ? "timed out" : "no answer");
    let response;
    let data;
    try {
      response = await this.#watched(this.#base + path + query, init, { ...options, why });
      data = await response.json().catch((error) => {
        if (error instanceof SyntaxError) return null;
        throw error;
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new SignallingError(0, why());
    }
    if (response.ok && isObject(data)) return data;
    const message = isObject(data) ? String(data.error) : "the answer is not JSON";
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    const early = options.early?.(response.status) ?? false;
    throw new SignallingError(response.ok ? 502 : response.status, message, retryAfter, early);
  }

  /**
   * As `request`, again and again while the refusal may only mean: not known there yet.
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions & {signal: AbortSignal}} options
   */
  async insist(method, path, options) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.request(method, path, options);
      } catch (error) {
        if (!(error instanceof SignallingError) || !error.early) throw error;
        await sleep(backoff(tries + 1), options.signal);
        if (options.signal.aborted) throw error;
      }
    }
  }

  /** `fetch` for a library that makes requests of its own: they are reported like all others. */
  get fetch() {
    return (/** @type {RequestInfo | URL} */ url, /** @type {RequestInit} */ init = {}) => {
      const why = () => (init.signal?.aborted ? "stopped" : "no answer");
      return this.#watched(String(url), init, { why });
    };
  }

  /**
   * @param {string} url
   * @param {RequestInit} init
   * @param {Pick<RequestOptions, "about" | "early"> & {why: () => string}} options
   */
  async #watched(url, init, { about = "", early, why }) {
    const what = { method: init.method ?? "GET", path: new URL(url).pathname, about };
    const ended = this.reported(what);
    /** @type {Response | undefined} */
    let response;
    try {
      response = await fetch(url, init);
      return response;
    } finally {
      const { status = 0 } = response ?? {};
      ended(status, response ? "" : why(), early?.(status));
    }
  }

  /**
   * A WebSocket of the server's. Its opening is reported, as it is a request too.
   * @param {string} path with its query
   * @param {string} credential
   * @param {AbortSignal} signal only tells here whether it was closed on purpose
   */
  socket(path, credential, signal) {
    const url = new URL(this.#base.replace(/^http/, "ws") + path);
    const ended = this.reported({ method: "GET", path: url.pathname, about: "" });
    const socket = new WebSocket(url, ["rondevu", credential]);
    const closed = () => ended(0, signal.aborted ? "stopped" : NO_SOCKET);
    socket.addEventListener("close", closed);
    socket.addEventListener("open", () => {
      socket.removeEventListener("close", closed);
      ended(101);
    });
    return socket;
  }

  /**
   * Reports that something begins, and when what it returns is called how it ended.
   * @param {Pick<RequestReport, "method" | "path" | "about">} what
   */
  reported(what) {
    const began = performance.now();
    this.#report({ ...what, phase: "start", status: 0, ms: 0 });
    return (status = 0, problem = "", early = false) => {
      const ms = performance.now() - began;
      this.#report({ ...what, phase: "end", status, ms, problem: status ? "" : problem, early });
    };
  }
}

/**
 * Looks again and again, until `signal` is aborted, and yields what is new. Failures that may pass are told
 * to `trouble` (and `null` once they have passed) and tried again; others are thrown.
 * @template T
 * @param {() => Promise<T | null>} look resolves to what is new, or null; waiting for it is the server's part
 * @param {AbortSignal} signal
 * @param {(error: SignallingError | null) => void} trouble
 * @returns {AsyncGenerator<T, void, void>}
 */
export async function* follow(look, signal, trouble) {
  let failures = 0;
  try {
    while (!signal.aborted) {
      const began = performance.now();
      try {
        const news = await look();
        if (failures > 0) trouble(null);
        failures = 0;
        if (news !== null) yield news;
        else await sleep(began + QUIET_INTERVAL - performance.now(), signal);
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

/** @param {unknown} value @returns {value is Record<string, any>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether what was asked for is not there. @param {unknown} error */
export function isGone(error) {
  return error instanceof SignallingError && error.status === 404;
}

/** How long the server asks to wait, in ms. @param {unknown} error */
export function retryAfter(error) {
  return error instanceof SignallingError ? error.retryAfter * 1000 : 0;
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
  return `The server refused this (${status}): ${message.replace(/\.$/, "")}.`;
}
