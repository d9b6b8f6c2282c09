// Edits on their way from one object to others. What goes to one other is a letter: it is stored with the edits that it belongs to,
// in the same transaction, and deleted once the other object has stored what it holds. Letters to one object arrive in the order
// in which they were written; one that arrives twice changes nothing.

const PREFIX = "outbox/";
const LETTER_BYTES = 1_000_000; // a row holds 2 MB
const LIFE = 7 * 24 * 60 * 60 * 1000; // ms, of a letter that deletes; nothing but names lives as long
const RETRY_MIN = 2_000; // ms
const RETRY_MAX = 10 * 60_000; // ms

/** @typedef {import("../kv/workers-kv.js").Fact} Fact */

export class Outbox {
  #store;
  #send;
  #written = 0; // letters of this instance, to tell those of one ms apart
  #latest = 0; // ms, of them; the clock may be set back
  #failures = 0; // in a row
  /** @type {Map<string, Promise<boolean>>} */ #sending = new Map();

  /** @param {import("../kv/durable.js").Durable} store @param {(to: string, edits: Fact[]) => Promise<void>} send */
  constructor(store, send) {
    this.#store = store;
    this.#send = send;
  }

  /** The letters, as edits of this object's own. @param {Record<string, Fact[]>} others edits by where they go @returns {Fact[]} */
  write(others) {
    return Object.entries(others).flatMap(([to, edits]) =>
      inLetters(edits).map((letter) => this.#letter(to, letter)),
    );
  }

  /** Sends what there is for that object; whether it has taken all of it. @param {string} to @returns {Promise<boolean>} */
  deliver(to) {
    const sent = (this.#sending.get(to) ?? Promise.resolve(true)).then(() => this.#sendAll(to));
    this.#sending.set(to, sent);
    return sent.finally(() => this.#sending.get(to) === sent && this.#sending.delete(to));
  }

  async deliverAll() {
    const addressees = new Set(this.#letters(PREFIX).map(({ key }) => addressee(key)));
    const sent = await Promise.all([...addressees].map((to) => this.deliver(to)));
    this.#failures = sent.every(Boolean) ? 0 : this.#failures + 1;
  }

  /** When letters that are left are to be sent again, ms; undefined where there is none. */
  retryAt() {
    if (this.#store.list(PREFIX, "", 1).facts.length === 0) return undefined;
    return Date.now() + Math.min(RETRY_MIN * 2 ** this.#failures, RETRY_MAX);
  }

  async #sendAll(to) {
    try {
      for (let letters; (letters = this.#letters(prefixOf(to))).length > 0;) {
        const edits = letters.flatMap(({ value }) => JSON.parse(value ?? "[]"));
        await this.#send(to, edits);
        this.#store.apply(letters.map(({ key }) => ({ key, value: null, expiresAt: 0 })));
      }
      return true;
    } catch (error) {
      console.error(
        JSON.stringify({ event: "Undelivered", shard: to.split("/")[0], why: error.name }),
      );
      return false;
    }
  }

  #letters(prefix) {
    return this.#store.list(prefix, "", 100).facts;
  }

  #letter(to, edits) {
    this.#latest = Math.max(this.#latest, Date.now());
    const digits = [this.#latest, this.#written++].map((n) => n.toString(16).padStart(12, "0"));
    const expiresAt = Math.max(Date.now() + LIFE, ...edits.map((edit) => edit.expiresAt));
    return { key: prefixOf(to) + digits.join(""), value: JSON.stringify(edits), expiresAt };
  }
}

/** A shard as one segment of a key. */
const prefixOf = (to) => `${PREFIX}${to.replace("/", ":")}/`;
const addressee = (key) => key.split("/")[1].replace(":", "/");

/** As many edits together as a letter may hold. @param {Fact[]} edits @returns {Fact[][]} */
function inLetters(edits) {
  const letters = [];
  let bytes = LETTER_BYTES;
  for (const edit of edits) {
    const size = Buffer.byteLength(JSON.stringify(edit));
    if (bytes + size > LETTER_BYTES) [letters[letters.length], bytes] = [[], 0];
    letters.at(-1).push(edit);
    bytes += size;
  }
  return letters;
}
