// Serves one request: run, fetch what was missing, run again; apply the edits; answer.

import { spend } from "../kv/rate-limits.js";
import { Core, RANDOM_BYTES } from "./core.js";

const BODY_MAX = 1024 * 1024; // bytes; the largest that any route takes
const READ_WHOLE = 4 * BODY_MAX; // a client that is answered while it still sends may only see a reset
const RUNS_MAX = 64; // of one request
const LOOK_EVERY = 1000; // ms
const NOTHING = new Uint8Array();
const SEEN = "X-Socket-Seen"; // a header that this host alone sets: src/sockets.h

/**
 * @typedef {object} Asked a request as it goes from one place to another
 * @property {string} head its own lines, as wasm/abi.h has them
 * @property {Uint8Array} tail random bytes and the body
 * @property {string[]} been the shards that it has been taken to
 * @property {boolean} [socket] whether it may open a WebSocket
 */

/** One module in one environment. A trap costs one request, and the instance. */
export class Server {
  /** @type {Core | undefined} */ #instance;
  /** @type {string | undefined} */ #settings;

  constructor(module, env) {
    this.module = module;
    this.env = env;
  }

  get core() {
    if (!this.#instance || this.#instance.trapped)
      this.#instance = new Core(this.module, this.env.AUTH_SECRET ?? "");
    return this.#instance;
  }

  /** @param {Request} request @param {any} store where requests that come in here find their facts: WorkersKv or Shards */
  async serve(request, store) {
    const asked = { head: this.#head(request), tail: NOTHING, been: [] };
    const { method, headers: given } = request;
    asked.socket = method === "GET" && given.has("Upgrade") && given.has("Sec-WebSocket-Protocol");
    const { response, status, headers, body } = await this.guard(asked, async () => {
      asked.tail = this.tail(await readBody(request));
      return this.#answer(asked, store);
    });
    return response ?? new Response(body, { status, headers });
  }

  /** The answer, or what is said instead of it where it cannot be had. */
  async guard(asked, answer) {
    const started = Date.now();
    try {
      return await answer();
    } catch (error) {
      const reply = this.core.refuse(this.#encode(asked), error.name === "Trap" ? 500 : 503);
      const { status, route, body } = reply; // not error.message, which may quote secrets
      const seen = { route, status, bytes: body?.length ?? 0, ms: Date.now() - started };
      console.error(JSON.stringify({ event: error.name, ...seen }));
      return reply;
    }
  }

  /** A reader who waits for news looks again each second, for `wait` reads in all: one a second is
   *  what waiting costs, one who asks again at once too. */
  async #answer(asked, store) {
    for (const facts = new Map(); ;) {
      const reply = await this.run(asked, store, facts);
      if (reply.home) return store.forward(reply.home, asked);
      if (reply.edits.length > 0) await store.apply(reply.edits);
      if (!reply.wait) return reply;
      await store.news(LOOK_EVERY);
      if (store.reads >= reply.wait) return reply;
      store.lookAgain();
      for (const [call, fact] of facts) if (fact !== true) facts.delete(call); // budgets stay spent
    }
  }

  /** Runs the request until it misses nothing, and hands the reply to `settle` in the same turn.
   *  @param {any} store fetches what is missing @param {Map<string, any>} facts what has been fetched
   *  @param {any} [here] of whom nothing is ever missing, and where the request is: see Core.run
   *  @param {(reply: any) => void} [settle] */
  async run(asked, store, facts, here, settle) {
    const began = Date.now();
    for (let runs = 1; runs <= RUNS_MAX; runs++) {
      const reply = this.core.run(this.#encode(asked, began), asked.tail, facts, here);
      if (reply !== null) return (settle?.(reply), reply);
      await this.#fetch(store, facts);
    }
    throw new Error("too many runs");
  }

  async #fetch(store, facts) {
    const calls = [];
    for (const call of this.core.missed) {
      const [method, ...given] = JSON.parse(call);
      if (method !== "spend") {
        calls.push(call);
        continue;
      }
      const left = await spend(this.env, given[0], given[1]);
      facts.set(call, left);
      if (!left) return; // nothing else is asked for then
    }
    const found = await store.look(calls.map((call) => JSON.parse(call)));
    for (const [i, fact] of found.entries()) facts.set(calls[i], fact);
  }

  /** Random bytes and the body. @param {string | Uint8Array} body */
  tail(body) {
    return Buffer.concat([crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)), Buffer.from(body)]);
  }

  #head({ method, url, headers }) {
    const { pathname, search, origin } = new URL(url);
    const address = headers.get("CF-Connecting-IP") ?? "";
    const given = this.core.names.requestHeaders.map((name) =>
      name === SEEN ? "" : line(headers.get(name)),
    );
    return [method, pathname, search.slice(1), origin, address, ...given].join("\n");
  }

  /** The head with the time of the run, and the settings of whoever runs it. */
  #encode({ head }, now = Date.now()) {
    this.#settings ??= this.core.names.settings.map((name) => line(this.env[name])).join("\n");
    return new TextEncoder().encode(`${now}\n${this.#settings}\n${head}`);
  }
}

/** The head with what a socket has been sent, which is its last line. @param {string} head @param {string} seen */
export function withSeen(head, seen) {
  return head.slice(0, head.lastIndexOf("\n") + 1) + (seen && `=${seen}`);
}

/** A line of a head: a value that may be absent. */
function line(value) {
  return value == null ? "" : `=${value}`.replaceAll("\n", " ");
}

/** The body, or one byte more of it than any route takes. */
async function readBody(request) {
  if (!request.body) return NOTHING;
  if (Number(request.headers.get("Content-Length") ?? NaN) <= READ_WHOLE)
    return new Uint8Array(await request.arrayBuffer()).subarray(0, BODY_MAX + 1);
  const parts = [];
  let len = 0;
  for await (const part of request.body ?? []) {
    len += parts[parts.push(part) - 1].length;
    if (len > BODY_MAX) break; // cancels the rest, or workerd hangs
  }
  return Buffer.concat(parts, Math.min(len, BODY_MAX + 1));
}
