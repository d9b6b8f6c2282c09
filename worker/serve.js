// Serves one request: run, fetch what was missing, run again; apply the edits; answer.

import { spend } from "../kv/rate-limits.js";
import { Core, RANDOM_BYTES, pack } from "./core.js";

const BODY_MAX = 1024 * 1024; // bytes; the largest that any route takes
const READ_WHOLE = 4 * BODY_MAX; // a client that is answered while it still sends may only see a reset
const RUNS_MAX = 64; // of one request
const LOOK_EVERY = 1000; // ms

/** One module in one environment. A trap costs one request, and the instance. */
export class Server {
  /** @type {Core | undefined} */ #instance;

  constructor(module, env) {
    this.module = module;
    this.env = env;
  }

  get core() {
    if (!this.#instance || this.#instance.trapped)
      this.#instance = new Core(this.module, this.env.AUTH_SECRET ?? "");
    return this.#instance;
  }

  async serve(request, store) {
    const started = Date.now();
    try {
      const reply = await this.#answer(request, await readTail(request), store);
      if (reply.edits.length > 0) await store.apply(reply.edits);
      return new Response(reply.body, reply);
    } catch (error) {
      const reply = this.core.refuse(this.#head(request), error.name === "Trap" ? 500 : 503);
      const { status, route, body } = reply; // not error.message, which may quote secrets
      const seen = { route, status, bytes: body?.length ?? 0, ms: Date.now() - started };
      console.error(JSON.stringify({ event: error.name, ...seen }));
      return new Response(body, reply);
    }
  }

  /** A reader who waits for news looks again each second, for `wait` reads in all: one a second is
   *  what waiting costs, one who asks again at once too. */
  async #answer(request, tail, store) {
    for (const facts = new Map(); ;) {
      const reply = await this.#run(this.#head(request), tail, store, facts);
      if (!reply.wait) return reply;
      await store.news(LOOK_EVERY);
      if (store.reads >= reply.wait) return reply;
      store.lookAgain();
      for (const [call, fact] of facts) if (fact !== true) facts.delete(call); // budgets stay spent
    }
  }

  async #run(head, tail, store, facts) {
    for (let runs = 1; runs <= RUNS_MAX; runs++) {
      const reply = this.core.run(head, tail, facts);
      if (reply !== null) return reply;
      for (const call of this.core.missed) {
        const [method, ...given] = JSON.parse(call);
        const left = method === "spend" ? await spend(this.env, given[0], given[1]) : undefined;
        facts.set(call, left ?? pack(await store[method](...given)));
        if (left === false) break; // nothing else is asked for then
      }
    }
    throw new Error("too many runs");
  }

  #head({ method, url, headers }) {
    const { names } = this.core;
    const { pathname, search, origin } = new URL(url);
    const given = names.settings.map((name) => this.env[name]);
    for (const name of names.requestHeaders) given.push(headers.get(name));
    const lines = given.map((value) => (value == null ? "" : `=${value}`.replaceAll("\n", " ")));
    const address = headers.get("CF-Connecting-IP") ?? "";
    lines.unshift(method, pathname, search.slice(1), origin, address, `${Date.now()}`);
    return new TextEncoder().encode(lines.join("\n"));
  }
}

/** Random bytes and the body, or one byte more of it than any route takes. */
async function readTail(request) {
  const parts = [crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))];
  let len = RANDOM_BYTES;
  const short = Number(request.headers.get("Content-Length") ?? NaN) <= READ_WHOLE;
  const body = short ? [new Uint8Array(await request.arrayBuffer())] : (request.body ?? []);
  for await (const part of body) {
    len += parts[parts.push(part) - 1].length;
    if (len > RANDOM_BYTES + BODY_MAX) break; // cancels the rest, or workerd hangs
  }
  return Buffer.concat(parts, Math.min(len, RANDOM_BYTES + BODY_MAX + 1));
}
