// GET /offers/mine and DELETE /offers/:id: what a peer sees of its own offers, and takes back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, assertError } from "../helpers.mjs";
import {
  MB,
  NO_OFFER,
  Peer,
  SDP_MAX,
  assertField,
  assertStatus,
  idsOf,
  pagesOf,
  pair,
  randomTopic,
  sorted,
  underTopic,
} from "./peer.mjs";

const pageOfMine = (peer) => async (query) =>
  assertStatus(await peer.get(`/offers/mine${query}`), 200).body;

describe("a peer's own offers", { concurrency: true }, () => {
  test("are shown with all that it said", async () => {
    const ann = await Peer.register();
    const fields = { sdp: "v=0", topics: [randomTopic()], secret: "hush", info: "ann" };
    const { id, createdAt, expiresAt } = await ann.offer(fields);
    assert.deepEqual((await ann.get("/offers/mine")).body, {
      peerId: ann.id,
      offers: [
        {
          id,
          createdAt,
          expiresAt,
          lastSeen: createdAt,
          hasSecret: true,
          answered: false,
          ...fields,
        },
      ],
    });
  });

  test("show no secret and no info where there is none", async () => {
    const ann = await Peer.register();
    const { id, createdAt, expiresAt } = await ann.offer({ secret: "" });
    const lastSeen = createdAt;
    const rest = { sdp: "an offer", topics: [], hasSecret: false, answered: false };
    assert.deepEqual(await ann.mine(), [{ id, createdAt, expiresAt, lastSeen, ...rest }]);
  });

  test("are still there when they are answered, and say by whom and when", async () => {
    const { ann, bob, id, answeredAt } = await pair({
      secret: "hush",
      info: "ann",
      topics: [randomTopic()],
    });
    const [offer] = await ann.mine();
    assert.deepEqual(
      [offer.id, offer.answered, offer.answererPeerId, offer.answeredAt, offer.secret],
      [id, true, bob.id, answeredAt, "hush"],
    );
  });

  test("are this peer's alone", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer();
    await bob.offer();
    assert.deepEqual(idsOf(await ann.mine()), [id]);
  });

  test("are seen from every origin", async () => {
    const ann = await Peer.register();
    const { id } = await ann.offer();
    for (const api of [new Api("peers"), new Api("peers", null)])
      assert.deepEqual(idsOf(await ann.but({ api }).mine()), [id]);
  });

  test("come newest first, page by page, answered ones among them", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const made = await ann.offersInTurn(...Array.from({ length: 7 }, () => ({})));
    for (const i of [1, 2, 5]) await bob.answered(made[i].id);
    const expected = idsOf(made).toReversed();
    assert.deepEqual(idsOf(await ann.mine()), expected);
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      const pages = await pagesOf(pageOfMine(ann), { limit });
      assert.deepEqual(
        pages.flatMap(({ offers }) => idsOf(offers)),
        expected,
      );
      for (const { offers } of pages) assert.ok(offers.length <= limit);
    }
  });

  test("of one request are in pages without loss or doubling too", async () => {
    const ann = await Peer.register();
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(...idsOf(await ann.offers(...Array(70).fill({}))));
    for (const [parameters, most] of [
      [{}, 200],
      [{ limit: 200 }, 200],
      [{ limit: 500 }, 200],
      [{ limit: 33 }, 33],
    ]) {
      const pages = await pagesOf(pageOfMine(ann), parameters);
      assert.equal(pages[0].offers.length, most);
      assert.deepEqual(sorted(pages.flatMap(({ offers }) => idsOf(offers))), sorted(ids));
    }
  });

  test("end a page before it is larger than about 1 MiB", async () => {
    const ann = await Peer.register();
    const large = Array(14).fill({ sdp: "x".repeat(SDP_MAX) });
    const ids = [...idsOf(await ann.offers(...large)), ...idsOf(await ann.offers(...large))];
    const pages = await pagesOf(pageOfMine(ann));
    assert.ok(pages.length > 1);
    for (const page of pages) assert.ok(JSON.stringify(page).length < MB + 2 * SDP_MAX);
    assert.deepEqual(sorted(pages.flatMap(({ offers }) => idsOf(offers))), sorted(ids));
  });

  for (const [name, value] of [
    ...["0", "-1", "1.5", "x", "%ff", "1e2"].map((value) => ["limit", value]),
    ...["x", "-1", "%ff", "a".repeat(5000)].map((value) => ["after", value]),
  ])
    test(`are 400 with ${name}=${value.slice(0, 20)}`, async () => {
      const ann = await Peer.register();
      assertField(await ann.get(`/offers/mine?${name}=${value}`), name);
    });

  test("are as by default where a parameter is empty", async () => {
    const ann = await Peer.register();
    const { id } = await ann.offer();
    assert.deepEqual(idsOf(await ann.mine("?limit=&after=&x=1")), [id]);
  });
});

describe("an offer is taken back", { concurrency: true }, () => {
  test("once, by its peer", async () => {
    const ann = await Peer.register();
    const [kept, { id }] = await ann.offers({}, {});
    const { body } = assertStatus(await ann.delete(id), 200);
    assert.deepEqual(body, { deleted: true, success: true });
    assertError(await ann.delete(id), 404, NO_OFFER);
    assert.deepEqual(idsOf(await ann.mine()), [kept.id]);
    const bob = await Peer.register();
    assertError(await bob.answer(id), 404, NO_OFFER);
    assertError(await ann.trickle(id, "a candidate"), 404, NO_OFFER);
    assertError(await ann.candidates(id), 404, NO_OFFER);
  });

  test("by nobody else, the answerer included", async () => {
    const { ann, bob, id } = await pair();
    const topic = randomTopic();
    const open = await ann.offer({ topics: [topic] });
    for (const peer of [bob, await Peer.register()])
      for (const offer of [id, open.id]) assertError(await peer.delete(offer), 404, NO_OFFER);
    assert.deepEqual(sorted(idsOf(await ann.mine())), sorted([id, open.id]));
    assert.deepEqual(idsOf(await underTopic(topic)), [open.id]);
  });

  test("when it is answered too, and with it its answer and its candidates", async () => {
    const { ann, bob, id } = await pair();
    await ann.trickled(id, "one");
    await bob.trickled(id, "two");
    const { id: other } = await ann.offer();
    await bob.answered(other);
    assertStatus(await ann.delete(id), 200);
    assert.deepEqual(idsOf(await ann.mine()), [other]);
    assert.deepEqual(
      (await ann.answers()).map(({ offerId }) => offerId),
      [other],
    );
    for (const peer of [ann, bob]) {
      assertError(await peer.candidates(id), 404, NO_OFFER);
      assertError(await peer.trickle(id, "late"), 404, NO_OFFER);
    }
    assertError(await bob.answer(id), 404, NO_OFFER);
    assertError(await ann.delete(id), 404, NO_OFFER);
  });

  test("whatever its body is", async () => {
    const ann = await Peer.register();
    for (const body of ["", "no JSON", "[]", "x".repeat(MB)]) {
      const { id } = await ann.offer();
      assertStatus(await ann.api.del(`/offers/${id}`, { headers: ann.headers, body }), 200);
    }
  });

  test("one by one, of many of a request", async () => {
    const ann = await Peer.register();
    const topics = [randomTopic()];
    let ids = idsOf(await ann.offers(...Array(6).fill({ topics })));
    while (ids.length > 0) {
      assertStatus(await ann.delete(ids[0]), 200);
      ids = ids.slice(1);
      assert.deepEqual(sorted(idsOf(await underTopic(topics[0]))), sorted(ids));
      assert.deepEqual(sorted(idsOf(await ann.mine())), sorted(ids));
    }
  });

  test("not where the id is none: then it is 404, on every route", async () => {
    const ann = await Peer.register();
    const { id } = await ann.offer();
    const middle = id.slice(0, 32) + (id[32] === "0" ? "1" : "0") + id.slice(33);
    for (const none of [
      "x",
      "..",
      ann.id,
      ann.id + "0".repeat(32),
      "0".repeat(64),
      "f".repeat(64),
      middle,
      id.toUpperCase(),
      id.slice(0, -1),
      `${id}0`,
      `${id} `,
      "😀",
      "x".repeat(5000),
    ].filter((text) => text !== id)) {
      const coded = none === ".." ? "%2e%2e." : encodeURIComponent(none);
      assertError(await ann.delete(coded), 404, NO_OFFER);
      assertError(await ann.answer(coded), 404, NO_OFFER);
      assertError(await ann.trickle(coded, "a candidate"), 404, NO_OFFER);
      assertError(await ann.candidates(coded), 404, NO_OFFER);
    }
    assert.equal((await ann.mine()).length, 1);
  });

  for (const coded of ["%ff", "%00", "%", "%zz", "%ed%a0%80"])
    test(`not where the path is ${coded}: that is 400`, async () => {
      const ann = await Peer.register();
      assertError(await ann.delete(coded), 400);
      assertError(await ann.answer(coded), 400);
      assertError(await ann.trickle(coded, "a candidate"), 400);
      assertError(await ann.candidates(coded), 400);
    });
});
