// POST /offers/:id/answer and GET /offers/answers: who gets an offer, and how its peer learns of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, inParallel, settlesWithin } from "../helpers.mjs";
import {
  MB,
  NO_OFFER,
  OWN,
  Peer,
  SDP_MAX,
  SECRET,
  TAKEN,
  assertField,
  assertStatus,
  idsOf,
  pagesOf,
  pair,
  randomTopic,
  underTopic,
} from "./peer.mjs";

const LONG = 20; // s; far more than any of these tests takes when it passes
const SOON = 15_000; // ms; less than LONG
const A_WHILE = 400; // ms

const byOffer = (answers) => answers.map(({ offerId }) => offerId);
const times = (answers) => answers.map(({ answeredAt }) => answeredAt);

/** A peer with so many offers, each answered by the same other one, in their order. */
async function answeredPeer(count) {
  const [ann, bob] = [await Peer.register(), await Peer.register()];
  const ids = idsOf(await ann.offers(...Array(count).fill({})));
  for (const id of ids) await bob.answered(id, { sdp: `to ${id}` });
  return { ann, bob, ids };
}

describe("an answer", { concurrency: true }, () => {
  test("takes the offer, and says who and when", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const topics = [randomTopic(), randomTopic()];
    const { id } = await ann.offer({ topics });
    const before = Date.now();
    const { body } = assertStatus(await bob.answer(id, { sdp: "v=0" }), 200);
    const { answeredAt, ...rest } = body;
    assert.deepEqual(rest, { success: true, offerId: id, answererId: bob.id });
    assert.ok(answeredAt >= before - 1000 && answeredAt <= Date.now() + 1000);
    assert.deepEqual(await ann.answers(), [
      { offerId: id, answererId: bob.id, sdp: "v=0", answeredAt, topics },
    ]);
    assert.deepEqual(await underTopic(topics[0]), []);
    assert.deepEqual((await bob.get(`/peers/${ann.id}/offers`)).body.offers, []);
  });

  test("is the only one: another is 400, by the same peer too", async () => {
    const { ann, bob, id } = await pair();
    assertError(await (await Peer.register()).answer(id), 400, TAKEN);
    assertError(await bob.answer(id), 400, TAKEN);
    assert.equal((await ann.answers()).length, 1);
  });

  test("to one's own offer is 400", async () => {
    const ann = await Peer.register();
    const { id } = await ann.offer();
    assertError(await ann.answer(id), 400, OWN);
    assert.deepEqual([await ann.answers(), (await ann.mine())[0].answered], [[], false]);
  });

  test("needs the offer's secret", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const secret = `Ä 😀 ${"x".repeat(120)}`;
    const { id } = await ann.offer({ secret });
    for (const wrong of [
      undefined,
      null,
      "",
      "x",
      `${secret} `,
      secret.slice(0, -1),
      secret.toLowerCase(),
    ])
      assertError(await bob.answer(id, { secret: wrong }), 400, SECRET);
    assert.deepEqual([await ann.answers(), (await ann.mine())[0].answered], [[], false]);
    await bob.answered(id, { secret });
  });

  test("needs no secret where the offer has none, and whatever is sent is ignored", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    for (const fields of [{}, { secret: "" }, { secret: null }]) {
      const [first, second] = await ann.offers(fields, fields);
      await bob.answered(first.id, { secret: "x" });
      await bob.answered(second.id, { secret: null });
    }
  });

  test("is told the first of several reasons", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer({ secret: "hush" });
    assertError(await ann.answer(id), 400, OWN);
    await bob.answered(id, { secret: "hush" });
    assertError(await ann.answer(id), 400, OWN);
    assertError(await bob.answer(id), 400, TAKEN);
    assertStatus(await ann.delete(id), 200);
    assertError(await ann.answer(id), 404, NO_OFFER);
    assertField(await ann.answer(id, { sdp: "" }), "sdp");
  });

  for (const sdp of [
    "x",
    "x".repeat(SDP_MAX),
    "é".repeat(SDP_MAX / 2),
    "\u0001".repeat(SDP_MAX),
    '"\\/😀\r\n',
  ])
    test(`comes as it was sent: ${JSON.stringify(sdp.slice(0, 10))}`, async () => {
      const [ann, bob] = [await Peer.register(), await Peer.register()];
      await bob.answered((await ann.offer()).id, { sdp });
      assert.ok((await ann.answers())[0].sdp === sdp);
    });

  for (const sdp of [undefined, null, "", "x".repeat(SDP_MAX + 1), 5, true, {}, ["x"]])
    test(`is 400 where its sdp is ${JSON.stringify(sdp)?.slice(0, 20)}`, async () => {
      const [ann, bob] = [await Peer.register(), await Peer.register()];
      const { id } = await ann.offer();
      assertField(await bob.answer(id, { sdp }), "sdp");
      assert.deepEqual(await ann.answers(), []);
    });

  for (const secret of [5, true, {}, ["x"], "x".repeat(129)])
    test(`is 400 where its secret is ${JSON.stringify(secret).slice(0, 20)}`, async () => {
      const [ann, bob] = [await Peer.register(), await Peer.register()];
      const { id } = await ann.offer({ secret: "hush" });
      assertError(await bob.answer(id, { secret }), 400);
      assert.deepEqual(await ann.answers(), []);
    });
});

test("ten who answer one offer at once find that it is one's, and everybody agrees whose", async () => {
  const ann = await Peer.register();
  const topic = randomTopic();
  const { id } = await ann.offer({ topics: [topic] });
  const others = await inParallel(Array(10), () => Peer.register());
  const answers = await Promise.all(
    others.map((peer) => peer.answer(id, { sdp: `of ${peer.id}` })),
  );
  for (const answer of answers) if (answer.status !== 200) assertError(answer, 400, TAKEN);
  assert.ok(answers.some(({ status }) => status === 200));

  const [first, ...rest] = await ann.answers();
  assert.deepEqual(rest, []);
  const winner = others.find((peer) => peer.id === first.answererId);
  assert.equal(first.sdp, `of ${winner.id}`);
  assert.equal(answers[others.indexOf(winner)].status, 200);
  const [mine] = await ann.mine();
  assert.deepEqual([mine.answererPeerId, mine.answeredAt], [winner.id, first.answeredAt]);
  assert.deepEqual(await underTopic(topic), []);

  // Who was told otherwise, where the store cannot tell at once, learns it with the first candidate.
  await ann.trickled(id, "a candidate");
  for (const peer of others)
    if (peer === winner) assert.equal((await peer.received(id)).length, 1);
    else {
      assertError(await peer.candidates(id), 403);
      assertError(await peer.trickle(id, "a candidate"), 403);
      assertError(await peer.answer(id), 400, TAKEN);
    }
});

describe("the answers to a peer's offers", { concurrency: true }, () => {
  test("are none in the beginning", async () => {
    const ann = await Peer.register();
    await ann.offer();
    assert.deepEqual((await ann.get("/offers/answers")).body, { answers: [] });
  });

  test("are those to all of its offers, oldest first, and to nobody else's", async () => {
    const { ann, bob, ids } = await answeredPeer(5);
    const { id } = await bob.offer();
    await ann.answered(id, { sdp: "back" });
    assert.deepEqual(byOffer(await ann.answers()), ids);
    assert.deepEqual(byOffer(await bob.answers()), [id]);
    assert.deepEqual(
      (await ann.answers()).map(({ sdp }) => sdp),
      ids.map((of) => `to ${of}`),
    );
  });

  test("have times of their own, those of the same ms too", async () => {
    const { ann, ids } = await answeredPeer(12);
    const answers = await ann.answers();
    assert.deepEqual(byOffer(answers), ids);
    assert.deepEqual(times(answers), [...new Set(times(answers))].toSorted());
  });

  // Where the store is eventual, answers that do not see each other may have the same time.
  test("are all there when they came at once, oldest first", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const ids = idsOf(await ann.offers(...Array(12).fill({})));
    const told = await Promise.all(ids.map((id) => bob.answered(id)));
    const answers = await ann.answers();
    assert.deepEqual(new Set(byOffer(answers)), new Set(ids));
    assert.deepEqual(times(answers), times(answers).toSorted());
    for (const { offerId, answeredAt } of answers)
      assert.equal(answeredAt, told[ids.indexOf(offerId)]);
  });

  test("after `since`, which is exclusive, are the later ones", async () => {
    const { ann, ids } = await answeredPeer(4);
    const all = await ann.answers();
    for (const [i, { answeredAt }] of all.entries()) {
      assert.deepEqual(byOffer(await ann.answers(`?since=${answeredAt}`)), ids.slice(i + 1));
      assert.deepEqual(byOffer(await ann.answers(`?since=${answeredAt - 1}`)), ids.slice(i));
    }
    for (const since of ["", "0", "1"])
      assert.equal((await ann.answers(`?since=${since}`)).length, 4);
    for (const since of ["9007199254740993", "9".repeat(400)])
      assert.deepEqual(await ann.answers(`?since=${since}`), []);
  });

  test("are each seen once by who goes on with `since`", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const ids = idsOf(await ann.offers(...Array(10).fill({})));
    const all = (async () => {
      for (const id of ids) await bob.answered(id);
    })();
    const seen = [];
    for (let since = 0, asked = 0; seen.length < ids.length && asked < 50; asked++) {
      const answers = await ann.answers(`?since=${since}&wait=2`);
      seen.push(...byOffer(answers));
      since = answers.at(-1)?.answeredAt ?? since;
    }
    await all;
    assert.deepEqual(seen, ids);
  });

  test("come in pages where they are larger than about 1 MiB", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const ids = idsOf(await ann.offers(...Array(22).fill({})));
    for (const id of ids) await bob.answered(id, { sdp: "x".repeat(SDP_MAX) });
    const get = async (query) => (await ann.get(`/offers/answers${query}`)).body;
    const pages = await pagesOf(get);
    assert.ok(pages.length > 1);
    for (const page of pages) assert.ok(JSON.stringify(page).length < MB + 2 * SDP_MAX);
    assert.deepEqual(
      pages.flatMap(({ answers }) => byOffer(answers)),
      ids,
    );
    const pairs = await pagesOf(get, { limit: 2 });
    assert.deepEqual(
      pairs.flatMap(({ answers }) => byOffer(answers)),
      ids,
    );
    for (const { answers } of pairs) assert.ok(answers.length <= 2);
    const since = pages[0].answers[0].answeredAt;
    assert.deepEqual(
      (await pagesOf(get, { since })).flatMap(({ answers }) => byOffer(answers)),
      ids.slice(1),
    );
  });

  for (const [name, value] of [
    ...["-1", "1.5", "x", "1e3", "%ff", "%00", "NaN"].flatMap((value) => [
      ["since", value],
      ["wait", value],
    ]),
    ...["x", "-1", "%ff", "a".repeat(5000)].map((value) => ["after", value]),
    ...["0", "-1", "x"].map((value) => ["limit", value]),
  ])
    test(`are 400 with ${name}=${value.slice(0, 20)}`, async () => {
      const ann = await Peer.register();
      assertField(await ann.get(`/offers/answers?${name}=${value}`), name);
    });
});

/** Starts to wait, and returns when it has been kept waiting. */
async function waiting(peer, query) {
  const held = peer.answers(query);
  assert.equal(await settlesWithin(held, A_WHILE), false, "answered without news");
  return { held }; // in an object, or the caller would await the answer
}

async function soon(held) {
  assert.ok(await settlesWithin(held, SOON), "not answered though there is news");
  return held;
}

describe("who waits for answers", { concurrency: true }, () => {
  test("is answered when one comes", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer();
    const { held } = await waiting(ann, `?wait=${LONG}`);
    await bob.answered(id);
    assert.deepEqual(byOffer(await soon(held)), [id]);
  });

  test("is answered when one comes that is newer than `since`", async () => {
    const { ann, bob } = await answeredPeer(2);
    const { id } = await ann.offer();
    const since = times(await ann.answers()).at(-1);
    const { held } = await waiting(ann, `?wait=${LONG}&since=${since}`);
    await bob.answered(id);
    assert.deepEqual(byOffer(await soon(held)), [id]);
  });

  test("is answered at once where there is one already", async () => {
    const { ann, ids } = await answeredPeer(2);
    assert.deepEqual(byOffer(await soon(ann.answers(`?wait=${LONG}`))), ids);
    const [since] = times(await ann.answers());
    assert.deepEqual(byOffer(await soon(ann.answers(`?wait=${LONG}&since=${since}`))), [ids[1]]);
  });

  test("gets nothing when the time is over", async () => {
    const { ann } = await answeredPeer(1);
    const since = times(await ann.answers())[0];
    const { held } = await waiting(ann, `?wait=1&since=${since}`);
    assert.deepEqual(await held, []);
  });

  test("is not answered by what happens to other peers", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer();
    const other = await pair();
    const { held } = await waiting(ann, `?wait=${LONG}`);
    await bob.answered((await other.ann.offer()).id);
    assert.equal(await settlesWithin(held, 1500), false);
    await bob.answered(id);
    assert.deepEqual(byOffer(await soon(held)), [id]);
  });

  for (const wait of ["25", "26", "1000", "9".repeat(400)])
    test(`may say ${wait.slice(0, 10)}: over 25 is 25`, async () => {
      const [ann, bob] = [await Peer.register(), await Peer.register()];
      const { id } = await ann.offer();
      const { held } = await waiting(ann, `?wait=${wait}`);
      await bob.answered(id);
      assert.deepEqual(byOffer(await soon(held)), [id]);
    });

  for (const query of ["", "?wait=0", "?wait="])
    test(`does not wait with ${query || "nothing"}`, async () => {
      assert.deepEqual(await soon((await Peer.register()).answers(query)), []);
    });
});
