// Services whose time is over, and how many offers they may have, on a server where both are small.
// Asserted by expiresAt; tests and server share a clock.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, BRIEF, assertError } from "../helpers.mjs";
import { NO_OFFER, Peer, TOO_MANY_OFFERS, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NO_SERVICE,
  Owner,
  assertGone,
  offersOf,
  pool,
  published,
  service,
  taken,
  unpublishAs,
} from "./owner.mjs";

const brief = () => new Api("brief");
const until = (time) => sleep(Math.max(0, time - Date.now()));

// All at once: together they take as long as the longest of them.
describe("when a service's time is over", { concurrency: true }, () => {
  test("it is gone to the millisecond: by its uuid, in the list, for a query", async () => {
    const { owner, peer, made, uuid, api } = await published({ isPublic: true }, { api: brief() });
    const { expiresAt } = made;
    assert.equal(expiresAt, made.offers[0].createdAt + BRIEF.ttl);
    await until(expiresAt - 200);
    for (let over = false; !over;) {
      const before = Date.now();
      const answer = await service(api, uuid);
      if (Date.now() < expiresAt) assert.equal(answer.status, 200, "gone too early");
      over = before >= expiresAt;
      if (over) assertError(answer, 404, NO_SERVICE);
    }
    await assertGone(owner, uuid);
    assert.equal((await offersOf(peer)).size, 0);
    assertError(await (await Peer.register(api)).answer(made.offerId), 404, NO_OFFER);
    assertError(await owner.unpublish(uuid), 404, NO_SERVICE);
    assertError(await unpublishAs(peer, uuid, { username: owner.name }), 404, NO_SERVICE);
    const offers = { offers: [{ sdp: "x", serviceId: uuid }] };
    assertError(await peer.post("/offers", offers), 404, NO_SERVICE);
  });

  test("its name is still its owner's, and it may be published again under the same uuid", async () => {
    const first = await published({ ttl: 1 }, { api: brief() });
    assert.equal(first.made.expiresAt, first.made.offers[0].createdAt + BRIEF.minTtl);
    await until(first.made.expiresAt);
    await assertGone(first.owner, first.uuid);
    assert.equal((await first.owner.status()).available, false);
    const again = await published({}, first);
    assert.equal(again.uuid, first.uuid);
    assert.equal((await taken(first.api, first.uuid)).offerId, again.made.offerId);
  });

  test("one that lives longer is still listed and found, an older version too", async () => {
    const short = await published({ ttl: 1, isPublic: true }, { api: brief(), fqn: "chat@2.0.0" });
    const long = { ...short, fqn: "chat@1.0.0" };
    const { uuid, made, owner } = await published({ ttl: 1e9, isPublic: true }, long);
    assert.equal(made.expiresAt, made.offers[0].createdAt + BRIEF.maxTtl);
    assert.equal((await owner.query("chat")).body.uuid, short.uuid);
    await until(short.made.expiresAt);
    await assertGone(owner, short.uuid, "chat@2.0.0");
    assert.equal((await owner.query("chat")).body.uuid, uuid);
    assert.deepEqual(
      (await owner.services()).map(({ serviceFqn }) => serviceFqn),
      ["chat@1.0.0"],
    );
  });

  test("published again in time, it lives on: as long as its new offers", async () => {
    const first = await published({ ttl: 1 }, { api: brief() });
    await until(first.made.expiresAt - 500);
    const { made } = await published({ ttl: 1e9 }, first);
    await until(first.made.expiresAt + 100);
    const { offerId, expiresAt } = await taken(first.api, first.uuid);
    assert.deepEqual([offerId, expiresAt], [made.offerId, made.expiresAt]);
    assert.equal(assertStatus(await first.owner.query(FQN), 200).body.uuid, first.uuid);
    assert.equal((await first.owner.services()).length, 1);
  });

  test("it is gone though an offer that was posted for it lives longer", async () => {
    const { owner, peer, made, uuid, api } = await published({ ttl: 1 }, { api: brief() });
    const { id } = await peer.offer({ serviceId: uuid, ttl: 1e9 });
    await until(made.expiresAt);
    assertError(await service(api, uuid), 404, NO_SERVICE);
    assert.deepEqual([...(await offersOf(peer)).keys()], [id]);
    assert.deepEqual(await owner.services(), []);
  });

  test("an offer that was posted for it is handed out no longer than it lives", async () => {
    const { peer, made, uuid, api } = await published({ ttl: 1e9 }, { api: brief() });
    const posted = await peer.offer({ serviceId: uuid, ttl: 1 });
    await until(posted.expiresAt);
    for (let callers = 0; callers < 3; callers++)
      assert.equal((await taken(api, uuid)).offerId, made.offerId);
  });
});

describe("of open offers a peer that publishes", { concurrency: true }, () => {
  /** With as many offers as it may have. */
  const full = async () => {
    const fields = { sdp: undefined, offers: pool(BRIEF.aRequest), ttl: 1e9 };
    const all = await published(fields, { api: brief() });
    await all.peer.offer({ ttl: 1e9 });
    return all;
  };

  test("may have so many, and then it is 409, and nothing is published", async () => {
    const { owner, peer } = await full();
    assertError(await owner.publish(peer, "files@1.0.0"), 409, TOO_MANY_OFFERS);
    assert.equal((await offersOf(peer)).size, BRIEF.aPeer);
    assert.equal((await owner.services()).length, 1);
    assertError(await owner.query("files"), 404, NO_SERVICE);
  });

  test("may publish a service again, for its old offers are gone", async () => {
    const all = await full();
    const { made } = await published({ sdp: undefined, offers: pool(BRIEF.aRequest) }, all);
    assert.equal((await offersOf(all.peer)).size, BRIEF.aPeer);
    const open = await offersOf(all.peer);
    for (const { offerId } of made.offers) assert.ok(open.has(offerId));
  });

  test("may have more when some are answered, deleted or unpublished", async () => {
    const all = await full();
    const { owner, peer, made, uuid, api } = all;
    await (await Peer.register(api)).answered(made.offers[0].offerId);
    await published({}, { ...all, fqn: "files@1.0.0" });
    assertError(await owner.publish(peer, "more@1.0.0"), 409, TOO_MANY_OFFERS);
    assertStatus(await peer.delete(made.offers[1].offerId), 200);
    await published({}, { ...all, fqn: "more@1.0.0" });
    assertError(await owner.publish(peer, "most@1.0.0"), 409, TOO_MANY_OFFERS);
    assertStatus(await owner.unpublish(uuid), 200);
    await published({}, { ...all, fqn: "most@1.0.0" });
  });

  test("are counted for each peer alone", async () => {
    const { owner, api } = await full();
    const peer = await Peer.register(api);
    await published({}, { owner, peer, api, fqn: "files@1.0.0" });
  });

  test("may post so many with one request: one more is 400", async () => {
    const owner = await Owner.claimed(brief());
    const peer = await Peer.register(owner.api);
    const offers = pool(BRIEF.aRequest + 1);
    const answer = await owner.publish(peer, FQN, { sdp: undefined, offers });
    assertError(answer, 400);
    assert.match(answer.body.error, /^offers/);
  });
});
