// Storage over a Workers KV namespace: eventual, not atomic, one write a second to one key.
//
// A value that fits rides in its entry's metadata {e, v}, so that a list brings it along. Of a
// larger one the metadata is {e, n}, n being its bytes, and it is fetched in bulk. `e` is when the
// fact expires, in ms; the entry itself goes later, 60 s after it was written at the earliest.

import { Buffer } from "node:buffer";

const METADATA_MAX = 1024; // bytes of JSON
const LIST_MAX = 1000; // names in one list call
const GET_MAX = 100; // keys in one get call
const PAGE_BYTES = 512 * 1024; // STORAGE_PAGE_BYTES in src/storage.h
const READS_MAX = 45; // calls in one request: an invocation has 50 on the free plan, and writes too
const TTL_MIN = 60; // s
const CACHE_TTL = 30; // s, the least there is: a value may be this stale where it was read before

/**
 * @typedef {{key: string, value: string | null, expiresAt: number}} Fact null and 0: there is none
 * @typedef {{facts: Fact[], more: boolean}} Page `more`: the list goes on
 * @typedef {{e: number, v?: string, n?: number}} Metadata
 * @typedef {{name: string, metadata: Metadata}} Entry
 * @typedef {{entries: Entry[], cursor: string | undefined, complete: boolean}} Listing
 */

/** Of each namespace, the readers in this isolate who wait for news.
 *  @type {WeakMap<object, Set<(edits: Fact[]) => void>>} */
const waiting = new WeakMap();

/** The namespace as one request sees it: what was listed stays as it was until lookAgain(). */
export class WorkersKv {
  #kv;
  /** @type {Map<string, Listing>} */ #listings = new Map();
  /** Large values, which no write changes. @type {Map<string, string>} */ #values = new Map();

  /** Calls to the namespace that list or get. */ reads = 0;

  /** @param {any} kv the namespace's binding */
  constructor(kv) {
    this.#kv = kv;
    if (!waiting.has(kv)) waiting.set(kv, new Set());
  }

  get #waiting() {
    return /** @type {Set<(edits: Fact[]) => void>} */ (waiting.get(this.#kv));
  }

  /** Forgets what was listed, so that the next list asks anew. */
  lookAgain() {
    this.#listings.clear();
  }

  /**
   * Resolves after so many ms, or once somebody served by this isolate has written where this
   * request has listed. What others wrote only the next look tells.
   * @param {number} ms @returns {Promise<void>}
   */
  news(ms) {
    const prefixes = [...this.#listings.keys()];
    return new Promise((resolve) => {
      const timer = setTimeout(() => end(), ms);
      const hear = (/** @type {Fact[]} */ edits) => {
        if (edits.some(({ key }) => prefixes.some((prefix) => key.startsWith(prefix)))) end();
      };
      const end = () => (this.#waiting.delete(hear), clearTimeout(timer), resolve());
      this.#waiting.add(hear);
    });
  }

  /** What each of the calls brings. One after the other: there are few, and some are answered from what an earlier one brought.
   *  @param {any[][]} calls @returns {Promise<Page[]>} */
  async look(calls) {
    const pages = [];
    for (const [method, given, after, limit] of calls)
      pages.push(method === "read" ? await this.read(given) : await this.list(given, after, limit));
    return pages;
  }

  /** A fact for each key, in their order. @param {string[]} keys @returns {Promise<Page>} */
  async read(keys) {
    this.reads++;
    const found = await this.#kv.getWithMetadata(keys, { cacheTtl: CACHE_TTL });
    const facts = keys.map((key) => {
      const { value = null, metadata } = found.get(key) ?? {};
      return value === null || !metadata
        ? { key, value: null, expiresAt: 0 }
        : { key, value: metadata.v ?? value, expiresAt: metadata.e };
    });
    return { facts, more: false };
  }

  /**
   * Workers KV cannot begin a list at a key: the names before `after` are listed and paid for too.
   * @param {string} prefix @param {string} after @param {number} limit
   * @returns {Promise<Page>}
   */
  async list(prefix, after, limit) {
    const listing = this.#listings.get(prefix) ?? {
      entries: [],
      cursor: undefined,
      complete: false,
    };
    this.#listings.set(prefix, listing);
    /** @type {Entry[]} */
    const page = [];
    let bytes = 0;
    let next = firstAfter(listing.entries, after);
    while (page.length < limit && bytes < PAGE_BYTES) {
      if (next < listing.entries.length) {
        const entry = listing.entries[next++];
        const { n, v = "" } = entry.metadata;
        bytes += Buffer.byteLength(entry.name) + (n ?? Buffer.byteLength(v));
        page.push(entry);
      } else if (listing.complete) {
        break;
      } else {
        await this.#listOn(prefix, listing, Math.min(limit + next, LIST_MAX));
        next = Math.max(next, firstAfter(listing.entries, after));
      }
    }
    const more = next < listing.entries.length || !listing.complete;
    return { facts: await this.#withValues(page), more };
  }

  /** @param {string} prefix @param {Listing} listing @param {number} limit */
  async #listOn(prefix, listing, limit) {
    if (++this.reads > READS_MAX) throw new Error("too long to be listed in one request");
    const listed = await this.#kv.list({ prefix, cursor: listing.cursor, limit });
    for (const key of listed.keys) if (key.metadata?.e) listing.entries.push(key);
    listing.complete = listed.list_complete;
    listing.cursor = listed.cursor;
  }

  /** @param {Entry[]} entries @returns {Promise<Fact[]>} */
  async #withValues(entries) {
    const absent = entries
      .filter(({ metadata }) => metadata.v === undefined && metadata.e > Date.now())
      .filter(({ name }) => !this.#values.has(name))
      .map(({ name }) => name);
    const calls = [];
    this.reads += Math.ceil(absent.length / GET_MAX);
    for (let i = 0; i < absent.length; i += GET_MAX)
      calls.push(this.#kv.get(absent.slice(i, i + GET_MAX), { cacheTtl: CACHE_TTL }));
    for (const values of await Promise.all(calls))
      for (const [name, value] of values) if (value !== null) this.#values.set(name, value);
    // A place may list an entry whose value it cannot get, or not any more: there is no such fact.
    return entries.map(({ name, metadata: { e, v = this.#values.get(name) } }) =>
      v === undefined
        ? { key: name, value: null, expiresAt: 0 }
        : { key: name, value: v, expiresAt: e },
    );
  }

  /** @param {Fact[]} edits */
  async apply(edits) {
    // One after the other: where one fails, nothing that stands on it has been written.
    for (const edit of edits) await this.#write(edit);
    for (const hear of this.#waiting) hear(edits);
  }

  /** @param {Fact} edit */
  #write({ key, value, expiresAt }) {
    if (value === null) return this.#kv.delete(key);
    const expirationTtl = Math.max(TTL_MIN, Math.ceil((expiresAt - Date.now()) / 1000));
    const metadata = { e: expiresAt, v: value };
    return Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_MAX
      ? this.#kv.put(key, "", { expirationTtl, metadata })
      : this.#kv.put(key, value, {
          expirationTtl,
          metadata: { e: expiresAt, n: Buffer.byteLength(value) },
        });
  }
}

/** Where the entries begin whose names sort after `name`. @param {Entry[]} entries @param {string} name */
function firstAfter(entries, name) {
  let low = 0;
  let high = name === "" ? 0 : entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(entries[middle].name, name) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of keys: that of their UTF-8 bytes. @param {string} a @param {string} b */
function compareBytes(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
