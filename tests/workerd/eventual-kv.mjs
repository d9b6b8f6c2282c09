// Workers KV as it is between places, on a virtual clock: one central store, and a binding for each place.
//
// What a place sees of a write is decided when it is written, by the seed: its own at once as a rule, another place's up
// to 60 s later, for gets and for lists apart. What a place has looked up it goes on seeing, absent keys and lists
// too, up to its cacheTtl; but nothing is ever seen that is more than 60 s behind. Every call takes a moment, within which
// its effect happens. Errors read like the real ones.

const STALE_MAX = 60_000; // ms
const WRITE_EVERY = 1000; // ms, to one key
const TTL_MIN = 60; // s
const CACHE_TTL_MIN = 30; // s
const CACHE_TTL = 60; // s, where the call names none
const LIST_MAX = 1000;
const GET_MAX = 100; // keys in one call
const KEY_MAX = 512; // bytes
const METADATA_MAX = 1024; // bytes of JSON
const VALUE_MAX = 25 * 1024 * 1024; // bytes

/**
 * @typedef {{value: string | null, metadata: unknown, at: number, expiresAt: number,
 *     seenAt: Record<string, {get: number, list: number}>}} Version of one key; a null value: deleted
 * @typedef {{answer: any, until: number}} Cached
 */

/** How unkind the store is; each of them is asked for one write, or one call, at a time. */
export const moods = {
  /** Probability that a place sees its own write at once. */
  ownAtOnce: 0.85,
  /** Probability that a list call brings an empty page before what there is. */
  emptyPage: 0.1,
  /** ms until another place sees a write. @param {import("./random.mjs").Random} random */
  lag: (random) => random.pick([random.whole(0, 3000), random.whole(0, 60_000), 60_000]),
  /** How much of its cacheTtl an answer stays cached. @param {import("./random.mjs").Random} random */
  cached: (random) => random.pick([1, random.next()]),
  /** ms that a call takes. @param {import("./random.mjs").Random} random */
  takes: (random) => random.whole(2, 40),
};

export class EventualKv {
  /** @type {Map<string, Version[]>} */ versions = new Map();
  /** Operations of all places, by kind; `keys`: what the gets are billed for. */
  counts = { get: 0, keys: 0, list: 0, put: 0, delete: 0, refused: 0 };

  /**
   * @param {import("./virtual-time.mjs").VirtualTime} time
   * @param {import("./random.mjs").Random} random
   * @param {string[]} places
   * @param {Partial<typeof moods>} mood
   */
  constructor(time, random, places, mood = {}) {
    this.time = time;
    this.random = random;
    this.mood = { ...moods, ...mood };
    this.places = Object.fromEntries(places.map((name) => [name, new Place(this, name)]));
  }

  /** @param {keyof EventualKv["counts"]} kind */
  count(kind, by = 1) {
    this.counts[kind] += by;
  }

  /** @param {string} message @returns {never} */
  refuse(message) {
    this.count("refused");
    throw new Error(message);
  }

  /** @param {string} place @param {string} key @param {Partial<Version>} version */
  write(place, key, version) {
    const { now } = this.time;
    const versions = this.versions.get(key) ?? [];
    if (now - (versions.at(-1)?.at ?? -Infinity) < WRITE_EVERY)
      this.refuse(`KV ${version.value === null ? "DELETE" : "PUT"} failed: 429 Too Many Requests`);
    const seenAt = Object.fromEntries(
      Object.keys(this.places).map((name) => [
        name,
        { get: now + this.#lag(name === place), list: now + this.#lag(name === place) },
      ]),
    );
    versions.push({ metadata: null, expiresAt: Infinity, ...version, at: now, seenAt });
    this.versions.set(key, versions);
    return seenAt[place];
  }

  #lag(own) {
    if (own && this.random.chance(this.mood.ownAtOnce)) return 0;
    return Math.min(STALE_MAX, this.mood.lag(this.random));
  }
}

/** The binding of one place. */
class Place {
  /** @type {Map<string, Cached>} */ #cache = new Map();

  /** @param {EventualKv} kv @param {string} name */
  constructor(kv, name) {
    this.kv = kv;
    this.name = name;
  }

  async get(keys, options) {
    const found = await this.#getAll("GET", keys, options);
    const values = found.map(([key, entry]) => [key, entry?.value ?? null]);
    return Array.isArray(keys) ? new Map(values) : values[0][1];
  }

  async getWithMetadata(keys, options) {
    const found = await this.#getAll("GET", keys, options);
    const entries = found.map(([key, entry]) => [
      key,
      { value: entry?.value ?? null, metadata: entry?.metadata ?? null },
    ]);
    return Array.isArray(keys) ? new Map(entries) : entries[0][1];
  }

  async list({ prefix = "", cursor = "", limit = LIST_MAX } = {}) {
    const { kv } = this;
    kv.count("list");
    await this.#moment();
    if (limit < 1 || limit > LIST_MAX)
      kv.refuse(`KV LIST failed: 400 Invalid key_count_limit of ${limit}`);
    const name = JSON.stringify(["list", prefix, cursor ?? "", limit]);
    const page = this.#cached(name, CACHE_TTL, "list", prefix, () =>
      this.#listNow(prefix, cursor ?? "", limit),
    );
    return { ...page, keys: page.keys.map((key) => ({ ...key })) };
  }

  async put(key, value, { expirationTtl = Infinity, metadata = null } = {}) {
    const { kv } = this;
    kv.count("put");
    await this.#moment();
    this.#checkKey("PUT", key);
    if (typeof value !== "string") throw new TypeError("this double takes text only");
    if (expirationTtl < TTL_MIN || (expirationTtl !== Infinity && !Number.isInteger(expirationTtl)))
      kv.refuse(
        `KV PUT failed: 400 Invalid expiration_ttl of ${expirationTtl}. ` +
          `Expiration TTL must be at least ${TTL_MIN}.`,
      );
    if (Buffer.byteLength(value) > VALUE_MAX) kv.refuse("KV PUT failed: 413 Value too large");
    const metadataBytes = Buffer.byteLength(JSON.stringify(metadata));
    if (metadata !== null && metadataBytes > METADATA_MAX)
      kv.refuse(
        `KV PUT failed: 413 Metadata length of ${metadataBytes} exceeds limit of ${METADATA_MAX}.`,
      );
    const expiresAt = kv.time.now + 1000 * expirationTtl;
    this.#written(key, kv.write(this.name, key, { value, metadata: freeze(metadata), expiresAt }));
  }

  async delete(key) {
    const { kv } = this;
    kv.count("delete");
    await this.#moment();
    this.#checkKey("DELETE", key);
    this.#written(key, kv.write(this.name, key, { value: null }));
  }

  #moment() {
    return this.kv.time.sleep(this.kv.mood.takes(this.kv.random));
  }

  #checkKey(call, key) {
    if (key === "" || key === "." || key === "..")
      throw new TypeError(`Key name cannot be "${key}".`);
    const bytes = Buffer.byteLength(key);
    if (bytes > KEY_MAX)
      this.kv.refuse(
        `KV ${call} failed: 414 UTF-8 encoded length of ${bytes} exceeds key length limit of ${KEY_MAX}.`,
      );
  }

  async #getAll(call, given, options = {}) {
    const { kv } = this;
    const { type = "text", cacheTtl = CACHE_TTL } =
      typeof options === "string" ? { type: options } : options;
    const keys = [given].flat();
    kv.count("get");
    kv.count("keys", keys.length);
    await this.#moment();
    if (type !== "text") throw new TypeError("this double gives text only");
    if (cacheTtl < CACHE_TTL_MIN)
      kv.refuse(
        `KV ${call} failed: 400 Invalid cache_ttl of ${cacheTtl}. Cache TTL must be at least ${CACHE_TTL_MIN}.`,
      );
    if (keys.length < 1 || keys.length > GET_MAX)
      kv.refuse(`KV ${call} failed: 400 You can request a maximum of ${GET_MAX} keys`);
    return keys.map((key) => {
      this.#checkKey(call, key);
      const name = JSON.stringify(["get", key]);
      return [key, this.#cached(name, cacheTtl, "get", key, () => this.#seen(key, "get"))];
    });
  }

  /** The newest version of the key that this place sees; undefined where it sees none. */
  #seen(key, kind) {
    const { now } = this.kv.time;
    const version = this.kv.versions
      .get(key)
      ?.findLast(({ seenAt }) => seenAt[this.name][kind] <= now);
    return version === undefined || version.value === null || version.expiresAt <= now
      ? undefined
      : version;
  }

  #listNow(prefix, cursor, limit) {
    const start = cursor === "" ? "" : Buffer.from(cursor, "base64").toString();
    // An empty page goes on where it was; its cursor says so, lest the same be cached for ever.
    if (!start.endsWith("\0") && this.kv.random.chance(this.kv.mood.emptyPage))
      return { keys: [], list_complete: false, cursor: base64(`${start}\0`), cacheStatus: null };
    const after = start.replace("\0", "");
    const names = [...this.kv.versions.keys()]
      .filter((key) => key.startsWith(prefix) && (after === "" || byBytes(key, after) > 0))
      .sort(byBytes);
    const keys = [];
    for (const name of names) {
      const entry = this.#seen(name, "list");
      if (entry === undefined) continue;
      if (keys.length === limit) {
        const last = base64(keys[limit - 1].name);
        return { keys, list_complete: false, cursor: last, cacheStatus: null };
      }
      const { metadata, expiresAt } = entry;
      keys.push({
        name,
        ...(expiresAt !== Infinity && { expiration: Math.floor(expiresAt / 1000) }),
        ...(metadata !== null && { metadata }),
      });
    }
    return { keys, list_complete: true, cacheStatus: null };
  }

  /** @param {string} name @param {number} ttl s @param {"get" | "list"} kind @param {string} of key or prefix */
  #cached(name, ttl, kind, of, look) {
    const { now } = this.kv.time;
    const cached = this.#cache.get(name);
    if (cached !== undefined && cached.until > now) return cached.answer;
    const answer = look();
    const life = ttl * 1000 * this.kv.mood.cached(this.kv.random);
    const until = Math.min(now + Math.min(life, STALE_MAX), this.#behindFrom(kind, of));
    this.#cache.set(name, { answer, until });
    return answer;
  }

  /** When what this place sees now will be behind by more than there may be. */
  #behindFrom(kind, of) {
    let from = Infinity;
    for (const [key, versions] of this.kv.versions) {
      if (kind === "get" ? key !== of : !key.startsWith(of)) continue;
      for (const { at, seenAt } of versions)
        if (seenAt[this.name][kind] > this.kv.time.now) from = Math.min(from, at + STALE_MAX);
    }
    return from;
  }

  /** Own writes that are seen at once are seen past the cache. */
  #written(key, { get, list }) {
    const { now } = this.kv.time;
    for (const name of this.#cache.keys()) {
      const [kind, of] = JSON.parse(name);
      if (kind === "get" ? of === key && get <= now : key.startsWith(of) && list <= now)
        this.#cache.delete(name);
    }
  }
}

const freeze = (metadata) => Object.freeze(structuredClone(metadata));
const base64 = (text) => Buffer.from(text).toString("base64");

function byBytes(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
