// POST /offers: what is taken, with which limits, and for how long.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, BRIEF, assertError } from "../helpers.mjs";
import {
  LIFE,
  NO_OFFER,
  Peer,
  SDP_MAX,
  TOO_MANY_OFFERS,
  assertField,
  assertStatus,
  idsOf,
  randomTopic,
  underTopic,
  until,
} from "./peer.mjs";

const range = (count) => Array.from({ length: count }, (_, i) => i);

describe("an offer", { concurrency: true }, () => {
  test("is answered with its id, its peer, its topics and its times", async () => {
    const ann = await Peer.register();
    const topics = [randomTopic(), randomTopic()];
    const before = Date.now();
    const { id, createdAt, ...rest } = await ann.offer({ topics });
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.equal(id.slice(0, 32), ann.id);
    assert.ok(createdAt >= before - 1000 && createdAt <= Date.now() + 1000);
    assert.deepEqual(rest, {
      peerId: ann.id,
      topics,
      expiresAt: createdAt + LIFE.default,
      hasSecret: false,
    });
  });

  test("has an id of its own, of which nothing can be guessed from another", async () => {
    const ann = await Peer.register();
    const ids = idsOf([...(await ann.offers({}, {}, {})), ...(await ann.offers({}))]);
    assert.equal(new Set(ids).size, 4);
    // Whoever knows one cannot come to another by counting.
    for (const id of ids) {
      const last = "0123456789abcdef".replace(id.at(-1), "");
      assertError(await ann.delete(id.slice(0, -1) + last[0]), 404, NO_OFFER);
    }
    assert.equal((await ann.mine()).length, 4);
  });

  test("says whether it has a secret, and never which", async () => {
    const ann = await Peer.register();
    const answer = await ann.publish({ secret: "a word" }, { secret: "" }, { secret: null }, {});
    assert.deepEqual(
      assertStatus(answer, 201).body.offers.map((offer) => offer.hasSecret),
      [true, false, false, false],
    );
    assert.ok(!answer.text.includes("a word"));
  });

  test("is one of many, which keep their order", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    const given = range(100).map((i) => ({ sdp: `offer ${i}`, topics: [topic, `${topic} ${i}`] }));
    const made = await ann.offers(...given);
    assert.deepEqual(
      made.map((offer) => offer.topics),
      given.map((offer) => offer.topics),
    );
    const mine = new Map((await ann.mine()).map((offer) => [offer.id, offer.sdp]));
    assert.deepEqual(
      idsOf(made).map((id) => mine.get(id)),
      given.map((offer) => offer.sdp),
    );
  });

  test("is not taken when another one of the request is wrong", async () => {
    const ann = await Peer.register();
    const topics = [randomTopic()];
    assertField(await ann.publish({ topics }, { topics }, { topics, sdp: "" }), "offers[2].sdp");
    assertField(await ann.publish({ topics, ttl: null }, { topics }), "offers[0].ttl");
    assertError(await ann.publish({ topics }, { topics, serviceId: "none" }), 404);
    assert.deepEqual([await ann.mine(), await underTopic(topics[0])], [[], []]);
  });

  test("of a service that the peer did not publish is 404", async () => {
    const ann = await Peer.register();
    for (const serviceId of ["none", "3f2a1b6c-0000-4000-8000-000000000000", "a".repeat(5000)])
      assertError(await ann.publish({ serviceId }), 404, "Service not found");
    assert.equal((await ann.offers({ serviceId: null })).length, 1);
  });
});

describe("what an offer says comes back as it was:", { concurrency: true }, () => {
  const TEXTS = [
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
    'quotes " and \\ backslashes \\n / \\/',
    "\u0001\u001f\u007f\u0080\u2028\ufeff\uffff",
    "é 中 😀 \u0301",
    '{"type":"offer"}',
    " ",
    "x".repeat(SDP_MAX),
    "é".repeat(SDP_MAX / 2),
    "\u0001".repeat(SDP_MAX),
  ];
  for (const sdp of TEXTS)
    test(JSON.stringify(sdp.slice(0, 40)), async () => {
      const ann = await Peer.register();
      const topics = [randomTopic()];
      const short = [...sdp].slice(0, 128).join("");
      await ann.offers({ sdp, topics, info: short, secret: short });
      const [mine] = await ann.mine();
      assert.deepEqual([mine.sdp === sdp, mine.info, mine.secret], [true, short, short]);
      const [listed] = await underTopic(topics[0]);
      assert.deepEqual([listed.sdp === sdp, listed.info], [true, short]);
    });
});

/** Each row a test: the fields of an offer are taken, or refused. */
describe("an offer is taken with", { concurrency: true }, () => {
  const names = range(50).map((i) => `${randomTopic()} ${i}`);
  const odd = [
    "offers",
    "a/b",
    "a?b#c",
    "100%",
    "%2f",
    "ü",
    "...",
    "a+b",
    "\u0001",
    " ",
    '"',
    "\\",
  ];
  const TAKEN = {
    "an sdp of one byte": { sdp: "o" },
    "an sdp of 65536 bytes": { sdp: "x".repeat(SDP_MAX) },
    "an sdp of 65536 bytes in 16384 characters": { sdp: "😀".repeat(SDP_MAX / 4) },
    "no topics": {},
    "topics that are null": { topics: null },
    "topics that are none": { topics: [] },
    "50 topics": { topics: names },
    "a topic of 256 characters": { topics: ["x".repeat(256)] },
    "a topic of 256 characters that take 1024 bytes": { topics: ["😀".repeat(256)] },
    "50 topics of 256 characters": {
      topics: names.map((name) => name + "é".repeat(256 - [...name].length)),
    },
    "topics of any characters": { topics: odd },
    "a secret of 128 characters": { secret: "😀".repeat(128) },
    "an info of 128 characters": { info: "😀".repeat(128) },
    "an empty info": { info: "" },
    "an info that is null": { info: null },
    "a serviceId that is null": { serviceId: null },
    "fields that nobody knows": { x: [{}], id: "5", peerId: "5", hasSecret: true },
  };
  for (const [says, fields] of Object.entries(TAKEN))
    test(says, async () => {
      const ann = await Peer.register();
      const made = await ann.offer(fields);
      assert.deepEqual(made.topics, fields.topics ?? []);
      assert.deepEqual(made.peerId, ann.id);
      const [{ id, topics, info }] = await ann.mine();
      assert.deepEqual([id, topics, info], [made.id, made.topics, fields.info ?? undefined]);
      for (const topic of made.topics.slice(0, 15))
        assert.ok(idsOf(await underTopic(topic, "?limit=200")).includes(id), topic);
    });

  test("a topic that is there twice, and counts once, where it stands first", async () => {
    const ann = await Peer.register();
    const [a, b, c] = [randomTopic(), randomTopic(), randomTopic()];
    const made = await ann.offer({ topics: [b, a, b, c, a, b] });
    assert.deepEqual(made.topics, [b, a, c]);
    assert.deepEqual(idsOf(await underTopic(b)), [made.id]);
  });
});

describe("an offer is refused, and its field named, with", { concurrency: true }, () => {
  const NOT_TEXTS = [5, true, {}, ["a"]];
  const ROWS = {
    sdp: [
      undefined,
      null,
      "",
      "x".repeat(SDP_MAX + 1),
      "é".repeat(SDP_MAX / 2) + "x",
      ...NOT_TEXTS,
    ],
    topics: ["a", 5, true, {}, { 0: "a" }, range(51).map(String)],
    "topics ": [[""], [null], [5], [["a"]], [{}], ["a", ""], ["x".repeat(257)], ["😀".repeat(257)]],
    ttl: [null, "60000", "", true, [], {}, [60_000]],
    secret: ["x".repeat(129), "😀".repeat(129), ...NOT_TEXTS],
    info: ["x".repeat(129), "😀".repeat(129), ...NOT_TEXTS],
    serviceId: NOT_TEXTS,
  };
  for (const [name, values] of Object.entries(ROWS))
    for (const value of values) {
      const field = name.trim();
      test(`${field} ${JSON.stringify(value)?.slice(0, 30)}`, async () => {
        const ann = await Peer.register();
        assertField(await ann.publish({ [field]: value }), `offers[0].${field}`);
        assertField(await ann.publish({}, { [field]: value }), `offers[1].${field}`);
        assert.deepEqual(await ann.mine(), []);
      });
    }

  for (const offers of [undefined, null, [], {}, "x", 5, true, { 0: { sdp: "o" }, length: 1 }])
    test(`offers ${JSON.stringify(offers)}`, async () => {
      const ann = await Peer.register();
      assertField(await ann.post("/offers", { offers }), "offers");
    });

  for (const item of [null, "an offer", 5, true, [], [{ sdp: "o" }]])
    test(`an item ${JSON.stringify(item)}`, async () => {
      const ann = await Peer.register();
      assertField(await ann.post("/offers", { offers: [{ sdp: "o" }, item] }), "offers[1]");
      assert.deepEqual(await ann.mine(), []);
    });

  test("more than 100 of them", async () => {
    const ann = await Peer.register();
    assertField(await ann.publish(...Array(101).fill({})), "offers");
    assert.deepEqual(await ann.mine(), []);
    assert.equal((await ann.offers(...Array(100).fill({}))).length, 100);
  });

  test("what the document has as an example", async () => {
    const ann = await Peer.register();
    const answer = await ann.publish({}, {}, {}, { sdp: "" });
    assertError(answer, 400, "offers[3].sdp must be a text of 1 to 65536 bytes");
  });
});

describe("an offer lives for", { concurrency: true }, () => {
  for (const [ttl, lives] of [
    ["", LIFE.default],
    ['"ttl":0', LIFE.min],
    ['"ttl":-5', LIFE.min],
    ['"ttl":-1e400', LIFE.min],
    ['"ttl":59999', LIFE.min],
    ['"ttl":60000.99', LIFE.min],
    ['"ttl":60001', 60_001],
    ['"ttl":123456.99', 123_456],
    ['"ttl":3e5', 300_000],
    ['"ttl":86400000', LIFE.max],
    ['"ttl":86400001', LIFE.max],
    ['"ttl":1e300', LIFE.max],
    ['"ttl":1e400', LIFE.max],
  ])
    test(`${lives} ms where it says ${ttl || "nothing"}`, async () => {
      const ann = await Peer.register();
      const body = `{"offers":[{"sdp":"an offer"${ttl && `,${ttl}`}}]}`;
      const [made] = assertStatus(await ann.post("/offers", body), 201).body.offers;
      assert.equal(made.expiresAt - made.createdAt, lives);
      assert.equal((await ann.mine())[0].expiresAt, made.expiresAt);
    });

  test("its own time, whatever the others of the request say", async () => {
    const ann = await Peer.register();
    const made = await ann.offers({ ttl: 70_000 }, {}, { ttl: 90_000 });
    assert.deepEqual(
      made.map(({ createdAt, expiresAt }) => expiresAt - createdAt),
      [70_000, LIFE.default, 90_000],
    );
  });

  test("what the variables say", async () => {
    const ann = await Peer.register(new Api("brief"));
    const made = await ann.offers({}, { ttl: 1 }, { ttl: 4000 }, { ttl: 1e9 });
    assert.deepEqual(
      made.map(({ createdAt, expiresAt }) => expiresAt - createdAt),
      [BRIEF.ttl, BRIEF.minTtl, 4000, BRIEF.maxTtl],
    );
  });
});

describe("MAX_OFFERS_PER_REQUEST and MAX_OFFERS_PER_PEER", { concurrency: true }, () => {
  const briefPeer = () => Peer.register(new Api("brief"));
  const long = { ttl: BRIEF.maxTtl };
  const batch = Array(BRIEF.aRequest).fill(long);

  test("say how many offers a request may have", async () => {
    const ann = await briefPeer();
    assertField(await ann.publish(...batch, long), "offers");
    assert.equal((await ann.offers(...batch)).length, BRIEF.aRequest);
  });

  test("say how many open offers a peer may have, whose request is taken whole or not", async () => {
    const ann = await briefPeer();
    await ann.offers(...batch);
    assertError(await ann.publish(long, long), 409, TOO_MANY_OFFERS);
    assert.equal((await ann.mine()).length, BRIEF.aRequest);
    await ann.offers(long);
    assertError(await ann.publish(long), 409, TOO_MANY_OFFERS);
    assert.equal((await ann.mine()).length, BRIEF.aPeer);
  });

  test("are for each peer", async () => {
    const [ann, bob] = [await briefPeer(), await briefPeer()];
    await ann.offers(...batch);
    await bob.offers(...batch);
    await ann.offer(long);
    await bob.offer(long);
  });

  test("make room when an offer is answered", async () => {
    const [ann, bob] = [await briefPeer(), await briefPeer()];
    const [{ id }] = await ann.offers(...batch);
    await ann.offer(long);
    await bob.answered(id);
    await ann.offer(long);
    assertError(await ann.publish(long), 409, TOO_MANY_OFFERS);
    assert.equal((await ann.mine()).length, BRIEF.aPeer + 1);
  });

  test("make room when an offer is deleted", async () => {
    const ann = await briefPeer();
    const [, { id }] = await ann.offers(...batch);
    await ann.offer(long);
    assertStatus(await ann.delete(id), 200);
    await ann.offer(long);
    assertError(await ann.publish(long), 409, TOO_MANY_OFFERS);
  });

  test("make room when an offer expires", async () => {
    const ann = await briefPeer();
    await ann.offers(...batch.slice(1), { ttl: BRIEF.minTtl });
    const { createdAt } = await ann.offer(long);
    await until(createdAt + BRIEF.minTtl);
    await ann.offer(long);
    assertError(await ann.publish(long), 409, TOO_MANY_OFFERS);
  });

  test("come after what is wrong with the offers themselves", async () => {
    const ann = await briefPeer();
    await ann.offers(...batch);
    assertField(await ann.publish(long, { sdp: "" }), "offers[1].sdp");
  });
});

test("an offer that expires is gone from everywhere", async () => {
  const [ann, bob] = [await Peer.register(new Api("brief")), await Peer.register(new Api("brief"))];
  const topic = randomTopic();
  const { id, expiresAt } = await ann.offer({ topics: [topic], ttl: BRIEF.minTtl });
  const taken = await ann.offer({ topics: [topic], ttl: BRIEF.minTtl });
  const later = await ann.offer({ topics: [topic], ttl: BRIEF.maxTtl });
  await bob.answered(taken.id);
  await ann.trickled(taken.id, "a candidate");
  assert.deepEqual(new Set(idsOf(await underTopic(topic, "", ann.api))), new Set([id, later.id]));
  assert.equal((await ann.mine()).length, 3);
  await sleep(1);
  await until(Math.max(expiresAt, taken.expiresAt));

  assert.deepEqual(idsOf(await underTopic(topic, "", ann.api)), [later.id]);
  assert.deepEqual(idsOf(await ann.mine()), [later.id]);
  const { body } = await ann.api.get(`/peers/${ann.id}/offers`);
  assert.deepEqual(idsOf(body.offers), [later.id]);
  assert.deepEqual(await ann.answers(), []);
  assert.equal((await ann.api.topics(`?startsWith=${topic}`))[0].count, 1);
  assertError(await bob.answer(id), 404, NO_OFFER);
  assertError(await ann.delete(id), 404, NO_OFFER);
  assertError(await ann.trickle(taken.id, "late"), 404, NO_OFFER);
  assertError(await bob.candidates(taken.id), 404, NO_OFFER);
  assertError(await bob.trickle(id, "late"), 404, NO_OFFER);
});
