// Storage over the SQLite of a Durable Object: synchronous, atomic, durable before anybody hears of it (the runtime holds
// back what an object sends until its writes are on disk).
//
// One table. Keys are the bytes of their UTF-8, so that they sort as keys do, and a range ends at a byte that no UTF-8 has.
// What has expired is not there for readers, and is deleted by sweep(). The table is made by the first write: an object that
// is only asked keeps nothing.

import { Buffer } from "node:buffer";

const PAGE_BYTES = 512 * 1024; // STORAGE_PAGE_BYTES in src/storage.h
const SWEEP_MAX = 10_000; // rows in one sweep

const TABLE = `
  CREATE TABLE IF NOT EXISTS facts (
    key BLOB PRIMARY KEY, expires_at INTEGER NOT NULL, value TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS facts_expire ON facts (expires_at);`;
const GET = "SELECT value, expires_at FROM facts WHERE key = ? AND expires_at > ?";
const LIST = `SELECT key, value, expires_at FROM facts
  WHERE key > ? AND key >= ? AND key < ? AND expires_at > ? ORDER BY key`;
const COUNT = "SELECT COUNT(*) AS n FROM facts WHERE key >= ? AND key < ? AND expires_at > ?";
// Keys have the prefix in common, so cutting it off is not needed to tell what follows it apart. Those without a space are NULL,
// which is not counted.
const COUNT_GROUPS = `SELECT COUNT(DISTINCT substr(key, 1, ? + nullif(instr(substr(key, ? + 1), x'20'), 0))) AS n
  FROM facts WHERE key >= ? AND key < ? AND expires_at > ?`;
const PUT = "REPLACE INTO facts (key, expires_at, value) VALUES (?, ?, ?)";
const DELETE = "DELETE FROM facts WHERE key = ?";
const SWEEP = `DELETE FROM facts WHERE key IN
  (SELECT key FROM facts WHERE expires_at <= ? ORDER BY expires_at LIMIT ${SWEEP_MAX})`;
const NEXT = "SELECT MIN(expires_at) AS at FROM facts";
const LAST = "SELECT MAX(expires_at) AS at FROM facts";

/** @typedef {import("./workers-kv.js").Fact} Fact @typedef {import("./workers-kv.js").Page} Page */

/** The storage of one object. */
export class Durable {
  #storage;
  #sql;
  #there; // whether the table is

  /** @param {any} storage ctx.storage of the object */
  constructor(storage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    const tables = "SELECT 1 FROM sqlite_master WHERE name = 'facts'";
    this.#there = this.#sql.exec(tables).toArray().length > 0;
  }

  /** A fact for each key, in their order. @param {string[]} keys @returns {Page} */
  read(keys) {
    const facts = keys.map((key) => {
      const [row] = this.#ask(GET, bytes(key), Date.now());
      return row
        ? { key, value: row.value, expiresAt: row.expires_at }
        : { key, value: null, expiresAt: 0 };
    });
    return { facts, more: false };
  }

  /** @param {string} prefix @param {string} after @param {number} limit @returns {Page} */
  list(prefix, after, limit) {
    /** @type {Fact[]} */
    const facts = [];
    let size = 0;
    const [from, end] = range(prefix);
    for (const row of this.#ask(LIST, bytes(after), from, end, Date.now())) {
      if (facts.length === limit || size >= PAGE_BYTES) return { facts, more: true };
      const fact = { key: text(row.key), value: row.value, expiresAt: row.expires_at };
      size += row.key.byteLength + Buffer.byteLength(fact.value);
      facts.push(fact);
    }
    return { facts, more: false };
  }

  /** Facts under the prefix, or groups of them: keys that are the same up to the first space behind it.
   *  @param {string} prefix @param {boolean} groups @returns {number} */
  count(prefix, groups) {
    const [from, end] = range(prefix);
    const given = [from, end, Date.now()];
    const length = from.length;
    const [row] = groups
      ? this.#ask(COUNT_GROUPS, length, length, ...given)
      : this.#ask(COUNT, ...given);
    return row?.n ?? 0;
  }

  /** All of them or none; `also` is done with them. @param {Fact[]} edits @param {() => void} [also] */
  apply(edits, also) {
    const there = this.#there;
    try {
      this.#storage.transactionSync(() => {
        if (!there) this.#sql.exec(TABLE);
        this.#there = true; // `also` may look
        for (const { key, value, expiresAt } of edits)
          if (value === null) this.#sql.exec(DELETE, bytes(key));
          else this.#sql.exec(PUT, bytes(key), expiresAt, value);
        also?.();
      });
    } catch (error) {
      this.#there = there;
      throw error;
    }
  }

  /** Deletes what has expired; returns when the next fact does, ms: undefined where there is none. Rows of an object that is
   *  about to be deleted whole are not deleted, and paid for, one by one. @returns {number | undefined} */
  sweep() {
    const now = Date.now();
    const [row] = this.#ask(LAST);
    if (!(row?.at > now)) return undefined;
    this.#sql.exec(SWEEP, now);
    return this.nextExpiry();
  }

  /** When the next fact expires, or has. @returns {number | undefined} */
  nextExpiry() {
    const [row] = this.#ask(NEXT);
    return row?.at ?? undefined;
  }

  /** Leaves nothing of the object behind. */
  async deleteAll() {
    this.#there = false;
    await this.#storage.deleteAll();
  }

  /** @param {string} query @param {any[]} given @returns {Iterable<any>} */
  #ask(query, ...given) {
    return this.#there ? this.#sql.exec(query, ...given) : [];
  }
}

/** @param {string} key */
function bytes(key) {
  return Buffer.from(key);
}

/** @param {ArrayBuffer} key */
function text(key) {
  return Buffer.from(key).toString();
}

/** Where the keys that start so begin, and end. @param {string} prefix */
function range(prefix) {
  const from = bytes(prefix);
  return [from, Buffer.concat([from, Buffer.of(0xff)])];
}
