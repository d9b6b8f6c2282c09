// What the API tests share: servers that start when first asked for, callers with an Origin of their
// own (the product's isolation isolates the tests too), and raw sockets for what fetch will not send.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startServer } from "../server.mjs";
import { assertDocumented } from "./document.mjs";

const HANG = 60_000; // ms; no answer takes this long, it only ends a test that would hang

export const KB = 1024;
export const LISTED = ["https://one.example", "https://two.example:8443"];
export const NO_SESSION = "Session not found, expired, or origin mismatch";
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const wrongParameter = (name) => `Missing or invalid required parameter: ${name}`;

/** The short server's limits, times in ms. Long enough for a test's requests to be through in time. */
export const SHORT = {
  timeout: 10_000,
  sessions: 3,
  room: { open: 4000, joined: 5000, paired: 6000, closed: 1000, ice: 2000 },
};

/** The limits of the server that is brief with peers, times in ms. */
export const BRIEF = { ttl: 3000, minTtl: 2000, maxTtl: 6000, aRequest: 4, aPeer: 5 };

const VARS = {
  default: { RATE_LIMITS: "off" },
  short: {
    SESSION_TIMEOUT: SHORT.timeout,
    MAX_SESSIONS_PER_TOPIC: SHORT.sessions,
    ALLOWED_ORIGINS: LISTED.join(","),
    ROOM_TTL_OPEN: SHORT.room.open / 1000,
    ROOM_TTL_JOINED: SHORT.room.joined / 1000,
    ROOM_TTL_PAIRED: SHORT.room.paired / 1000,
    ROOM_TTL_CLOSED: SHORT.room.closed / 1000,
    ICE_TTL: SHORT.room.ice / 1000,
    RATE_LIMITS: "off",
  },
  pages: { RATE_LIMITS: "off" }, // where these are served too
  listed: { CORS_ORIGINS: LISTED.join(","), RATE_LIMITS: "off" },
  limited: { RATE_LIMITS: "on" },
  // Every directory shows the topics of all offers: those who test either keep to a server of their own.
  peers: { RATE_LIMITS: "off" },
  brief: {
    OFFER_DEFAULT_TTL: BRIEF.ttl,
    OFFER_MIN_TTL: BRIEF.minTtl,
    OFFER_MAX_TTL: BRIEF.maxTtl,
    MAX_OFFERS_PER_REQUEST: BRIEF.aRequest,
    MAX_OFFERS_PER_PEER: BRIEF.aPeer,
    RATE_LIMITS: "off",
  },
};

/** @type {Map<string, ReturnType<typeof startServer>>} */
const servers = new Map();
after(async () => {
  for (const server of await Promise.allSettled(servers.values())) await server.value?.stop();
});

/** Where the server of that name answers; starts it once. @param {keyof typeof VARS} name */
async function serverUrl(name) {
  if (!servers.has(name))
    servers.set(name, startServer({ vars: VARS[name], pages: name === "pages" }));
  return (await servers.get(name)).url;
}

/**
 * Somebody who calls the API.
 * @typedef {{status: number, headers: Headers, text: string, body: any}} Answer
 */
export class Api {
  #server;

  /**
   * @param {keyof typeof VARS | {url: string}} [server]
   * @param {string | null} [origin] null: sends none
   */
  constructor(server = "default", origin = randomOrigin()) {
    this.#server = server;
    this.origin = origin;
  }

  /** The same server, called by another application. @param {string | null} [origin] */
  from(origin = randomOrigin()) {
    return new Api(this.#server, origin);
  }

  async url() {
    return typeof this.#server === "string" ? serverUrl(this.#server) : this.#server.url;
  }

  /**
   * Calls, and holds the request and its answer against docs/openapi.yaml.
   * @param {string} method @param {string} path @returns {Promise<Answer>}
   */
  async request(method, path, { body, headers = {}, duplex } = {}) {
    const url = new URL((await this.url()) + path);
    const sent = new Headers({ ...(this.origin !== null && { Origin: this.origin }), ...headers });
    const answer = await this.#fetch(url, { method, headers: sent, body, duplex });
    const known = body instanceof ReadableStream ? undefined : (body ?? "");
    assertDocumented({ method, url, headers: sent, body: known }, answer);
    return answer;
  }

  /** A file of the page: no part of the API, and not of its document. @returns {Promise<Answer>} */
  async page(path, headers) {
    return this.#fetch(new URL((await this.url()) + path), { method: "GET", headers });
  }

  async #fetch(url, options) {
    const response = await fetch(url, {
      ...options,
      redirect: "manual",
      signal: AbortSignal.timeout(HANG),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  get(path, headers) {
    return this.request("GET", path, { headers });
  }

  /** @param {string} path @param {unknown} body text and bytes go as they are, all else as JSON */
  post(path, body, headers) {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    return this.request("POST", path, { body: raw ? body : JSON.stringify(body), headers });
  }

  del(path, options) {
    return this.request("DELETE", path, options);
  }

  /** Offers under a topic. @param {string} topic @param {object} [fields] @returns {Promise<string>} */
  async offer(topic, fields = {}) {
    const answer = await this.post(offerPath(topic), { offer: "an offer", ...fields });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.code;
  }

  /** One after the other, each in a millisecond of its own. @returns {Promise<string[]>} */
  async offers(topic, count) {
    const codes = [];
    for (let i = 0; i < count; i++) {
      codes.push(await this.offer(topic, { info: `peer ${i}` }));
      const now = Date.now();
      while (Date.now() === now) await sleep(1);
    }
    return codes;
  }

  /** Open sessions of a topic. */
  async sessions(topic, query = "") {
    const answer = await this.get(sessionsPath(topic) + query);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.sessions;
  }

  /** The directory's entries. */
  async topics(query = "") {
    const answer = await this.get(`/topics${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.topics;
  }

  answer(code, answer) {
    return this.post("/answer", { code, side: "answerer", answer });
  }

  candidate(code, side, candidate) {
    return this.post("/answer", { code, side, candidate });
  }

  poll(code, side, fields = {}) {
    return this.post("/poll", { code, side, ...fields });
  }

  withdraw(code) {
    return this.del(`/sessions/${code}`);
  }

  /**
   * Sends bytes as they are and reads one answer, headers and body. Only the answer is held against
   * docs/openapi.yaml, for the request may be none.
   * @param {(string | Uint8Array)[]} parts
   * @returns {Promise<Answer>}
   */
  async raw(parts) {
    const socket = await this.#connect();
    const guard = setTimeout(() => socket.destroy(), HANG);
    try {
      for (const part of parts) socket.write(part);
      const answer = await readAnswer(socket);
      const [, method, target] = /^(\S+) (\S+) /.exec(parts[0]);
      const url = new URL((await this.url()) + target);
      assertDocumented({ method, url, headers: new Headers() }, answer, { wholeRequest: false });
      return answer;
    } finally {
      clearTimeout(guard);
      socket.destroy();
    }
  }

  /** Sends bytes as they are, and goes. @param {(string | Uint8Array)[]} parts */
  async leave(parts) {
    const socket = await this.#connect();
    for (const part of parts) await new Promise((resolve) => socket.write(part, resolve));
    socket.destroy();
  }

  async #connect() {
    const { hostname, port } = new URL(await this.url());
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {}); // a server that has answered may reset what it did not read
    return socket;
  }

  /** The head of a raw request. @param {string} method @param {string} target */
  async head(method, target, headers = {}) {
    const { host } = new URL(await this.url());
    const all = { Host: host, ...(this.origin && { Origin: this.origin }), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
  }
}

export function randomOrigin() {
  return `https://${randomUUID()}.example`;
}

export const offerPath = (topic) => `/${encodeURIComponent(topic)}/offer`;
export const sessionsPath = (topic) => `/${encodeURIComponent(topic)}/sessions`;

/** A failure, with the sentence where the contract has one, and nothing but a sentence. */
export function assertError(answer, status, sentence) {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(Object.keys(answer.body ?? {}), ["error"], answer.text);
  assert.equal(typeof answer.body.error, "string");
  assert.notEqual(answer.body.error, "");
  if (sentence !== undefined) assert.equal(answer.body.error, sentence);
}

/** @param {Answer} answer @param {string} name */
export function assertWrong(answer, name) {
  assertError(answer, 400, wrongParameter(name));
}

/** What a server's fault may not tell: a stack, a key, a back end. */
export function assertDiscreet(answer) {
  assert.doesNotMatch(answer.text, /\bat \S+:\d+|\.js\b|\.wasm\b|wasm|stack|secret/i);
  assert.doesNotMatch(answer.text, /\bkv\b|namespace|miniflare|workerd|cloudflare|sqlite|durable/i);
}

/** Nothing of this caller's is stored. @param {Api} api */
export async function assertNothingStored(api) {
  const answer = await api.get("/topics");
  assert.equal(answer.status, 200);
  assert.deepEqual([answer.body.topics, answer.body.total], [[], 0]);
}

/** Runs `each` over the items, some at a time. */
export async function inParallel(items, each, width = 8) {
  const queue = [...items.entries()];
  const results = Array(items.length);
  const worker = async () => {
    for (let next; (next = queue.shift());) results[next[0]] = await each(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

/** Whether the promise is settled after so many ms. */
export async function settlesWithin(promise, ms) {
  return Promise.race([promise.then(() => true), sleep(ms, false, { ref: false })]);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {import("node:net").Socket} socket @returns {Promise<Answer>} */
function readAnswer(socket) {
  return new Promise((resolve, reject) => {
    let bytes = "";
    const look = () => {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      const [line, ...fields] = bytes.slice(0, end).split("\r\n");
      const headers = new Headers(fields.map((field) => field.split(/:\s*(.*)/s).slice(0, 2)));
      const text = bodyOf(headers, bytes.slice(end + 4));
      if (text === undefined) return;
      resolve({ status: Number(line.split(" ")[1]), headers, text, body: parse(text) });
    };
    socket.setEncoding("latin1");
    socket.on("data", (some) => ((bytes += some), look()));
    socket.on("close", () => reject(new Error(`closed after ${JSON.stringify(bytes)}`)));
  });
}

/** Undefined where it is not all there. */
function bodyOf(headers, bytes) {
  const length = Number(headers.get("Content-Length") ?? 0);
  let body = bytes.slice(0, length);
  if (headers.get("Transfer-Encoding") === "chunked") {
    body = "";
    for (let rest = bytes; ;) {
      const [, size, after] = /^([0-9a-f]+)\r\n(.*)$/is.exec(rest) ?? [];
      if (size === undefined) return undefined;
      const some = Number.parseInt(size, 16);
      if (some === 0) break;
      if (after.length < some + 2) return undefined;
      body += after.slice(0, some);
      rest = after.slice(some + 2);
    }
  } else if (bytes.length < length) return undefined;
  return Buffer.from(body, "latin1").toString("utf8");
}
