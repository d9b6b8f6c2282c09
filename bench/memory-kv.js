// A Workers KV namespace in the isolate's memory, for benchmarks: its calls cost next to nothing, so that what is
// measured is the handler. No expiry, no eventual consistency. It holds the newest KEYS_MAX keys.

const KEYS_MAX = 20000;

/** The first two segments of a key; no prefix that is listed is shorter. */
function shardOf(key) {
  return key.slice(0, key.indexOf("/", key.indexOf("/") + 1));
}

/** Where the name is, or would be. */
function lowerBound(names, name) {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (names[middle] < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class MemoryKv {
  /** Oldest first: {value, metadata} by name. */
  #entries = new Map();
  /** Sorted names by shard. */
  #shards = new Map();

  async put(name, value, { metadata }) {
    if (this.#entries.size >= KEYS_MAX) this.#drop(this.#entries.keys().next().value);
    const shard = shardOf(name);
    const names = this.#shards.get(shard) ?? [];
    this.#shards.set(shard, names);
    if (!this.#entries.has(name)) names.splice(lowerBound(names, name), 0, name);
    this.#entries.set(name, { value, metadata });
  }

  async delete(name) {
    this.#drop(name);
  }

  async get(names) {
    return new Map(names.map((name) => [name, this.#entries.get(name)?.value ?? null]));
  }

  async getWithMetadata(names) {
    const absent = { value: null, metadata: null };
    return new Map(names.map((name) => [name, this.#entries.get(name) ?? absent]));
  }

  async list({ prefix, cursor = "", limit = 1000 }) {
    const names = this.#shards.get(shardOf(prefix)) ?? [];
    const keys = [];
    let at = lowerBound(names, cursor > prefix ? cursor : prefix);
    for (; keys.length < limit && names[at]?.startsWith(prefix); at++)
      keys.push({ name: names[at], metadata: this.#entries.get(names[at]).metadata });
    return names[at]?.startsWith(prefix)
      ? { keys, list_complete: false, cursor: names[at] }
      : { keys, list_complete: true };
  }

  #drop(name) {
    if (!this.#entries.delete(name)) return;
    const shard = shardOf(name);
    const names = this.#shards.get(shard);
    names.splice(lowerBound(names, name), 1);
    if (names.length === 0) this.#shards.delete(shard);
  }
}
