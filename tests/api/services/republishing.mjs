// Publishing a service again: what is replaced, and what stays.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import { NO_OFFER, Peer, assertField, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NOT_SIGNED,
  Owner,
  SKEW,
  caller,
  now,
  offersOf,
  pool,
  published,
  randomName,
  service,
  taken,
  takenBy,
  unpublishAs,
} from "./owner.mjs";

describe("publishing again", { concurrency: true }, () => {
  test("replaces the service, whose uuid stays the same", async () => {
    const first = await published({ sdp: "one", isPublic: true, metadata: { a: 1 } });
    const again = await published({ sdp: "two", ttl: 120_000 }, first);
    assert.deepEqual([again.made.serviceId, again.uuid], [first.made.serviceId, first.uuid]);
    assert.notEqual(again.made.offerId, first.made.offerId);
    const { offerId, sdp, isPublic, expiresAt, ...rest } = await taken(first.api, first.uuid);
    assert.deepEqual([offerId, sdp, isPublic], [again.made.offerId, "two", false]);
    assert.equal(expiresAt, again.made.expiresAt);
    assert.ok(!("metadata" in rest));
    assert.deepEqual(await first.owner.services(), [{ uuid: first.uuid, isPublic: false }]);
  });

  test("takes the old offers away: from everybody, and for good", async () => {
    const first = await published({ sdp: undefined, offers: pool(3, "old") });
    const { peer, api } = first;
    const again = await published({ sdp: undefined, offers: pool(2, "new") }, first);
    const left = again.made.offers.map(({ offerId }) => offerId).toSorted();
    assert.deepEqual((await takenBy(2, api, first.uuid)).toSorted(), left);
    assert.deepEqual([...(await offersOf(peer)).keys()].toSorted(), left);
    const { body } = await api.get(`/peers/${peer.id}/offers`);
    assert.deepEqual(body.offers.map(({ id }) => id).toSorted(), left);
    const other = await Peer.register();
    for (const { offerId } of first.made.offers) {
      assertError(await other.answer(offerId), 404, NO_OFFER);
      assertError(await peer.get(`/offers/${offerId}/ice-candidates`), 404, NO_OFFER);
      assertError(await peer.delete(offerId), 404, NO_OFFER);
    }
    for (const offerId of left) assertStatus(await other.answer(offerId), 200);
  });

  test("leaves an answered offer, and its candidates, to those who connect by it", async () => {
    const first = await published({ sdp: undefined, offers: pool(2) });
    const { peer, made } = first;
    const other = await Peer.register();
    const [{ offerId }, { offerId: open }] = made.offers;
    assertStatus(await other.answer(offerId, { sdp: "the answer" }), 200);
    const again = await published({}, first);
    const mine = await offersOf(peer);
    assert.deepEqual(new Set(mine.keys()), new Set([offerId, again.made.offerId]));
    assert.ok(mine.get(offerId).answered && !mine.has(open));
    const { answers } = assertStatus(await peer.get("/offers/answers"), 200).body;
    assert.deepEqual([answers[0].offerId, answers[0].sdp], [offerId, "the answer"]);
    const path = `/offers/${offerId}/ice-candidates`;
    for (const [from, to] of [
      [peer, other],
      [other, peer],
    ]) {
      assertStatus(await from.post(path, { candidates: [{ of: from.id }] }), 200);
      const { candidates } = assertStatus(await to.get(path), 200).body;
      assert.deepEqual(
        candidates.map(({ candidate }) => candidate),
        [{ of: from.id }],
      );
    }
    assert.equal((await taken(first.api, first.uuid)).offerId, again.made.offerId);
  });

  test("may be done by another peer of the same owner, whose service it then is", async () => {
    const first = await published({ sdp: "of one" });
    const peer = await Peer.register();
    const again = await published({ sdp: "of another" }, { ...first, peer });
    assert.equal(again.uuid, first.uuid);
    assert.equal((await taken(first.api, first.uuid)).offerId, again.made.offerId);
    assert.equal((await offersOf(first.peer)).size, 0);
    assertError(await (await Peer.register()).answer(first.made.offerId), 404, NO_OFFER);
    const offers = { offers: [{ sdp: "x", serviceId: first.uuid }] };
    assertError(await first.peer.post("/offers", offers), 404, "Service not found");
    assertStatus(await peer.post("/offers", offers), 201);
    const byFirst = await unpublishAs(first.peer, first.uuid, { username: first.owner.name });
    assertError(byFirst, 404, "Service not found");
  });

  test("takes away nothing of the peer's but the service's offers", async () => {
    const first = await published();
    const { peer } = first;
    const kept = (await peer.offers({}, { topics: [randomName()] })).map(({ id }) => id);
    kept.push((await published({}, { ...first, fqn: "files@1.0.0" })).made.offerId);
    const { made } = await published({}, first);
    const mine = await offersOf(peer);
    assert.deepEqual(new Set(mine.keys()), new Set([...kept, made.offerId]));
  });

  test("that is refused leaves everything as it was", async () => {
    const first = await published({ isPublic: true, metadata: { a: 1 } });
    const { owner, peer, api, uuid } = first;
    const before = [await taken(api, uuid), await owner.services(), await offersOf(peer)];
    const stranger = await Owner.unknown(caller(), owner.name);
    assertError(await stranger.publish(peer), 403, NOT_SIGNED);
    assertError(await owner.publish(peer, FQN, { time: now() - 2 * SKEW }), 403, NOT_SIGNED);
    assertField(await owner.publish(peer, FQN, { metadata: [] }), "metadata");
    assert.deepEqual(
      [await taken(api, uuid), await owner.services(), await offersOf(peer)],
      before,
    );
  });
});
