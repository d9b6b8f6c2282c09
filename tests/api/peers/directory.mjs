// GET /topics and GET / with offers counted in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api } from "../helpers.mjs";
import { Peer, assertStatus, idsOf, randomTopic } from "./peer.mjs";

const names = (topics) => topics.map(({ topic }) => topic);
const starting = (start, rest = "") => `?startsWith=${encodeURIComponent(start)}${rest}`;

describe("the directory", { concurrency: true }, () => {
  test("counts open offers, and their peers by id", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topic = randomTopic();
    await ann.offers({ topics: [topic] }, { topics: [topic], info: "x" });
    await bob.offers({ topics: [topic], info: "x" });
    assert.deepEqual(await ann.api.topics(starting(topic)), [{ topic, count: 3, activePeers: 2 }]);
  });

  test("counts sessions and offers of a topic together", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topic = randomTopic();
    for (const info of ["x", "x", "y"]) await ann.api.offer(topic, { info });
    await ann.offers({ topics: [topic] }, { topics: [topic] });
    await bob.offer({ topics: [topic] });
    // Two infos and two peers.
    assert.deepEqual(await ann.api.topics(starting(topic)), [{ topic, count: 6, activePeers: 4 }]);
  });

  test("counts an info that is a peer's id as somebody else", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    await ann.api.offer(topic, { info: ann.id });
    await ann.offer({ topics: [topic] });
    assert.deepEqual(await ann.api.topics(starting(topic)), [{ topic, count: 2, activePeers: 2 }]);
  });

  test("shows offers to every origin, and sessions to their own", async () => {
    const ann = await Peer.register();
    const start = randomTopic();
    const [both, sessions, offers] = [`${start} a`, `${start} b`, `${start} c`];
    for (const topic of [both, sessions]) await ann.api.offer(topic);
    await ann.offers({ topics: [both, offers] });
    assert.deepEqual(await ann.api.topics(starting(start)), [
      { topic: both, count: 2, activePeers: 2 },
      { topic: sessions, count: 1, activePeers: 1 },
      { topic: offers, count: 1, activePeers: 1 },
    ]);
    for (const api of [ann.api.from(), ann.api.from(null)]) {
      const { body } = await api.get(`/topics${starting(start)}`);
      assert.deepEqual(body.topics, [
        { topic: both, count: 1, activePeers: 1 },
        { topic: offers, count: 1, activePeers: 1 },
      ]);
      assert.deepEqual([body.total, body.pagination.total], [2, 2]);
      assert.ok(!JSON.stringify(body).includes(sessions));
    }
  });

  test("has an offer under each of its topics, and none without topics", async () => {
    const ann = await Peer.register();
    const start = randomTopic();
    const topics = Array.from({ length: 50 }, (_, i) => `${start} ${String(i).padStart(2, "0")}`);
    await ann.offers({ topics }, {});
    const { body } = await ann.api.get(`/topics${starting(start)}`);
    assert.deepEqual(
      body.topics,
      topics.map((topic) => ({ topic, count: 1, activePeers: 1 })),
    );
  });

  test("loses answered and deleted offers, and their topics with the last one", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topic = randomTopic();
    const [answered, deleted] = idsOf(await ann.offers({ topics: [topic] }, { topics: [topic] }));
    await bob.answered(answered);
    assert.deepEqual(await ann.api.topics(starting(topic)), [{ topic, count: 1, activePeers: 1 }]);
    assertStatus(await ann.delete(deleted), 200);
    const { body } = await ann.api.get(`/topics${starting(topic)}`);
    assert.deepEqual([body.topics, body.total], [[], 0]);
  });

  test("counts a peer as long as one of its offers is open", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topics = [randomTopic()];
    const [first] = await ann.offers({ topics }, { topics });
    await bob.offer({ topics });
    assertStatus(await ann.delete(first.id), 200);
    const [topic] = topics;
    assert.deepEqual(await ann.api.topics(starting(topic)), [{ topic, count: 2, activePeers: 2 }]);
  });

  test("is sorted over both kinds, in byte order, by offset without loss or doubling", async () => {
    const ann = await Peer.register();
    const start = randomTopic();
    const ends = ["", " ", "!", "/", "0", "A", "a", "a b", "ab", "é", "中", "\uff01", "😀", "😀a"];
    const all = ends.map((end) => start + end);
    for (const [i, topic] of all.entries()) {
      if (i % 3 !== 1) await ann.api.offer(topic);
      if (i % 3 !== 0) await ann.offer({ topics: [topic] });
    }
    const { body } = await ann.api.get(`/topics${starting(start)}`);
    assert.deepEqual(names(body.topics), all);
    assert.equal(body.total, all.length);
    assert.deepEqual(
      body.topics.map(({ count }) => count),
      all.map((_, i) => (i % 3 === 2 ? 2 : 1)),
    );
    for (const limit of [1, 3, 5, 13, 14]) {
      const paged = [];
      for (let offset = 0; offset <= all.length; offset += limit) {
        const page = (
          await ann.api.get(`/topics${starting(start, `&offset=${offset}&limit=${limit}`)}`)
        ).body;
        assert.deepEqual([page.total, page.offset, page.limit], [all.length, offset, limit]);
        assert.equal(page.pagination.hasMore, offset + limit < all.length);
        paged.push(...names(page.topics));
      }
      assert.deepEqual(paged, all);
    }
  });

  test("starts with a text over both kinds", async () => {
    const ann = await Peer.register();
    const start = randomTopic();
    await ann.api.offer(`${start} game a`);
    await ann.offers({ topics: [`${start} game b`, `${start} gamma`, `x${start} game`] });
    const { body } = await ann.api.get(`/topics${starting(`${start} game`)}`);
    assert.deepEqual(names(body.topics), [`${start} game a`, `${start} game b`]);
    assert.equal(body.startsWith, `${start} game`);
  });

  test("has long topics that differ in their last character", async () => {
    const ann = await Peer.register();
    const start = randomTopic();
    const filler = "😀".repeat(255 - [...start].length);
    const [a, b] = ["a", "b"].map((end) => start + filler + end);
    await ann.offer({ topics: [a] });
    await ann.api.offer(b);
    assert.deepEqual(names(await ann.api.topics(starting(start))), [a, b]);
    assert.deepEqual(names(await ann.api.topics(starting(a))), [a]);
  });

  test("is the same at the root", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    await ann.offer({ topics: [topic] });
    const { name, version, description, ...rest } = (await ann.api.get(`/${starting(topic)}`)).body;
    assert.deepEqual([name, rest.total], ["Rondevu", 1]);
    assert.ok(version && description);
    assert.deepEqual(rest, (await ann.api.get(`/topics${starting(topic)}`)).body);
  });

  test("has the topics of offers page by page too", async () => {
    const ann = await Peer.register(new Api("brief"));
    const start = `\u0001${randomTopic()}`; // before every other name
    const topics = ["a", "b", "c"].map((end) => start + end);
    await ann.offer({ topics, ttl: 1e9 });
    const pages = [];
    for (const page of [1, 2, 3]) {
      const { body } = await ann.api.get(`/topics?page=${page}&limit=1`);
      assert.ok(body.total >= 3);
      pages.push(...names(body.topics));
    }
    assert.deepEqual(pages, topics);
  });
});
