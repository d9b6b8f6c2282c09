// The shards of a server on Durable Objects: which object a key lives in, and what is asked of the others.

import { WorkersKv } from "../kv/workers-kv.js";

/** What is read everywhere and written seldom: the object that owns it decides, and everybody else reads a copy in Workers KV. */
const COPIED = "name/";
/** Where letters go that are for the copy. */
export const COPIES = "copies";
const TRIES = 2; // of a call that may be made twice, to an object that says so
const MOVES_MAX = 8; // of a request, from one shard to another

/** The first two segments. @param {string} key */
export function shardOf(key) {
  return key.slice(0, key.indexOf("/", key.indexOf("/") + 1));
}

/** Whether what is written in the shard is copied to Workers KV. @param {string} shard */
export function isCopied(shard) {
  return shard.startsWith(COPIED);
}

/** Where requests that run in no shard, or in another one, find their facts. */
export class Shards {
  /** @param {any} env */
  constructor(env) {
    this.env = env;
  }

  /** What each of the calls brings; an object is asked once, and all of them at the same time. @param {any[][]} calls */
  async look(calls) {
    const found = Array(calls.length);
    const shards = Map.groupBy(calls.keys(), (i) => shardOf([calls[i][1]].flat()[0]));
    const ask = async ([shard, places]) => {
      const mine = places.map((i) => calls[i]);
      const facts = await (isCopied(shard)
        ? this.#copies.look(mine)
        : this.#tried(() => this.#at(shard).look(mine)));
      for (const [i, fact] of facts.entries()) found[places[i]] = fact;
    };
    await Promise.all([...shards].map(ask));
    return found;
  }

  /** Has the other store the edits. @param {string} to a shard, or COPIES @param {any[]} edits */
  send(to, edits) {
    return to === COPIES ? this.#copy(edits) : this.#tried(() => this.#at(to).take(edits));
  }

  /** Workers KV takes one write a second to a key: only the last one is made, and different keys' at once. */
  async #copy(edits) {
    const last = new Map(edits.map((edit) => [edit.key, edit]));
    await Promise.all([...last.values()].map((edit) => this.#copies.apply([edit])));
  }

  /** The reply to a request whose home that is. @param {string} home @param {import("./serve.js").Asked} asked */
  async forward(home, asked) {
    if (asked.socket) return this.#open(home, asked);
    for (let shard = home; asked.been.length < MOVES_MAX;) {
      asked.been.push(shard);
      const reply = await this.#at(shard).serve(shard, asked);
      if (!reply.home) return reply;
      shard = reply.home;
    }
    throw new Error("moved too often");
  }

  /** A response of its own: calls bring no sockets. @param {string} shard @param {import("./serve.js").Asked} asked */
  async #open(shard, { head }) {
    const socket = encodeURIComponent(JSON.stringify({ shard, head }));
    const headers = { Upgrade: "websocket", "X-Socket": socket };
    return { response: await this.#at(shard).fetch("https://shard/", { headers }) };
  }

  get #copies() {
    return new WorkersKv(this.env.STORE);
  }

  #at(shard) {
    return this.env.SHARDS.getByName(shard);
  }

  async #tried(call) {
    for (let tries = 1; ; tries++) {
      try {
        return await call();
      } catch (error) {
        if (tries === TRIES || !error.retryable || error.overloaded) throw error;
      }
    }
  }
}
