// The bridge to the module. Layouts, who owns which bytes and what may throw: wasm/abi.h.

import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";

export const RANDOM_BYTES = 96;
/** `enum leave`: why a run was left; the first is for another shard. Thrown as they are, since an Error would collect a stack. */
const LEAVE = [{ home: true }, { miss: true }, { memory: true }];
/**
 * @typedef {object} Here the shard that a request runs in
 * @property {(call: any[]) => any} look what a call brings that asks for what is stored here; undefined where it does not
 * @property {(shard: string) => boolean} enter whether the request is there, or has been
 */
/** @type {Here} */ const NOWHERE = { look: () => undefined, enter: () => false };
const decoder = new TextDecoder();
const bytewise = new TextDecoder("latin1"); // a character for each byte, whatever it is

/** One instance of the module. Runs are synchronous, so it serves any number of requests. */
export class Core {
  #exports;
  trapped = false;
  #facts = new Map(); // of the request: what each storage call, as JSON, has brought
  #here = NOWHERE;
  #home = ""; // the shard that the run was left for
  #digests = new Map();
  #heads = new Map();
  /** A view until the next call; throws past the end of memory. */
  #bytes = (at, len) => new Uint8Array(this.#exports.memory.buffer, at >>> 0, len >>> 0);
  #text = (at, len) => decoder.decode(this.#bytes(at, len));
  /** @type {string[]} */ missed = []; // the calls that the last run had no facts of

  constructor(module, secret) {
    const host = {
      read: (keys, len) => this.#find("read", this.#text(keys, len - 1).split("\n")),
      list: (prefix, prefixLen, after, afterLen, limit) =>
        this.#find("list", this.#text(prefix, prefixLen), this.#text(after, afterLen), limit),
      hmac: (at, len, digest) => {
        const message = this.#bytes(at, len);
        const hash = () => createHmac("sha256", secret).update(message).digest();
        const made = remembered(this.#digests, bytewise.decode(message), hash);
        return (this.#bytes(digest, made.length).set(made), made.length);
      },
      equal: (a, b, len) => Number(timingSafeEqual(this.#bytes(a, len), this.#bytes(b, len))),
      verify: (key, signature, at, len) => {
        const [x, made] = [this.#bytes(key, 32), this.#bytes(signature, 64)];
        return Number(verify(null, this.#bytes(at, len), ed25519(x), made));
      },
      secretLen: () => Buffer.byteLength(secret),
      count: (prefix, len, groups) =>
        this.#known("count", this.#text(prefix, len), groups === 1) ?? 0,
      enter: (at, len) => {
        this.#home = this.#text(at, len);
        if (!this.#here.enter(this.#home)) throw LEAVE[0];
      },
      spend: (name, nameLen, key, keyLen) =>
        this.#known("spend", this.#text(name, nameLen), this.#text(key, keyLen)) ?? 1,
      leave: (why) => {
        throw LEAVE[why];
      },
    };
    this.#exports = /** @type {any} */ (new WebAssembly.Instance(module, { host }).exports);
    this.#exports._initialize();
    this.names = this.#reply(this.#exports.describe());
  }

  /** The reply to a request, or the `home` that it has to go on in; null where facts were missing, see `missed`.
   *  @param {Uint8Array} head @param {Uint8Array} tail @param {Map<string, any>} facts @param {Here} [here] */
  run(head, tail, facts, here = NOWHERE) {
    const stack = this.#exports.__stack_pointer.value;
    [this.#facts, this.missed, this.#here] = [facts, [], here];
    this.#begin(head, tail);
    try {
      const reply = this.#reply(this.#exports.request_run());
      return this.missed.length > 0 ? null : reply;
    } catch (left) {
      this.#exports.__stack_pointer.value = stack;
      if (left === LEAVE[0]) return this.#leaveFor(this.#home);
      if (left === LEAVE[1]) return null;
      if (left === LEAVE[2]) return this.refuse(head, 503);
      this.trapped = true; // a bug of ours: no other request may run on this instance
      throw Object.assign(new Error(left.message), { name: "Trap" });
    }
  }

  /** Budgets are spent before a request goes on; whatever else is missing will be looked for there. */
  #leaveFor(home) {
    this.missed = this.missed.filter((call) => call.startsWith('["spend"'));
    return this.missed.length > 0 ? null : { home, edits: [] };
  }

  /** The reply to a request that could not be finished. */
  refuse(head, status) {
    this.#begin(head, new Uint8Array(RANDOM_BYTES));
    return this.#reply(this.#exports.request_refuse(status));
  }

  #begin(head, tail) {
    const at = this.#exports.request_begin(head.length + tail.length, head.length);
    if (at === 0) throw new RangeError("the request does not fit into the arena");
    this.#bytes(at, head.length).set(head);
    this.#bytes(at + head.length, tail.length).set(tail);
  }

  #known(...call) {
    const own = this.#here.look(call);
    if (own !== undefined) return own;
    const name = JSON.stringify(call);
    if (!this.#facts.has(name)) this.missed.push(name);
    return this.#facts.get(name);
  }

  #find(...call) {
    const page = this.#known(...call);
    if (page === undefined) return 0;
    const facts = pack(page);
    const at = this.#exports.fact_space(facts.length);
    this.#bytes(at, facts.length).set(facts);
    return at;
  }

  #reply(at) {
    const { buffer } = this.#exports.memory;
    const [head, headLen, body, bodyLen, edits, editsLen] = new Uint32Array(buffer, at >>> 0, 6);
    const reply = remembered(this.#heads, this.#text(head, headLen), JSON.parse);
    const bytes = bodyLen > 0 ? this.#text(body, bodyLen) : null;
    return { ...reply, body: bytes, edits: unpack(this.#text(edits, editsLen)) };
  }
}

/** The key that the 32 bytes are. */
function ed25519(bytes) {
  const x = Buffer.from(bytes).toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** What `make` makes of the key, once while it is asked for often. */
function remembered(map, key, make) {
  if (map.size > 1000) map.clear();
  return map.get(key) ?? map.set(key, make(key)).get(key);
}

/** The edits as the store takes them. */
function unpack(text) {
  const texts = text.split("\0");
  return Array.from({ length: (texts.length - 1) / 3 }, (_, i) => {
    const [key, value, expiresAt] = texts.slice(3 * i, 3 * i + 3);
    return { key, value: value === "" ? null : value.slice(1), expiresAt: Number(expiresAt) };
  });
}

/** A page of facts as the module takes it; a fact that is not there expires at 0. */
function pack({ facts, more }) {
  const texts = facts.flatMap(({ key, value, expiresAt }) => [key, value ?? "", expiresAt]);
  return Buffer.from([Number(more), facts.length, ...texts, ""].join("\0"));
}
