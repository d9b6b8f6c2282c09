// The double of Workers KV is as unkind as it says.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventualKv } from "./eventual-kv.mjs";
import { Random } from "./random.mjs";
import { VirtualTime } from "./virtual-time.mjs";

const STALE_MAX = 60_000; // ms
const SLOW = { takes: () => 0, lag: () => STALE_MAX, ownAtOnce: 1, cached: () => 1, emptyPage: 0 };
const QUICK = { ...SLOW, lag: () => 0 };

/** A test of a story that is told in places a and b. */
function story(name, mood, tell, seeds = 1) {
  test(name, async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const time = new VirtualTime();
      const kv = new EventualKv(time, new Random(seed), ["a", "b"], mood);
      await time.run(tell({ time, kv, a: kv.places.a, b: kv.places.b }));
    }
  });
}

const names = ({ keys }) => keys.map(({ name }) => name);

describe("what another place wrote", () => {
  story("is seen after a while, by gets and by lists", SLOW, async ({ time, a, b }) => {
    await a.put("key", "value", { metadata: { m: 1 } });
    assert.equal(await a.get("key"), "value");
    await time.sleep(STALE_MAX - 1);
    assert.equal(await b.get("key"), null);
    assert.deepEqual(names(await b.list()), []);
    await time.sleep(1);
    assert.deepEqual(await b.getWithMetadata("key"), { value: "value", metadata: { m: 1 } });
    assert.deepEqual(names(await b.list()), ["key"]);
  });

  const moods = { ...SLOW, lag: (random) => random.whole(0, STALE_MAX) };
  const seen = { get: new Set(), list: new Set() };
  story(
    "is seen by gets and by lists at moments of their own, as the seed has it",
    moods,
    async ({ time, a, b }) => {
      await a.put("key", "value");
      await time.sleep(STALE_MAX / 2);
      seen.get.add((await b.get("key")) !== null);
      seen.list.add(names(await b.list()).length > 0);
    },
    20,
  );
  test("which was early here and late there", () => {
    assert.deepEqual([seen.get.size, seen.list.size], [2, 2]);
  });

  story(
    "is seen 60 s later at the latest, whatever was looked up when",
    { ...moods, cached: (random) => random.next() },
    async ({ time, kv, a, b }) => {
      await a.put("key", "old");
      await time.sleep(kv.random.whole(1000, 90_000));
      await a.put("key", "new");
      const wrote = time.now;
      while (time.now < wrote + STALE_MAX) {
        await b.get("key");
        await b.list();
        await time.sleep(kv.random.whole(1, 20_000));
      }
      assert.equal(await b.get("key"), "new");
      assert.deepEqual(names(await b.list()), ["key"]);
    },
    50,
  );

  story("may be a deletion", SLOW, async ({ time, a, b }) => {
    await a.put("key", "value");
    await time.sleep(STALE_MAX);
    await a.delete("key");
    assert.equal(await a.get("key"), null);
    assert.equal(await b.get("key"), "value");
    assert.deepEqual(names(await b.list()), ["key"]);
    await time.sleep(STALE_MAX);
    assert.equal(await b.get("key"), null);
    assert.deepEqual(names(await b.list()), []);
  });
});

describe("what was looked up", () => {
  story("is cached for its cacheTtl", QUICK, async ({ time, a, b }) => {
    await a.put("key", "old");
    assert.equal(await b.get("key", { cacheTtl: 30 }), "old");
    await time.sleep(1000);
    await a.put("key", "new");
    await time.sleep(28_999);
    assert.equal(await b.get("key", { cacheTtl: 30 }), "old");
    await time.sleep(1);
    assert.equal(await b.get("key", { cacheTtl: 30 }), "new");
  });

  story("is cached for 60 s where nothing is said", QUICK, async ({ time, a, b }) => {
    assert.equal(await b.get("key"), null);
    assert.deepEqual(names(await b.list()), []);
    await a.put("key", "value");
    await time.sleep(59_999);
    assert.equal(await b.get("key"), null, "an absent key");
    assert.deepEqual(names(await b.list()), [], "a list");
    assert.deepEqual(names(await b.list({ prefix: "k" })), ["key"], "another list is not");
    await time.sleep(1);
    assert.equal(await b.get("key"), "value");
    assert.deepEqual(names(await b.list()), ["key"]);
  });
});

describe("a place's own write", () => {
  story("is seen at once, past what it had looked up", SLOW, async ({ a }) => {
    assert.equal(await a.get("key"), null);
    assert.deepEqual(names(await a.list()), []);
    await a.put("key", "value");
    assert.equal(await a.get("key"), "value");
    assert.deepEqual(names(await a.list()), ["key"]);
  });

  story("now and then is not", { ...SLOW, ownAtOnce: 0 }, async ({ time, a }) => {
    await a.put("key", "value");
    assert.equal(await a.get("key"), null);
    assert.deepEqual(names(await a.list()), []);
    await time.sleep(STALE_MAX);
    assert.equal(await a.get("key"), "value");
  });
});

describe("the store refuses", () => {
  const tooMany = /429 Too Many Requests/;
  story("a second write to a key within a second", QUICK, async ({ time, kv, a, b }) => {
    await a.put("key", "1");
    await assert.rejects(a.put("key", "2"), { message: "KV PUT failed: 429 Too Many Requests" });
    await time.sleep(999);
    await assert.rejects(b.put("key", "2"), tooMany);
    await assert.rejects(b.delete("key"), tooMany);
    await b.put("other", "1");
    await time.sleep(1);
    await b.delete("key");
    await assert.rejects(a.put("key", "3"), tooMany);
    assert.equal(await a.get("key"), null);
    assert.equal(kv.counts.refused, 4);
  });

  story("what is too short, too long, too large", QUICK, async ({ a }) => {
    await assert.rejects(a.put("k", "v", { expirationTtl: 59 }), /400/);
    await a.put("ttl", "v", { expirationTtl: 60 });
    const metadata = (bytes) => ({ m: "x".repeat(bytes - '{"m":""}'.length) });
    await assert.rejects(a.put("k", "v", { metadata: metadata(1025) }), /413/);
    await a.put("metadata", "v", { metadata: metadata(1024) });
    await assert.rejects(a.put("é".repeat(256) + "k", "v"), /414/);
    await a.put("é".repeat(256), "v");
    await assert.rejects(a.get("k", { cacheTtl: 29 }), /400/);
    await a.get("k", { cacheTtl: 30 });
    const keys = Array.from({ length: 101 }, (_, i) => `k${i}`);
    await assert.rejects(a.get(keys), /400/);
    await a.get(keys.slice(1));
    await assert.rejects(a.list({ limit: 1001 }), /400/);
  });
});

describe("an entry", () => {
  story("is gone when its time is up", QUICK, async ({ time, a, b }) => {
    await a.put("key", "value", { expirationTtl: 60 });
    await time.sleep(60_000);
    assert.equal(await b.get("key"), null);
    assert.deepEqual(names(await b.list()), []);
  });
});

describe("a list", () => {
  story("comes in pages, in the order of bytes", QUICK, async ({ a, b }) => {
    const written = Array.from({ length: 2100 }, (_, i) => `p/${i}`).concat("p/é", "p/z", "q");
    await Promise.all(written.map((key) => a.put(key, "", { metadata: { key } })));
    const pages = [];
    let cursor;
    do {
      const page = await b.list({ prefix: "p/", cursor });
      pages.push(page.keys);
      assert.equal(page.list_complete, page.cursor === undefined);
      ({ cursor } = page);
    } while (cursor);
    assert.deepEqual(
      pages.map((keys) => keys.length),
      [1000, 1000, 102],
    );
    const sorted = written.filter((key) => key !== "q").sort();
    assert.deepEqual(names({ keys: pages.flat() }), sorted);
    assert.ok(pages.flat().every(({ name, metadata }) => metadata.key === name));
  });

  story("may begin with an empty page", { ...QUICK, emptyPage: 1 }, async ({ a }) => {
    await a.put("key", "");
    const empty = await a.list();
    assert.deepEqual([empty.keys, empty.list_complete], [[], false]);
    const page = await a.list({ cursor: empty.cursor });
    assert.deepEqual([names(page), page.list_complete], [["key"], true]);
  });
});

describe("many keys", () => {
  story("are one call, and are all counted", QUICK, async ({ kv, a }) => {
    await a.put("there", "value", { metadata: { m: 1 } });
    const keys = ["there", "absent"];
    assert.deepEqual(
      [...(await a.get(keys))],
      [
        ["there", "value"],
        ["absent", null],
      ],
    );
    assert.deepEqual(
      [...(await a.getWithMetadata(keys)).values()],
      [
        { value: "value", metadata: { m: 1 } },
        { value: null, metadata: null },
      ],
    );
    await a.list();
    await a.delete("absent");
    assert.deepEqual(kv.counts, { get: 2, keys: 4, list: 1, put: 1, delete: 1, refused: 0 });
  });
});
