// Two browsers that meet under a topic, with what the platform has and no client library.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertConnected, openStage } from "./raw/stage.mjs";

const TOPIC = "6f5902ac237024bdd0c176cb93063dc4 / é"; // a path has to be coded
const TIMEOUT = 60_000;

let stage;
before(async () => (stage = await openStage()));
after(() => stage?.close());

/** The topic's offers as this user finds them, without those of the peers it has seen. */
const find = (user, seen) =>
  user.evaluate(
    (its, [topic, ids]) =>
      its.call(
        "GET",
        `/offers/by-topic/${encodeURIComponent(topic)}?bloom=${encodeURIComponent(bloom(ids))}`,
      ),
    [TOPIC, seen],
  );

test(
  "one browser posts an offer under a topic, another finds and answers it, and they talk",
  { timeout: TIMEOUT },
  async () => {
    const [ann, bob] = stage.users;
    const [annId, bobId] = await Promise.all(
      stage.users.map((user) => user.evaluate((its) => its.register())),
    );
    const post = (user) => user.evaluate((its, topic) => its.offer([topic]), TOPIC);
    const [offerId] = await Promise.all([post(ann), post(bob)]);

    const found = await find(bob, [bobId]);
    assert.deepEqual([found.total, found.returned], [2, 1]);
    const [offer] = found.offers;
    assert.deepEqual(
      [offer.id, offer.peerId, offer.topics, offer.hasSecret],
      [offerId, annId, [TOPIC], false],
    );
    assert.doesNotMatch(offer.sdp, /a=candidate/, "candidates trickle");
    assert.deepEqual((await find(bob, [annId, bobId])).offers, []);

    const [heard, told] = await Promise.all([
      ann.evaluate((its) => its.beAnswered()),
      bob.evaluate((its, { id, sdp }) => its.answer(id, sdp), offer),
    ]);
    const { answeredAt } = told;
    assert.deepEqual(told, { success: true, offerId, answererId: bobId, answeredAt });
    assert.deepEqual(heard, { offerId, answeredAt, topics: [TOPIC], count: 1 });
    await assertConnected(ann, bob);

    const left = await find(bob, [bobId]);
    assert.deepEqual([left.total, left.offers], [1, []], "what is answered is in no list");
    await Promise.all(stage.users.map((user) => user.evaluate((its) => its.close())));
  },
);
