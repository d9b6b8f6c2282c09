// A socket that the server pushes through, for both families that this page signals in by itself. While
// it is open the other side's news come by themselves, and own candidates go through it.
//
// Nobody waits for it: there are requests until it opens, and again as soon as it is lost. What it took
// and did not acknowledge is posted by a request, and a socket that is opened again may tell once more
// what the last one told. So anything may come twice, and must do no harm then.

import { backoff, sleep } from "../common/util.js";
import { follow, QUIET_INTERVAL, SignallingError } from "./http.js";

/** Between two pings, in ms. A socket that nothing was heard of since the last one is dead. */
const PING = 30000;
/** A socket that has not acknowledged a message for this long is dead. In ms. */
const PATIENCE = 5000;
/** A socket that was open for this long was not opened in vain. In ms. */
const STEADY = 10000;
/** Closed with this code or a higher one, there is no sense in another: a request will tell why. */
const FINAL = 4400;
/** After so many vain tries the server counts as one that does not push. */
const REFUSALS = 3;

/** Vain tries before the page's first socket: a browser does not tell a 501 from a lost network. */
let refusals = 0;
/** Of the last message that this page has posted. */
let lastId = 0;

/** @typedef {"pushed" | "waiting" | "polling"} Way how news come: by themselves; as soon as they are
 *   there, to a request that waits for them; or when they are asked for again */
/**
 * @typedef {object} Address
 * @property {string} path
 * @property {string} credential
 * @property {() => string} query what is known already, as the server wants to be told
 */

export class Push {
  #http;
  #address;
  #hear;
  #changed;
  #signal;
  /** @type {WebSocket | null} while it is open */
  #socket = null;
  #lose = () => {};
  /** Aborted while the socket is open: whoever asks by requests then stops. */
  #opened = new AbortController();
  /** Resolves when a message came, and when the socket was opened or lost. */
  #news = Promise.withResolvers();
  /** What to do with the answers to messages, by id. @type {Map<string, (answer: any) => void>} */
  #posted = new Map();
  #waits = true;

  /**
   * @param {import("./http.js").Http} http
   * @param {Address} address
   * @param {(message: any) => void} hear takes what is pushed
   * @param {() => void} changed the way is another
   * @param {AbortSignal} signal closes the socket
   */
  constructor(http, address, hear, changed, signal) {
    this.#http = http;
    this.#address = address;
    this.#hear = hear;
    this.#changed = changed;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#lose());
    void this.#keepOpen();
  }

  /** @returns {Way} */
  get way() {
    if (this.#socket) return "pushed";
    return this.#waits ? "waiting" : "polling";
  }

  /**
   * Yields what is new until `signal` is aborted: see `follow` of http.js.
   * @template T
   * @param {() => T | null} take what was pushed and has not been taken yet
   * @param {(signal: AbortSignal) => Promise<T | null>} look asks for it while there is no socket
   * @param {AbortSignal} signal
   * @param {(error: SignallingError | null) => void} trouble
   * @returns {AsyncGenerator<T, void, void>}
   */
  async *follow(take, look, signal, trouble) {
    const stopped = aborted(signal);
    while (!signal.aborted) {
      const pushed = take();
      if (pushed !== null) yield pushed;
      else if (this.#socket) await Promise.race([this.#news.promise, stopped]);
      else {
        const untilOpen = AbortSignal.any([signal, this.#opened.signal]);
        yield* follow(() => this.#timed(look(untilOpen)), untilOpen, trouble);
      }
    }
  }

  /**
   * Resolves to whether the server has taken it: if not, a request must bring it. Throws when the server
   * refused it.
   * @param {{[name: string]: unknown}} message
   * @param {string} about for the report
   */
  async post(message, about) {
    if (!this.#socket) return false;
    const id = String((lastId += 1));
    const ended = this.#http.reported({ method: "SEND", path: this.#address.path, about });
    const answered = new Promise((resolve) => this.#posted.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, ...message }));
    const late = setTimeout(this.#lose, PATIENCE);
    const answer = await answered;
    clearTimeout(late);
    ended(answer?.status, "no answer");
    if (answer?.status >= 400) throw new SignallingError(answer.status, String(answer.error));
    return answer !== null;
  }

  async #keepOpen() {
    for (let failures = 0; refusals < REFUSALS && !this.#signal.aborted;) {
      const began = performance.now();
      if ((await this.#hold()) >= FINAL) return;
      failures = performance.now() - began > STEADY ? 1 : failures + 1;
      await sleep(backoff(failures), this.#signal);
    }
  }

  /** One socket. @returns {Promise<number>} the code that it was closed with */
  #hold() {
    const { path, query, credential } = this.#address;
    const socket = this.#http.socket(path + query(), credential, this.#signal);
    let heard = true;
    const pings = setInterval(() => {
      if (!heard) return this.#lose();
      heard = false;
      if (this.#socket) socket.send("ping");
    }, PING);
    socket.onopen = () => {
      refusals = -Infinity;
      this.#turn(socket);
    };
    socket.onmessage = ({ data }) => {
      heard = true;
      if (data !== "pong") this.#take(JSON.parse(data));
    };
    return new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
      // A network that is dead acknowledges no close either.
      this.#lose = () => resolve(0);
    }).finally(() => {
      clearInterval(pings);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      if (!this.#socket && !this.#signal.aborted) refusals += 1;
      this.#turn(null);
    });
  }

  /** @param {any} message */
  #take(message) {
    const answered = this.#posted.get(message.id);
    this.#posted.delete(message.id);
    if (answered) return answered(message);
    if (!message.error) this.#hear(message);
    this.#tell();
  }

  /** @param {WebSocket | null} socket */
  #turn(socket) {
    this.#socket = socket;
    if (socket) this.#opened.abort();
    else if (this.#opened.signal.aborted) this.#opened = new AbortController();
    for (const answered of this.#posted.values()) answered(null);
    this.#posted.clear();
    this.#tell();
    this.#changed();
  }

  #tell() {
    this.#news.resolve(null);
    this.#news = Promise.withResolvers();
  }

  /**
   * A server that has no news, and says so at once, does not wait for any.
   * @template T @param {Promise<T | null>} look
   */
  async #timed(look) {
    const began = performance.now();
    const news = await look;
    const waits = news !== null || performance.now() - began >= QUIET_INTERVAL;
    if (waits !== this.#waits) {
      this.#waits = waits;
      this.#changed();
    }
    return news;
  }
}

/**
 * The best of the ways that news come; empty where none are wanted.
 * @param {Iterable<Push>} pushes
 * @returns {Way | ""}
 */
export function wayOf(pushes) {
  const ways = [...pushes].map(({ way }) => way);
  return (
    /** @type {Way[]} */ (["pushed", "waiting", "polling"]).find((way) => ways.includes(way)) ?? ""
  );
}

/** @param {AbortSignal} signal @returns {Promise<unknown>} */
function aborted(signal) {
  return new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
