// Readers who wait for news in one object: parked until something is written where they have looked, and answered in the same
// turn; at the end of their time with what there is. Each keeps the object awake.

const PARKED_MAX = 5000; // in one object; who comes then is answered at once
const SAME_MAX = 10; // of one waiter: tabs, say; the oldest is answered when one more comes

/**
 * @typedef {object} Reader
 * @property {string} waiter who waits, and for what
 * @property {number} until ms; when it is answered at the latest
 * @property {Set<string>} prefixes of the keys that it has looked at
 * @property {() => Promise<any>} again the reply as of now; run at once, where nothing is missing
 */

export class Parked {
  /** @type {Set<Reader & {end: (reply?: any) => void}>} */ #readers = new Set();

  /** The reply, when there is one that brings something, or the reader's time is over. @param {Reader} reader @returns {Promise<any>} */
  hold(reader) {
    if (this.#readers.size >= PARKED_MAX) return reader.again();
    const same = [...this.#readers].filter(({ waiter }) => waiter === reader.waiter);
    if (same.length >= SAME_MAX) same[0].end();
    return new Promise((resolve) => {
      const timer = setTimeout(() => parked.end(), reader.until - Date.now());
      const end = (reply = reader.again()) => {
        clearTimeout(timer);
        this.#readers.delete(parked);
        resolve(reply);
      };
      const parked = { ...reader, end };
      this.#readers.add(parked);
    });
  }

  /** Something was written. @param {{key: string}[]} edits */
  tell(edits) {
    for (const parked of this.#readers)
      if (isAmong(edits, parked.prefixes))
        parked.again().then(
          (reply) => !reply.wait && parked.end(reply),
          () => parked.end(),
        );
  }
}

/** Whether one of the edits is under one of the prefixes. */
export function isAmong(edits, prefixes) {
  for (const { key } of edits)
    for (const prefix of prefixes) if (key.startsWith(prefix)) return true;
  return false;
}
