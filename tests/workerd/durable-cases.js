// What kv/durable.js and worker/outbox.js do in an object, beyond the storage suite. Each case is run inside an object of its own, by
// durable-worker.js; one in several steps has its object thrown out of memory between them.
//
// The clock stands still, where `at` has put it. A promise to another object is the case's own function.

import assert from "node:assert/strict";
import { Durable } from "../../kv/durable.js";
import { Outbox } from "../../worker/outbox.js";

const LIFE = 60_000; // ms
const TOO_LARGE = "x".repeat(8_400_000); // bytes; Cloudflare takes 2 MB in a row, workerd by itself some more

const put = (key, value = "v", life = LIFE) => ({ key, value, expiresAt: Date.now() + life });
const gone = (key) => ({ key, value: null, expiresAt: 0 });
const keysOf = (store, prefix = "a/") => store.list(prefix, "", 10_000).facts.map(({ key }) => key);
const tables = (storage) =>
  storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'facts%'").toArray().length;
const rows = (storage) => storage.sql.exec("SELECT COUNT(*) AS n FROM facts").one().n;

/** @typedef {{storage: any, at: (ms: number) => void}} Place */

/** @type {Record<string, (place: Place) => any>} */
const storage = {
  "an edit that fails takes those before it with it, and what is done with them"({ storage }) {
    const store = new Durable(storage);
    store.apply([put("a/b/1", "old"), put("a/b/2")]);
    let asked = false;
    const edits = [put("a/b/1", "new"), gone("a/b/2"), put("a/b/3"), put("a/b/4", TOO_LARGE)];
    assert.throws(() => store.apply(edits, () => (asked = true)), /TOOBIG|too big/i);
    assert.equal(asked, false);
    assert.deepEqual(keysOf(store), ["a/b/1", "a/b/2"]);
    assert.equal(store.read(["a/b/1"]).facts[0].value, "old");
  },

  async "where what is done with the edits fails, there are none, and no alarm"({ storage }) {
    const store = new Durable(storage);
    const fail = () => {
      storage.setAlarm(Date.now() + LIFE);
      throw new Error("no");
    };
    assert.throws(() => store.apply([put("a/b/1")], fail), /^Error: no$/);
    assert.equal(tables(storage), 0);
    assert.equal(await storage.getAlarm(), null);
    store.apply([put("a/b/2")]);
    assert.deepEqual(keysOf(store), ["a/b/2"]);
  },

  async "an alarm that is set with edits rings as it was set"({ storage }) {
    const at = Date.now() + LIFE;
    new Durable(storage).apply([put("a/b/1")], () => storage.setAlarm(at));
    assert.equal(await storage.getAlarm(), at);
  },

  "what has expired is not there from that millisecond on, though it is stored"({ storage, at }) {
    const store = new Durable(storage);
    store.apply([put("a/b c 1", "v", 1000), put("a/b d 1", "v", 1001), put("a/e", "v", 0)]);
    const seen = () => [
      store.read(["a/b c 1", "a/b d 1"]).facts.map(({ value }) => value),
      keysOf(store),
      store.list("a/", "a/b c 1", 1).facts.length,
      [store.count("a/", false), store.count("a/", true)],
    ];
    const both = [["v", "v"], ["a/b c 1", "a/b d 1"], 1, [2, 1]];
    assert.deepEqual(seen(), both);
    at(999);
    assert.deepEqual(seen(), both);
    at(1000);
    assert.deepEqual(seen(), [[null, "v"], ["a/b d 1"], 1, [1, 1]]);
    at(1001);
    assert.deepEqual(seen(), [[null, null], [], 0, [0, 0]]);
    assert.equal(rows(storage), 3);
  },

  "what expired can be put again"({ storage, at }) {
    const store = new Durable(storage);
    store.apply([put("a/b/1", "old", 1000)]);
    at(1000);
    store.apply([put("a/b/1", "new", 1000)]);
    assert.deepEqual(store.read(["a/b/1"]).facts, [put("a/b/1", "new", 1000)]);
  },

  "a sweep deletes what has expired and nothing else, and says when the next does"({
    storage,
    at,
  }) {
    const store = new Durable(storage);
    store.apply([put("a/b/1", "v", 1000), put("a/b/2", "v", 2000), put("a/b/3", "v", 3000)]);
    const start = Date.now();
    assert.equal(store.sweep(), start + 1000);
    at(2000);
    assert.equal(store.sweep(), start + 3000);
    assert.equal(rows(storage), 1);
    at(3000);
    assert.equal(store.sweep(), undefined, "the last row goes with the object");
  },

  "a sweep is bounded: what is left has expired, and goes next"({ storage, at }) {
    const store = new Durable(storage);
    const many = Array.from({ length: 10_001 }, (_, i) => put(`a/b/${i}`, "v", 1000));
    store.apply([...many, put("a/b/later", "v", 2000)]);
    at(1000);
    assert.equal(store.sweep(), Date.now());
    assert.equal(rows(storage), 2);
    assert.equal(store.sweep(), Date.now() + 1000);
  },

  "an object that is only asked keeps nothing"({ storage }) {
    const store = new Durable(storage);
    assert.deepEqual(store.read(["a/b/1"]).facts, [gone("a/b/1")]);
    assert.deepEqual(store.list("a/", "", 10), { facts: [], more: false });
    assert.deepEqual([store.count("a/", false), store.count("a/", true)], [0, 0]);
    assert.deepEqual([store.sweep(), store.nextExpiry()], [undefined, undefined]);
    assert.equal(tables(storage), 0);
  },

  async "deleting all leaves no table and no alarm, and writing goes on"({ storage }) {
    const store = new Durable(storage);
    store.apply([put("a/b/1")], () => storage.setAlarm(Date.now() + LIFE));
    await store.deleteAll();
    assert.equal(tables(storage), 0);
    assert.equal(await storage.getAlarm(), null);
    assert.deepEqual(keysOf(store), []);
    store.apply([put("a/b/2")]);
    assert.deepEqual(keysOf(store), ["a/b/2"]);
  },
};

/** A write comes while all is being deleted, in the same turn or in one of the next. */
const whileDeleting = (turns) => [
  async ({ storage }) => {
    const store = new Durable(storage);
    store.apply([put("a/b/old")], () => storage.setAlarm(Date.now() + LIFE));
    const deleted = store.deleteAll();
    for (let turn = 0; turn < turns; turn++) await null;
    store.apply([put("a/b/new")], () => storage.setAlarm(Date.now() + 2 * LIFE));
    await deleted;
    assert.deepEqual(keysOf(store), ["a/b/new"]);
  },
  async ({ storage }) => {
    assert.deepEqual(keysOf(new Durable(storage)), ["a/b/new"]);
    assert.notEqual(await storage.getAlarm(), null, "nobody would sweep it");
  },
];

const races = Object.fromEntries(
  [0, 1, 2, 10].map((turns) => [
    `what is written ${turns} turns after all began to be deleted is there, and stays`,
    whileDeleting(turns),
  ]),
);

const instances = {
  "a new instance finds what an earlier one has stored": [
    ({ storage }) => new Durable(storage).apply([put("a/b/1")]),
    ({ storage }) => assert.deepEqual(keysOf(new Durable(storage)), ["a/b/1"]),
  ],
};

// -- Letters

/** An outbox, and what has arrived where. `reach` fails where an object cannot be reached. */
function post(storage, reach = async (/** @type {string} */ _to) => {}) {
  const store = new Durable(storage);
  /** @type {Record<string, string[]>} */ const arrived = {};
  const outbox = new Outbox(store, async (to, edits) => {
    await reach(to);
    (arrived[to] ??= []).push(...edits.map(({ key }) => key));
  });
  const write = (others) => store.apply(outbox.write(others));
  return { store, outbox, arrived, write, left: () => keysOf(store, "outbox/").length };
}

const unreachable = async () => {
  throw new Error("not there");
};

/** @type {Record<string, (place: Place) => any>} */
const letters = {
  async "letters arrive in the order in which they were written, and are gone then"({ storage }) {
    const { outbox, arrived, write, left } = post(storage);
    const keys = Array.from({ length: 250 }, (_, i) => `b/c/${i}`);
    for (const key of keys) write({ "b/c": [put(key)] });
    assert.equal(await outbox.deliver("b/c"), true);
    assert.deepEqual(arrived, { "b/c": keys });
    assert.equal(left(), 0);
    assert.equal(outbox.retryAt(), undefined);
  },

  async "the order is that of the writing when the clock goes back too"({ storage, at }) {
    const { outbox, arrived, write } = post(storage);
    for (const ms of [0, -10, -20, 5]) {
      at(ms);
      write({ "b/c": [put(`b/c/${ms}`)] });
    }
    await outbox.deliver("b/c");
    assert.deepEqual(arrived["b/c"], ["b/c/0", "b/c/-10", "b/c/-20", "b/c/5"]);
  },

  async "each object gets its own letters, and one that cannot be reached holds up no other"({
    storage,
  }) {
    const reach = (to) => (to === "b/1" ? unreachable() : Promise.resolve());
    const { outbox, arrived, write, left } = post(storage, reach);
    write({ "b/1": [put("b/1/x")], "b/2": [put("b/2/x")], copies: [put("name/x/y")] });
    write({ "b/2": [put("b/2/y")] });
    await outbox.deliverAll();
    assert.deepEqual(arrived, { "b/2": ["b/2/x", "b/2/y"], copies: ["name/x/y"] });
    assert.equal(left(), 1);
  },

  async "a letter on its way is not sent again beside itself, and the next waits for it"({
    storage,
  }) {
    const { promise, resolve } = Promise.withResolvers();
    let calls = 0;
    const { outbox, arrived, write } = post(storage, () => (calls++, promise));
    write({ "b/c": [put("b/c/1")] });
    const first = outbox.deliver("b/c");
    write({ "b/c": [put("b/c/2")] });
    const others = [outbox.deliver("b/c"), outbox.deliverAll()];
    for (let turn = 0; turn < 20; turn++) await null;
    assert.equal(calls, 1);
    resolve(undefined);
    await Promise.all([first, ...others]);
    assert.deepEqual(arrived["b/c"], ["b/c/1", "b/c/2"]);
  },

  async "what was not taken stays, and what was written later behind it"({ storage }) {
    let there = false;
    const { outbox, arrived, write, left } = post(storage, () =>
      there ? Promise.resolve() : unreachable(),
    );
    write({ "b/c": [put("b/c/1")] });
    assert.equal(await outbox.deliver("b/c"), false);
    write({ "b/c": [put("b/c/2")] });
    assert.deepEqual([arrived, left()], [{}, 2]);
    there = true;
    assert.equal(await outbox.deliver("b/c"), true);
    assert.deepEqual([arrived["b/c"], left()], [["b/c/1", "b/c/2"], 0]);
  },

  async "it is tried again ever later, 10 minutes apart at most, and soon again after success"({
    storage,
  }) {
    let there = false;
    const { outbox, write } = post(storage, () => (there ? Promise.resolve() : unreachable()));
    write({ "b/c": [put("b/c/1")] });
    const waits = [];
    for (let i = 0; i < 12; i++) {
      waits.push((outbox.retryAt() ?? NaN) - Date.now());
      await outbox.deliverAll();
    }
    const doubled = waits.map((_, i) => Math.min(2000 * 2 ** i, 600_000));
    assert.deepEqual(waits, doubled);
    there = true;
    await outbox.deliverAll();
    write({ "b/c": [put("b/c/2")] });
    assert.equal(outbox.retryAt(), Date.now() + 2000);
  },

  async "a letter whose deletion was lost arrives twice, and changes nothing then"({ storage }) {
    const { outbox, store, write } = post(storage);
    write({ "b/c": [put("b/c/1", "one"), gone("b/c/2")] });
    const [copy] = store.list("outbox/", "", 1).facts;
    const other = new Durable(storage); // another object's, for this case
    const carry = new Outbox(store, async (_to, edits) => other.apply(edits));
    await carry.deliver("b/c");
    const once = store.list("b/", "", 10);
    store.apply([copy]);
    await carry.deliver("b/c");
    assert.deepEqual(store.list("b/", "", 10), once);
    assert.equal(outbox.retryAt(), undefined);
  },

  async "what one letter cannot hold goes in several, in order"({ storage }) {
    const { outbox, arrived, store, write } = post(storage);
    const edits = Array.from({ length: 50 }, (_, i) => put(`b/c/${i}`, "é".repeat(50_000)));
    write({ "b/c": edits });
    const sizes = store
      .list("outbox/", "", 1000)
      .facts.map(({ value }) => Buffer.byteLength(value));
    assert.ok(sizes.length > 0 && Math.max(...sizes) < 1_100_000);
    await outbox.deliver("b/c");
    assert.deepEqual(
      arrived["b/c"],
      edits.map(({ key }) => key),
    );
  },

  "letters are written with the edits that they belong to, or not at all"({ storage }) {
    const { outbox, store, left } = post(storage);
    const edits = [...outbox.write({ "b/c": [put("b/c/1")] }), put("a/b/1", TOO_LARGE)];
    assert.throws(() => store.apply(edits));
    assert.equal(left(), 0);
  },

  "a letter lives as long as what it brings, and a week where it deletes"({ storage }) {
    const { store, write } = post(storage);
    const WEEK = 7 * 24 * 60 * 60 * 1000;
    write({ "b/1": [gone("b/1/x")], "b/2": [put("b/2/x", "v", 2 * WEEK)] });
    const lives = store.list("outbox/", "", 2).facts.map((fact) => fact.expiresAt - Date.now());
    assert.deepEqual(lives, [WEEK, 2 * WEEK]);
  },
};

const lettersLater = {
  "letters of an earlier instance are found, and go before its own": [
    ({ storage }) => {
      const { write } = post(storage);
      for (const i of [1, 2, 3]) write({ "b/c": [put(`b/c/${i}`)], "b/d": [put(`b/d/${i}`)] });
    },
    async ({ storage, at }) => {
      at(1);
      const { outbox, arrived, write, left } = post(storage);
      assert.equal(outbox.retryAt(), Date.now() + 2000);
      write({ "b/c": [put("b/c/4")] });
      await outbox.deliverAll();
      assert.deepEqual(arrived, {
        "b/c": [1, 2, 3, 4].map((i) => `b/c/${i}`),
        "b/d": [1, 2, 3].map((i) => `b/d/${i}`),
      });
      assert.equal(left(), 0);
    },
  ],
};

/** @type {Record<string, Record<string, any>>} by what they are about */
export const cases = {
  "storage over kv/durable": { ...storage, ...races, ...instances },
  "letters of an object": { ...letters, ...lettersLater },
};
