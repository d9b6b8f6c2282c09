// GET /offers/by-topic/:topic and GET /peers/:peerId/offers: who finds which offers, in which order,
// page by page.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Api, assertError, inParallel } from "../helpers.mjs";
import {
  MB,
  Peer,
  SDP_MAX,
  allUnderTopic,
  assertField,
  assertStatus,
  idsOf,
  pagesOf,
  randomTopic,
  sorted,
  topicPage,
  underTopic,
} from "./peer.mjs";

/** What one answer may be, about: 1 MiB, and an entry. */
const LARGE = MB + 2 * SDP_MAX;

describe("offers under a topic", { concurrency: true }, () => {
  test("are shown with what others may know", async () => {
    const ann = await Peer.register();
    const topics = [randomTopic(), randomTopic()];
    const fields = { sdp: "an offer", topics, secret: "hush", info: "ann", ttl: 70_000 };
    const { id, createdAt, expiresAt } = await ann.offer(fields);
    const answer = await ann.api.get(`/offers/by-topic/${topics[1]}`);
    assert.deepEqual(answer.body, {
      topic: topics[1],
      offers: [
        {
          id,
          peerId: ann.id,
          sdp: "an offer",
          topics,
          expiresAt,
          lastSeen: createdAt,
          hasSecret: true,
          info: "ann",
        },
      ],
      total: 1,
      returned: 1,
    });
    assert.ok(!answer.text.includes("hush"));
  });

  test("say no info where there is none, and that there is no secret", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    await ann.offer({ topics: [topic] });
    const [offer] = await underTopic(topic);
    assert.deepEqual([offer.hasSecret, "info" in offer], [false, false]);
  });

  test("are those of all origins, and of callers without one", async () => {
    const topic = randomTopic();
    const ids = [];
    for (const origin of ["https://a.example", "https://b.example", null]) {
      const peer = await Peer.register(new Api("peers", origin));
      ids.push((await peer.offer({ topics: [topic] })).id);
    }
    for (const api of [new Api("peers"), new Api("peers", null), new Api("peers", "null")])
      assert.deepEqual(sorted(idsOf(await underTopic(topic, "", api))), sorted(ids));
  });

  test("are none where nobody is", async () => {
    const topic = randomTopic();
    const { body } = await new Api("peers").get(`/offers/by-topic/${topic}`);
    assert.deepEqual(body, { topic, offers: [], total: 0, returned: 0 });
  });

  test("are those of this topic, and not of one that starts so", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    const names = [topic, `${topic}a`, `${topic}/`, `${topic} `, topic.slice(0, -1), `x${topic}`];
    const made = await ann.offers(...names.map((name) => ({ topics: [name] })));
    for (const [i, name] of names.entries())
      assert.deepEqual(idsOf(await underTopic(name)), [made[i].id], name);
  });

  test("tell topics apart that differ in the last of 256 characters", async () => {
    const ann = await Peer.register();
    const start = randomTopic() + "é".repeat(200);
    const names = ["a", "b"].map((end) => start + "😀".repeat(255 - [...start].length) + end);
    const made = await ann.offers(...names.map((name) => ({ topics: [name] })));
    for (const [i, name] of names.entries())
      assert.deepEqual(idsOf(await underTopic(name)), [made[i].id]);
  });

  test("are gone once they are answered or deleted, from every topic of theirs", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topics = [randomTopic(), randomTopic()];
    const [kept, answered, deleted] = await ann.offers({ topics }, { topics }, { topics });
    await bob.answered(answered.id);
    assertStatus(await ann.delete(deleted.id), 200);
    for (const topic of topics) {
      const { offers, total } = await topicPage(topic);
      assert.deepEqual([idsOf(offers), total], [[kept.id], 1]);
    }
    assertStatus(await ann.delete(kept.id), 200);
    assert.equal((await topicPage(topics[0])).total, 0);
  });

  test("are of a topic that has 1 to 256 characters", async () => {
    const api = new Api("peers");
    const path = (topic) => `/offers/by-topic/${encodeURIComponent(topic)}`;
    for (const topic of ["x".repeat(256), "😀".repeat(256), "rooms", "...", "a+b", "%"])
      assertStatus(await api.get(path(topic)), 200);
    for (const topic of ["", "x".repeat(257), "😀".repeat(257)])
      assertError(await api.get(path(topic)), 400);
    for (const coded of ["%ff", "%00", "%", "%zz", "%c0%80", "%ed%a0%80"])
      assertError(await api.get(`/offers/by-topic/${coded}`), 400);
    assert.equal((await api.get("/offers/by-topic/a+b")).body.topic, "a+b");
  });
});

describe("pages of a topic", { concurrency: true }, () => {
  const topic = randomTopic();
  const peers = [];
  /** Ids in the order that the list has: by peer, of each the newest first. */
  const inOrder = [];

  before(async () => {
    for (let i = 0; i < 5; i++) peers.push(await Peer.register());
    const made = await inParallel(peers, (peer) =>
      peer.offersInTurn(...Array.from({ length: 5 }, () => ({ topics: [topic] }))),
    );
    for (const offers of made.toSorted((a, b) => (a[0].id < b[0].id ? -1 : 1)))
      inOrder.push(...idsOf(offers.toReversed()));
  });

  test("go by peer id, and of each peer by the newest", async () => {
    assert.deepEqual(idsOf(await underTopic(topic)), inOrder);
  });

  for (const limit of [1, 2, 3, 7, 24, 25, 26])
    test(`of ${limit} follow one another without loss or doubling`, async () => {
      const pages = await pagesOf((query) => topicPage(topic, query), { limit });
      assert.deepEqual(
        pages.flatMap(({ offers }) => idsOf(offers)),
        inOrder,
      );
      for (const { offers, total } of pages) {
        assert.ok(offers.length <= limit);
        assert.equal(total, 25);
      }
    });

  test("go on where the offer that they begin behind is gone", async () => {
    const [ann, topics] = [await Peer.register(), [randomTopic()]];
    await ann.offersInTurn({ topics }, { topics }, { topics });
    const first = await topicPage(topics[0], "?limit=1");
    assertStatus(await ann.delete(first.offers[0].id), 200);
    const rest = await topicPage(topics[0], `?after=${encodeURIComponent(first.next)}`);
    assert.deepEqual([rest.offers.length, rest.total], [2, 2]);
  });

  for (const after of ["x", "0", "-1", "%ff", "%00", "0123456789abcdef", "a".repeat(5000)])
    test(`are 400 behind ${after.slice(0, 20)}`, async () => {
      assertField(await new Api("peers").get(`/offers/by-topic/${topic}?after=${after}`), "after");
    });

  for (const limit of ["0", "-1", "1.5", "1e3", "x", "%201", "%ff", "NaN"])
    test(`are 400 with a limit of ${limit}`, async () => {
      const answer = await new Api("peers").get(`/offers/by-topic/${topic}?limit=${limit}`);
      assertField(answer, "limit");
    });

  test("are as by default where a parameter is empty, or not known", async () => {
    const plain = await topicPage(topic);
    for (const query of ["?limit=", "?after=", "?limit=&after=", "?x=1", "?Limit=1"])
      assert.deepEqual(await topicPage(topic, query), plain, query);
  });

  test("hold 50 offers where nothing is said, and 200 at most", async () => {
    const name = randomTopic();
    const many = Array(70).fill({ topics: [name], info: "one of many" });
    const made = await inParallel(Array(3), async () => (await Peer.register()).offers(...many));
    const ids = sorted(made.flatMap(idsOf));
    for (const [query, count] of [
      ["", 50],
      ["?limit=200", 200],
      ["?limit=201", 200],
      [`?limit=${"9".repeat(400)}`, 200],
    ]) {
      const { offers, total, next } = await topicPage(name, query);
      assert.deepEqual([offers.length, total, typeof next], [count, 210, "string"], query);
    }
    assert.deepEqual(sorted(idsOf(await allUnderTopic(name, { limit: 200 }))), ids);
    assert.deepEqual(sorted(idsOf(await allUnderTopic(name, {}))), ids);
  });

  test("end before they are larger than about 1 MiB", async () => {
    const name = randomTopic();
    const large = Array(14).fill({ topics: [name], sdp: "x".repeat(SDP_MAX) });
    const made = await inParallel(Array(3), async () => (await Peer.register()).offers(...large));
    const pages = await pagesOf((query) => topicPage(name, query), { limit: 200 });
    assert.ok(pages.length > 1);
    for (const page of pages) assert.ok(JSON.stringify(page).length < LARGE);
    const ids = pages.flatMap(({ offers }) => idsOf(offers));
    assert.deepEqual(sorted(ids), sorted(made.flatMap(idsOf)));
  });

  test("end there too where texts are larger as JSON", async () => {
    const name = randomTopic();
    const large = Array(2).fill({ topics: [name], sdp: "\u0001".repeat(SDP_MAX) });
    const made = await inParallel(Array(3), async () => (await Peer.register()).offers(...large));
    const pages = await pagesOf((query) => topicPage(name, query));
    for (const page of pages) assert.ok(JSON.stringify(page).length < MB + 6 * SDP_MAX);
    const ids = pages.flatMap(({ offers }) => idsOf(offers));
    assert.deepEqual(sorted(ids), sorted(made.flatMap(idsOf)));
  });
});

describe("offers of many topics", { concurrency: true }, () => {
  test("are under each of them, page by page, with those of few", async () => {
    const start = randomTopic();
    const topics = Array.from({ length: 50 }, (_, i) => `${start} ${i}`);
    const peers = await inParallel(Array(12), () => Peer.register());
    const made = await inParallel(peers, (peer, i) =>
      i % 2 ? peer.offers({ topics }, { topics }) : peer.offers({ topics: [topics[7]] }),
    );
    const wide = made.filter((_, i) => i % 2).flatMap(idsOf);
    assert.deepEqual(sorted(idsOf(await allUnderTopic(topics[3], { limit: 5 }))), sorted(wide));
    const all = made.flatMap(idsOf);
    for (const limit of [1, 5, 18, 200]) {
      const pages = await pagesOf((query) => topicPage(topics[7], query), { limit });
      const ids = pages.flatMap(({ offers }) => idsOf(offers));
      assert.deepEqual(sorted(ids), sorted(all));
      for (const { total } of pages) assert.equal(total, all.length);
    }
  });

  test("are gone from each of them when they are answered or deleted", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const start = randomTopic();
    const topics = Array.from({ length: 50 }, (_, i) => `${start} ${i}`);
    const [kept, answered, deleted] = await ann.offers({ topics }, { topics }, { topics });
    await bob.answered(answered.id);
    assertStatus(await ann.delete(deleted.id), 200);
    for (const topic of [topics[0], topics[17], topics[49]]) {
      const { offers, total } = await topicPage(topic);
      assert.deepEqual([idsOf(offers), total], [[kept.id], 1]);
    }
    assert.equal((await ann.mine()).length, 2);
  });
});

describe("offers of a peer", { concurrency: true }, () => {
  test("are shown as under a topic, newest first, with all their topics", async () => {
    const ann = await Peer.register();
    const [a, b, c] = [randomTopic("a"), randomTopic("b"), randomTopic("c")];
    const made = await ann.offersInTurn(
      { topics: [a, b], secret: "hush" },
      {},
      { topics: [c, b], info: "ann" },
    );
    const { body, text } = await ann.api.get(`/peers/${ann.id}/offers`);
    assert.deepEqual(Object.keys(body).toSorted(), ["offers", "peerId", "topics"]);
    assert.equal(body.peerId, ann.id);
    assert.deepEqual(idsOf(body.offers), idsOf(made).toReversed());
    assert.deepEqual(body.topics, [c, b, a]);
    assert.deepEqual(body.offers[0], (await underTopic(c))[0]);
    assert.deepEqual(body.offers[2], (await underTopic(a))[0]);
    assert.deepEqual(body.offers[1].topics, []);
    assert.ok(!text.includes("hush"));
  });

  test("are the open ones, and nobody else's", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topic = randomTopic();
    const [kept, answered, deleted] = await ann.offers({ topics: [topic], info: "ann" }, {}, {});
    await bob.offer();
    await bob.answered(answered.id);
    assertStatus(await ann.delete(deleted.id), 200);
    const { body } = await bob.get(`/peers/${ann.id}/offers`);
    assert.deepEqual(idsOf(body.offers), [kept.id]);
    assert.deepEqual(body.topics, [topic]);
  });

  test("are none of a peer that nobody knows", async () => {
    const peerId = "0123456789abcdef".repeat(2);
    const { body } = await new Api("peers").get(`/peers/${peerId}/offers`);
    assert.deepEqual(body, { peerId, offers: [], topics: [] });
  });

  for (const id of [
    "x",
    "A".repeat(32),
    "0".repeat(31),
    "0".repeat(33),
    "%ff",
    "%00",
    "g".repeat(32),
  ])
    test(`are 400 of ${id}`, async () => {
      assertError(await new Api("peers").get(`/peers/${id}/offers`), 400);
    });

  test("come in pages, each with the topics of its own offers", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    const sdp = "x".repeat(SDP_MAX);
    const names = Array.from({ length: 28 }, (_, i) => `${topic} ${i}`);
    const given = names.map((name) => ({ sdp, topics: [name] }));
    const made = [
      ...(await ann.offers(...given.slice(14))),
      ...(await ann.offers(...given.slice(0, 14))),
    ];
    const pages = await pagesOf(async (query) => {
      const { body } = assertStatus(await ann.api.get(`/peers/${ann.id}/offers${query}`), 200);
      return body;
    });
    assert.ok(pages.length > 1);
    for (const page of pages) {
      assert.ok(JSON.stringify(page).length < LARGE);
      assert.deepEqual(
        page.topics,
        page.offers.map((offer) => offer.topics[0]),
      );
    }
    const ids = pages.flatMap(({ offers }) => idsOf(offers));
    assert.deepEqual(sorted(ids), sorted(idsOf(made)));
  });

  for (const after of ["x", "-1", "%ff", "a".repeat(5000)])
    test(`are 400 behind ${after.slice(0, 20)}`, async () => {
      const ann = await Peer.register();
      assertField(await ann.api.get(`/peers/${ann.id}/offers?after=${after}`), "after");
    });
});
