// The home of one shard's requests, in its Durable Object: a request's last run reads this object's storage afresh, and its edits
// are stored in the same turn, so that nothing comes between. Edits that belong to other shards are stored with them as
// letters (outbox.js), and sent on afterwards.

import { Durable } from "../kv/durable.js";
import { Outbox } from "./outbox.js";
import { Parked } from "./parked.js";
import { withSeen } from "./serve.js";
import { COPIES, isCopied, shardOf } from "./shards.js";
import { Sockets } from "./sockets.js";

const SWEEP_EVERY = 60_000; // ms; what has expired may be stored for so long
const SWEEP_ON = 1_000; // ms; where one sweep was not enough

/** @typedef {import("../kv/workers-kv.js").Fact} Fact */

export class Home {
  #storage;
  #store;
  #server;
  #shards;
  #outbox;
  #parked = new Parked();
  #sockets;
  /** When the alarm rings, ms; undefined: not known. @type {number | undefined} */ #rings;

  /** @param {any} context of the object @param {import("./serve.js").Server} server
   *  @param {import("./shards.js").Shards} shards the others */
  constructor(context, server, shards) {
    const { storage } = context;
    this.#storage = storage;
    this.#store = new Durable(storage);
    this.#server = server;
    this.#shards = shards;
    this.#outbox = new Outbox(this.#store, (to, edits) => shards.send(to, edits));
    this.#sockets = new Sockets(context, (...given) => this.#answerSocket(...given));
  }

  /** Serves a request whose home is this shard. @param {string} shard @param {import("./serve.js").Asked} asked */
  serve(shard, asked) {
    return this.#server.guard(asked, () => this.#answer(shard, asked));
  }

  /** Opens a socket. @param {import("./sockets.js").Socket} socket */
  open(socket) {
    return this.#sockets.open(socket);
  }

  /** What came over a socket. @param {any} ws @param {string | ArrayBuffer} message */
  message(ws, message) {
    return this.#sockets.take(ws, message);
  }

  /** What requests that run elsewhere ask of this shard. @param {any[][]} calls */
  look(calls) {
    return calls.map(([method, ...given]) => this.#store[method](...given));
  }

  /** Takes edits that were made elsewhere. @param {Fact[]} edits */
  take(edits) {
    this.#apply(edits, []);
  }

  /** Sends what could not be sent, deletes what has expired, and the object once that is all there was. */
  async alarm() {
    this.#sockets.wake();
    await this.#outbox.deliverAll();
    const next = this.#store.sweep();
    this.#rings = undefined;
    if (next === undefined) await this.#store.deleteAll();
    else this.#ring(next <= Date.now() ? Date.now() + SWEEP_ON : this.#nextAlarm());
  }

  async #answerSocket({ shard, head, seen = "" }, body, prefixes) {
    const asked = {
      head: withSeen(head, seen),
      tail: this.#server.tail(body),
      been: [shard],
    };
    const reply = await this.#server.guard(asked, () => this.#answer(shard, asked, prefixes));
    if (reply.home) return this.#server.guard(asked, () => this.#shards.forward(reply.home, asked));
    if (reply.again > 0) this.#ring(Math.min(reply.again, this.#rings ?? this.#nextAlarm()));
    return reply;
  }

  async #answer(shard, asked, prefixes = new Set()) {
    const here = {
      look: (call) => this.#lookAtOwn(shard, call, prefixes),
      enter: (other) => other === shard || asked.been.includes(other),
    };
    /** @type {Promise<any> | undefined} */ let delivered;
    const settle = ({ edits }) => {
      if (edits.length > 0) delivered = this.#commit(shard, edits);
    };
    const again = () => this.#server.run(asked, this.#shards, new Map(), here, settle);
    const began = Date.now();
    let reply = await again();
    if (reply.wait > 0)
      reply = await this.#parked.hold({
        waiter: reply.waiter,
        until: began + 1000 * reply.wait,
        prefixes,
        again,
      });
    await delivered;
    const { edits, ...head } = reply;
    return head;
  }

  /** What a call brings that asks for this shard's own. Budgets were spent where the request came in. */
  #lookAtOwn(shard, call, prefixes) {
    const [method, given, ...rest] = call;
    if (method === "spend") return true;
    const keys = [given].flat();
    if (shardOf(keys[0]) !== shard) return undefined;
    for (const key of keys) prefixes.add(key);
    return this.#store[method](given, ...rest);
  }

  /** Stores the edits of a request, and sends on what belongs to others; resolves once they have it, or it was found that they
   *  could not be reached. */
  #commit(shard, edits) {
    const { own = [], ...others } = Object.groupBy(edits, ({ key }) =>
      shardOf(key) === shard ? "own" : shardOf(key),
    );
    if (isCopied(shard) && own.length > 0) others[COPIES] = own;
    this.#apply(own, this.#outbox.write(others));
    return Promise.all(Object.keys(others).map((to) => this.#outbox.deliver(to)));
  }

  #apply(edits, letters) {
    this.#store.apply([...edits, ...letters], () => this.#ring(this.#alarmFor(edits, letters)));
    this.#parked.tell(edits);
    this.#sockets.tell(edits);
  }

  /** When the alarm has to ring at the latest, ms. An instance that does not know what there was looks once. */
  #alarmFor(edits, letters) {
    if (this.#rings === undefined) return this.#nextAlarm();
    if (letters.length > 0) return this.#outbox.retryAt();
    return sweepAt(
      Math.min(...edits.filter(({ value }) => value !== null).map((put) => put.expiresAt)),
    );
  }

  #nextAlarm() {
    const housekeeping = this.#outbox.retryAt() ?? sweepAt(this.#store.nextExpiry() ?? 0);
    return Math.min(housekeeping, this.#sockets.due());
  }

  #ring(at) {
    if (at >= (this.#rings ?? Infinity)) return;
    this.#rings = at;
    this.#storage.setAlarm(at);
  }
}

const sweepAt = (expiry) => Math.max(expiry, Date.now() + SWEEP_EVERY);
