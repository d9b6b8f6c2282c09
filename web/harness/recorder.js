// Writes down every request: give `recorder.tap()` to whatever makes them, as its fetch. Secrets are masked here, so
// that nothing that shows or copies an entry can give one away.

/** Requests kept; the oldest go first. */
const MAX_ENTRIES = 400;
const SECRET_FIELDS = new Set(["ownerToken", "guestToken", "token", "joinCode"]);
const SECRET_HEADERS = new Set(["x-access-token", "authorization"]);

/**
 * @typedef {object} Entry
 * @property {number} id
 * @property {string} method
 * @property {string} path without origin and query
 * @property {string} query with its question mark, or empty
 * @property {number} wait how long the server may hold the answer, in seconds; 0: not at all
 * @property {number} startedAt in ms of performance.now()
 * @property {number} endedAt when the whole answer was there; 0 while under way
 * @property {number} status 0 while there is none
 * @property {string} problem why there is no answer: "stopped" or what the browser says
 * @property {Record<string, string>} headers that were sent, masked
 * @property {string} sent the body, masked
 * @property {string} got the body, masked
 */
/**
 * @typedef {object} Exchange what observers see of an answer, unmasked
 * @property {Entry} entry
 * @property {any} sent the JSON of the request, or null
 * @property {any} got the JSON of the answer, or null
 */

export class Recorder {
  /** @type {Entry[]} */
  entries = [];

  #onChange;
  #count = 0;

  /** @param {() => void} onChange a request began or ended */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /**
   * A fetch whose requests are written down.
   * @param {(exchange: Exchange) => void} [onAnswer] called before the caller sees the answer
   * @returns {typeof fetch}
   */
  tap(onAnswer = () => {}) {
    return async (input, init = {}) => {
      const entry = this.#begin(input, init);
      try {
        const response = await fetch(input, init);
        const text = await response.clone().text();
        this.#end(entry, { status: response.status, got: pretty(text) });
        onAnswer({ entry, sent: parse(bodyOf(init)), got: parse(text) });
        return response;
      } catch (error) {
        const problem = init.signal?.aborted ? "stopped" : String(error?.message ?? error);
        if (!entry.endedAt) this.#end(entry, { problem });
        throw error;
      }
    };
  }

  /** Forgets all requests but those under way. */
  clear() {
    this.entries = this.entries.filter(({ endedAt }) => !endedAt);
    this.#onChange();
  }

  /** Forgets everything; what is under way is written down no more. */
  forget() {
    this.entries = [];
    this.#onChange();
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} init */
  #begin(input, init) {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    /** @type {Entry} */
    const entry = {
      id: (this.#count += 1),
      method: (init.method ?? "GET").toUpperCase(),
      path: url.pathname,
      query: url.search,
      wait: Number(url.searchParams.get("wait")) || 0,
      startedAt: performance.now(),
      endedAt: 0,
      status: 0,
      problem: "",
      headers: maskHeaders(new Headers(init.headers)),
      sent: pretty(bodyOf(init)),
      got: "",
    };
    this.entries.push(entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
    this.#onChange();
    return entry;
  }

  /** @param {Entry} entry @param {Partial<Entry>} outcome */
  #end(entry, outcome) {
    Object.assign(entry, outcome, { endedAt: performance.now() });
    this.#onChange();
  }
}

/** @param {RequestInit} init */
function bodyOf({ body }) {
  return typeof body === "string" ? body : "";
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Enough to tell two tokens apart, not enough to use one; of a join code four digits were nearly all.
/** @param {unknown} secret */
export function mask(secret) {
  const text = String(secret);
  return `${text.length < 16 ? "" : text.slice(0, 4)}… (${text.length} characters)`;
}

/** @param {Headers} headers */
function maskHeaders(headers) {
  return Object.fromEntries(
    [...headers].map(([name, value]) => [name, SECRET_HEADERS.has(name) ? mask(value) : value]),
  );
}

/** JSON for reading: masked, indented, the lines of an SDP below each other. @param {string} text */
function pretty(text) {
  const json = parse(text);
  if (json === null) return text;
  const masked = (/** @type {string} */ key, /** @type {unknown} */ value) =>
    SECRET_FIELDS.has(key) ? mask(value) : value;
  return JSON.stringify(json, masked, 2).replaceAll("\\r\\n", "\n    ");
}
