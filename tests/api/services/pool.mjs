// GET /services/:uuid: the offers behind a service, which callers are handed out in turn.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, inParallel } from "../helpers.mjs";
import { NO_OFFER, Peer, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NO_SERVICE,
  assertNoOffers,
  caller,
  offersOf,
  pool,
  published,
  randomName,
  service,
  taken,
  takenBy,
} from "./owner.mjs";

const idsOf = ({ offers }) => offers.map(({ offerId }) => offerId).toSorted();

/** Answers, until there is nothing left to answer. @returns the ids of the offers, in their order */
async function drain(api, uuid, peer) {
  const ids = [];
  for (;;) {
    const answer = await service(api, uuid);
    if (answer.status !== 200) return { ids, answer };
    ids.push(answer.body.offerId);
    assertStatus(await peer.answer(answer.body.offerId), 200);
  }
}

describe("a service", { concurrency: true }, () => {
  test("is found by its uuid, with an offer, whoever asks", async () => {
    const metadata = { description: "talk to me" };
    const { owner, made, uuid, api } = await published({ sdp: "x", isPublic: true, metadata });
    const [{ createdAt }] = made.offers;
    for (const by of [api, caller(), caller(null)])
      assert.deepEqual(await taken(by, uuid), {
        serviceId: uuid,
        username: owner.name,
        serviceFqn: FQN,
        offerId: made.offerId,
        sdp: "x",
        isPublic: true,
        metadata,
        createdAt,
        expiresAt: made.expiresAt,
      });
  });

  test("that is private is found too, by who knows its uuid", async () => {
    const { made, uuid } = await published({ sdp: "x", metadata: { room: 1 } });
    const { offerId, isPublic, metadata } = await taken(caller(), uuid);
    assert.deepEqual([offerId, isPublic, metadata], [made.offerId, false, { room: 1 }]);
  });

  test("that nobody published is 404, whatever stands for its uuid", async () => {
    const { uuid, made } = await published();
    const other = uuid.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    for (const wrong of [
      other,
      uuid.slice(0, -1),
      `${uuid}0`,
      uuid.toUpperCase(),
      "00000000-0000-0000-0000-000000000000",
      made.offerId,
      "x",
      "%20",
      "*",
      "x".repeat(1000),
      "%F0%9F%98%80",
      "..%2F..",
    ])
      assertError(await service(caller(), wrong), 404, NO_SERVICE);
  });
});

describe("a pool of offers", { concurrency: true }, () => {
  for (const size of [2, 3, 10])
    test(`of ${size} is handed out to ${size} callers: a different one to each`, async () => {
      const { made, uuid, api } = await published({ sdp: undefined, offers: pool(size) });
      const ids = await takenBy(size, api, uuid);
      assert.deepEqual(ids.toSorted(), idsOf(made));
    });

  test("is handed out with the SDP of each", async () => {
    const { peer, uuid, api } = await published({ sdp: undefined, offers: pool(5) });
    const mine = await offersOf(peer);
    for (let callers = 0; callers < 5; callers++) {
      const { offerId, sdp } = await taken(api, uuid);
      assert.equal(sdp, mine.get(offerId).sdp);
    }
  });

  test("is handed out again while nobody answers, never twice in a row", async () => {
    const { made, uuid, api } = await published({ sdp: undefined, offers: pool(3) });
    const ids = await takenBy(12, api, uuid);
    assert.deepEqual([...new Set(ids)].toSorted(), idsOf(made));
    for (const [i, id] of ids.slice(1).entries()) assert.notEqual(id, ids[i]);
  });

  test("of one is handed out again and again", async () => {
    const { made, uuid, api } = await published();
    assert.deepEqual(new Set(await takenBy(4, api, uuid)), new Set([made.offerId]));
  });

  test("never has an answered offer, and when all are taken it is 503, try again in a second", async () => {
    const { made, uuid, api } = await published({ sdp: undefined, offers: pool(10) });
    const { ids, answer } = await drain(api, uuid, await Peer.register());
    assert.deepEqual(ids.toSorted(), idsOf(made));
    assertNoOffers(answer);
    for (const by of [api, caller()]) assertNoOffers(await service(by, uuid));
  });

  test("leaves those out that somebody answered without asking for them here", async () => {
    const { made, uuid, api } = await published({ sdp: undefined, offers: pool(5) });
    const peer = await Peer.register();
    const answered = made.offers.slice(1, 4).map(({ offerId }) => offerId);
    for (const offerId of answered) assertStatus(await peer.answer(offerId), 200);
    const ids = await takenBy(6, api, uuid);
    assert.deepEqual(
      [...new Set(ids)].toSorted(),
      idsOf(made).filter((id) => !answered.includes(id)),
    );
  });

  test("is handed out on where some were taken and answered: the rest, each to another", async () => {
    const { made, uuid, api } = await published({ sdp: undefined, offers: pool(6) });
    const peer = await Peer.register();
    const first = await takenBy(3, api, uuid);
    for (const offerId of first.slice(0, 2)) await peer.answered(offerId);
    const rest = await takenBy(3, api, uuid);
    assert.deepEqual([...first, ...rest].toSorted(), idsOf(made));
  });

  test("leaves those out that its peer has deleted", async () => {
    const { peer, made, uuid, api } = await published({ sdp: undefined, offers: pool(3) });
    const [gone, ...rest] = made.offers.map(({ offerId }) => offerId);
    assertStatus(await peer.delete(gone), 200);
    assert.deepEqual((await takenBy(2, api, uuid)).toSorted(), rest.toSorted());
    for (const id of rest) assertStatus(await peer.delete(id), 200);
    assertNoOffers(await service(api, uuid));
  });

  test("answered by several who came for it leaves each with an offer of their own", async () => {
    const { peer, made, uuid, api } = await published({ sdp: undefined, offers: pool(6) });
    const peers = await inParallel(Array(6), () => Peer.register());
    const answered = [];
    for (const other of peers) {
      const { offerId } = await taken(api, uuid);
      assertStatus(await other.answer(offerId, { sdp: other.id }), 200);
      answered.push(offerId);
    }
    assert.deepEqual(answered.toSorted(), idsOf(made));
    const mine = await offersOf(peer);
    for (const [i, id] of answered.entries())
      assert.equal(mine.get(id).answererPeerId, peers[i].id);
    assertNoOffers(await service(api, uuid));
  });

  test("is full again when the service is published again", async () => {
    const first = await published();
    const { ids } = await drain(first.api, first.uuid, await Peer.register());
    assert.deepEqual(ids, [first.made.offerId]);
    const again = await published({ sdp: undefined, offers: pool(2) }, first);
    const left = await takenBy(2, first.api, first.uuid);
    assert.deepEqual(left.toSorted(), idsOf(again.made));
  });

  test("is taken by none who only looks at the service elsewhere", async () => {
    const { owner, peer, made, uuid, api } = await published({ isPublic: true });
    await owner.services();
    assertStatus(await owner.query(FQN), 200);
    assertStatus(await api.get(`/peers/${peer.id}/offers`), 200);
    assert.equal((await taken(api, uuid)).offerId, made.offerId);
  });
});

describe("an offer that is posted to /offers", { concurrency: true }, () => {
  test("with serviceId joins the service's pool", async () => {
    const { peer, made, uuid, api } = await published();
    const { id: joined } = await peer.offer({ sdp: "joined", serviceId: uuid });
    const seen = [await taken(api, uuid), await taken(api, uuid)];
    const found = new Map(seen.map(({ offerId, sdp }) => [offerId, sdp]));
    assert.deepEqual(new Set(found.keys()), new Set([made.offerId, joined]));
    assert.equal(found.get(joined), "joined");
  });

  test("with serviceId joins a pool that is empty, and is answered like any", async () => {
    const { peer, uuid, api } = await published();
    const other = await Peer.register();
    assertNoOffers((await drain(api, uuid, other)).answer);
    const { id: joined } = await peer.offer({ serviceId: uuid, ttl: 120_000 });
    assert.equal((await taken(api, uuid)).offerId, joined);
    assertStatus(await other.answer(joined), 200);
    assertNoOffers(await service(api, uuid));
  });

  test("with serviceId and topics joins the pool, and is under its topics", async () => {
    const { peer, made, uuid, api } = await published();
    const topic = `topic ${uuid}`;
    const { id: joined } = await peer.offer({ serviceId: uuid, topics: [topic] });
    assert.deepEqual(new Set(await takenBy(2, api, uuid)), new Set([made.offerId, joined]));
    const { body } = await api.get(`/offers/by-topic/${encodeURIComponent(topic)}`);
    assert.deepEqual(
      body.offers.map(({ id }) => id),
      [joined],
    );
  });

  test("with serviceId joins no other service of the peer's", async () => {
    const one = await published();
    const two = await published({}, { ...one, fqn: "files@1.0.0" });
    await one.peer.offer({ serviceId: one.uuid });
    assert.deepEqual(new Set(await takenBy(3, one.api, two.uuid)), new Set([two.made.offerId]));
  });

  test("with the serviceId of another peer's service is 404, and joins nothing", async () => {
    const { made, uuid, api } = await published();
    const other = await Peer.register();
    const offers = [{ sdp: "fine" }, { sdp: "hijacked", serviceId: uuid }];
    assertError(await other.post("/offers", { offers }), 404, NO_SERVICE);
    assert.equal((await offersOf(other)).size, 0);
    assert.deepEqual(new Set(await takenBy(3, api, uuid)), new Set([made.offerId]));
  });

  test("with the serviceId of no service is 404", async () => {
    const { peer, uuid } = await published();
    const serviceId = uuid.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    const offers = [{ sdp: "x", serviceId }];
    assertError(await peer.post("/offers", { offers }), 404, NO_SERVICE);
  });

  test("without topic and service joins every service that its peer published", async () => {
    const peer = await Peer.register();
    const { id: early } = await peer.offer({ sdp: "before" });
    const one = await published({}, { peer });
    const two = await published({}, { ...one, fqn: "files@1.0.0" });
    const { id: late } = await peer.offer({ sdp: "after" });
    for (const { api, uuid, made } of [one, two]) {
      const seen = new Set(await takenBy(3, api, uuid));
      assert.deepEqual(seen, new Set([early, late, made.offerId]));
    }
  });

  test("without topic and service is handed out in turn with the service's own", async () => {
    const { peer, made, uuid, api } = await published({ sdp: undefined, offers: pool(2) });
    const { id } = await peer.offer();
    const all = [...idsOf(made), id].toSorted();
    assert.deepEqual((await takenBy(3, api, uuid)).toSorted(), all);
    for (const offerId of idsOf(made)) await (await Peer.register()).answered(offerId);
    assert.deepEqual(await takenBy(2, api, uuid), [id, id]);
  });

  test("without topic and service is taken from every pool when it is answered", async () => {
    const one = await published();
    const two = await published({}, { ...one, fqn: "files@1.0.0" });
    const { peer, api } = one;
    const { id: shared } = await peer.offer();
    assertStatus(await (await Peer.register()).answer(shared), 200);
    for (const { uuid, made } of [one, two])
      assert.deepEqual(new Set(await takenBy(3, api, uuid)), new Set([made.offerId]));
  });

  test("with a topic and without a service does not join", async () => {
    const { peer, made, uuid, api } = await published();
    await peer.offer({ topics: [randomName()] });
    assert.deepEqual(new Set(await takenBy(3, api, uuid)), new Set([made.offerId]));
    assertStatus(await (await Peer.register()).answer(made.offerId), 200);
    assertNoOffers(await service(api, uuid));
  });

  test("by another peer, without topic and service, does not join", async () => {
    const { owner, made, uuid, api } = await published();
    const other = await Peer.register();
    await other.offer();
    await published({}, { owner, peer: other, fqn: "files@1.0.0" });
    assert.deepEqual(new Set(await takenBy(3, api, uuid)), new Set([made.offerId]));
  });

  test("stays in the pool when the same peer publishes the service again", async () => {
    const first = await published();
    const { id: joined } = await first.peer.offer({ serviceId: first.uuid });
    const { made } = await published({}, first);
    const seen = new Set(await takenBy(3, first.api, first.uuid));
    assert.deepEqual(seen, new Set([joined, made.offerId]));
  });

  test("leaves the pool when another peer publishes the service", async () => {
    const first = await published();
    await first.peer.offer({ serviceId: first.uuid });
    await first.peer.offer();
    const peer = await Peer.register();
    const { made } = await published({}, { ...first, peer });
    assert.deepEqual(new Set(await takenBy(3, first.api, first.uuid)), new Set([made.offerId]));
  });

  test("with a secret joins the pool, and is answered by who knows it", async () => {
    const { peer, made, uuid, api } = await published();
    const other = await Peer.register();
    assertStatus(await other.answer(made.offerId), 200);
    const { id: joined } = await peer.offer({ serviceId: uuid, secret: "open sesame" });
    const { text, body } = assertStatus(await service(api, uuid), 200);
    assert.equal(body.offerId, joined);
    assert.ok(!text.includes("sesame"));
    assertError(await other.answer(joined), 400, "Invalid or missing secret");
    assertStatus(await other.answer(joined, { secret: "open sesame" }), 200);
    assertError(await other.answer("0".repeat(64)), 404, NO_OFFER);
  });
});
