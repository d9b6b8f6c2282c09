// POST /services: what is answered, what is signed, and that it is signed once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import { LIFE, Peer, assertField, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NOT_SIGNED,
  Owner,
  SKEW,
  UNCLAIMED,
  USED,
  YEAR,
  caller,
  now,
  offersOf,
  pool,
  published,
  randomName,
  service,
  taken,
} from "./owner.mjs";

const OFFER_ID = /^[0-9a-f]{64}$/;

describe("publishing", { concurrency: true }, () => {
  test("answers with the service, its offer, and until when", async () => {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    const before = Date.now();
    const { body } = assertStatus(await owner.publish(peer), 201);
    const after = Date.now();
    assert.deepEqual(Object.keys(body).toSorted(), [
      "expiresAt",
      "offerId",
      "offers",
      "serviceId",
      "uuid",
    ]);
    assert.equal(body.serviceId, body.uuid);
    assert.equal(body.offers.length, 1);
    const [offer] = body.offers;
    assert.deepEqual(Object.keys(offer).toSorted(), ["createdAt", "expiresAt", "offerId"]);
    assert.equal(offer.offerId, body.offerId);
    assert.match(offer.offerId, OFFER_ID);
    assert.ok(offer.offerId.startsWith(peer.id));
    assert.ok(offer.createdAt >= before && offer.createdAt <= after);
    assert.equal(offer.expiresAt, offer.createdAt + LIFE.default);
    assert.equal(body.expiresAt, offer.expiresAt);
  });

  test("makes an offer of the peer's, open, with no topic and no secret", async () => {
    const { peer, made, api } = await published({ sdp: "the offer" });
    const mine = await offersOf(peer);
    assert.deepEqual([...mine.keys()], [made.offerId]);
    const { sdp, topics, hasSecret, answered, expiresAt } = mine.get(made.offerId);
    assert.deepEqual([sdp, topics, hasSecret, answered], ["the offer", [], false, false]);
    assert.equal(expiresAt, made.expiresAt);
    const { body } = assertStatus(await api.get(`/peers/${peer.id}/offers`), 200);
    assert.deepEqual(
      body.offers.map(({ id }) => id),
      [made.offerId],
    );
  });

  test("takes several offers in place of one, in their order", async () => {
    const { peer, made } = await published({ offers: pool(5), sdp: "not this one" });
    assert.equal(made.offers.length, 5);
    assert.equal(made.offerId, made.offers[0].offerId);
    assert.equal(new Set(made.offers.map(({ offerId }) => offerId)).size, 5);
    const mine = await offersOf(peer);
    assert.deepEqual(
      made.offers.map(({ offerId }) => mine.get(offerId).sdp),
      pool(5).map(({ sdp }) => sdp),
    );
    assert.equal(mine.size, 5);
    for (const { expiresAt } of made.offers) assert.equal(expiresAt, made.expiresAt);
  });

  test("takes 100 offers, and needs no sdp then", async () => {
    const { peer, made } = await published({ offers: pool(100), sdp: undefined });
    assert.equal(made.offers.length, 100);
    assert.equal((await offersOf(peer)).size, 100);
  });

  test("renews the name: a year from then, claimedAt as it was", async () => {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    const claimed = await owner.status();
    for (let times = 0; times < 3; times++) {
      const before = Date.now();
      assertStatus(await owner.publish(peer), 201);
      const { claimedAt, expiresAt } = await owner.status();
      assert.equal(claimedAt, claimed.claimedAt);
      assert.ok(expiresAt >= before + YEAR && expiresAt <= Date.now() + YEAR);
    }
  });

  test("does not renew the name where it is refused", async () => {
    const { owner, peer } = await published();
    const before = await owner.status();
    const stranger = await Owner.unknown(caller(), owner.name);
    assertError(await stranger.publish(peer), 403, NOT_SIGNED);
    assertField(await owner.publish(peer, FQN, { sdp: "" }), "sdp");
    assert.deepEqual(await owner.status(), before);
  });

  test("needs a name that is claimed: 404, whoever signs", async () => {
    const owner = await Owner.unknown();
    const peer = await Peer.register();
    assertError(await owner.publish(peer), 404, UNCLAIMED);
    assert.equal((await owner.status()).available, true);
    assert.equal((await offersOf(peer)).size, 0);
  });

  test("of several services under one name keeps them apart", async () => {
    const one = await published({ sdp: "one" });
    const fqns = ["chat@1.0.1", "files@1.0.0", "com.example.chat@1.0.0"];
    const uuids = [one.uuid];
    for (const fqn of fqns) {
      const { uuid, made } = await published({ sdp: fqn }, { ...one, fqn });
      assert.equal((await taken(one.api, uuid)).offerId, made.offerId);
      uuids.push(uuid);
    }
    assert.equal(new Set(uuids).size, 4);
    assert.equal((await taken(one.api, one.uuid)).sdp, "one");
    assert.equal((await one.owner.services()).length, 4);
  });

  test("of one service under two names keeps them apart", async () => {
    const peer = await Peer.register();
    const [one, two] = [
      await published({ sdp: "1" }, { peer }),
      await published({ sdp: "2" }, { peer }),
    ];
    assert.notEqual(one.uuid, two.uuid);
    assert.deepEqual(
      [(await taken(one.api, one.uuid)).sdp, (await taken(one.api, two.uuid)).sdp],
      ["1", "2"],
    );
  });
});

describe("the message to publish", { concurrency: true }, () => {
  /** Refused as it is not signed, and nothing is published. */
  async function refusesProof(write) {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    assertError(await owner.publish(peer, FQN, await write(owner)), 403, NOT_SIGNED);
    assert.deepEqual(await owner.services(), []);
    assert.equal((await offersOf(peer)).size, 0);
  }

  for (const [says, write] of Object.entries({
    "is empty": () => "",
    "has no time": (name) => `publish:${name}:${FQN}`,
    "has an empty time": (name) => `publish:${name}:${FQN}:`,
    "has no service": (name, time) => `publish:${name}:${time}`,
    "has an empty service": (name, time) => `publish:${name}::${time}`,
    "has another service": (name, time) => `publish:${name}:files@1.0.0:${time}`,
    "has another version": (name, time) => `publish:${name}:chat@1.0.1:${time}`,
    "has no version": (name, time) => `publish:${name}:chat:${time}`,
    "has another name": (name, time) => `publish:${randomName()}:${FQN}:${time}`,
    "has another verb": (name, time) => `unpublish:${name}:${FQN}:${time}`,
    "claims with the service": (name, time) => `claim:${name}:${FQN}:${time}`,
    "is that of a claim": (name, time) => `claim:${name}:${time}`,
    "has its verb in upper case": (name, time) => `PUBLISH:${name}:${FQN}:${time}`,
    "has a colon first": (name, time) => `:publish:${name}:${FQN}:${time}`,
    "has a colon last": (name, time) => `publish:${name}:${FQN}:${time}:`,
    "has two colons in a row": (name, time) => `publish:${name}::${FQN}:${time}`,
    "has a part too many": (name, time) => `publish:${name}:${FQN}:x:${time}`,
    "has a space last": (name, time) => `publish:${name}:${FQN}:${time} `,
    "has a leading zero": (name, time) => `publish:${name}:${FQN}:0${time}`,
    "has a plus": (name, time) => `publish:${name}:${FQN}:+${time}`,
    "has a space before its time": (name, time) => `publish:${name}:${FQN}: ${time}`,
    "has a fraction": (name, time) => `publish:${name}:${FQN}:${time}.5`,
    "has its time in seconds": (name, time) => `publish:${name}:${FQN}:${Math.floor(time / 1000)}`,
    "is 5 minutes and 10 seconds old": (name, time) =>
      `publish:${name}:${FQN}:${time - SKEW - 10_000}`,
    "is 5 minutes and 10 seconds early": (name, time) =>
      `publish:${name}:${FQN}:${time + SKEW + 10_000}`,
    "has a time of 2^64 and now": (name, time) =>
      `publish:${name}:${FQN}:${2n ** 64n + BigInt(time)}`,
  }))
    test(`is refused where it ${says}`, () =>
      refusesProof(({ name }) => ({ message: write(name, now()) })));

  for (const [says, off] of [
    ["nearly 5 minutes old", 10_000 - SKEW],
    ["nearly 5 minutes early", SKEW - 10_000],
  ])
    test(`may be ${says}`, async () => {
      const before = Date.now();
      const { made } = await published({ time: before + off });
      assert.ok(made.offers[0].createdAt >= before);
    });

  test("is not enough without its signature, nor the signature without it: 400", async () => {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    for (const field of ["signature", "message"])
      for (const value of [undefined, null, 5, true, [], {}])
        assertField(await owner.publish(peer, FQN, { [field]: value }), field);
    assert.deepEqual(await owner.services(), []);
  });
});

describe("the signature to publish", { concurrency: true }, () => {
  test("counts once, however it is written and whoever sends it: then 409", async () => {
    const owner = await Owner.claimed();
    const [peer, other] = [await Peer.register(), await Peer.register()];
    const proof = await owner.proof(["publish", FQN]);
    const { made, uuid, api } = await published(proof, { owner, peer });
    const { signature } = proof;
    const url = Buffer.from(signature, "base64").toString("base64url");
    for (const written of [signature, signature.replace(/=+$/, ""), url, `${url}==`])
      for (const by of [peer, other])
        assertError(await owner.publish(by, FQN, { ...proof, signature: written }), 409, USED);
    assert.equal((await taken(api, uuid)).offerId, made.offerId);
    assert.equal((await offersOf(other)).size, 0);
    assertStatus(await owner.publish(peer), 201);
  });

  test("does not count again when the service is gone", async () => {
    const owner = await Owner.claimed();
    const proof = await owner.proof(["publish", FQN]);
    const { peer, uuid } = await published(proof, { owner });
    assertStatus(await owner.unpublish(uuid), 200);
    assertError(await owner.publish(peer, FQN, proof), 409, USED);
    assert.deepEqual(await owner.services(), []);
  });

  test("is taken as it may be written: URL-safe, without padding", async () => {
    const owner = await Owner.claimed();
    const { message, signature } = await owner.proof(["publish", FQN]);
    const written = Buffer.from(signature, "base64").toString("base64url");
    await published({ message, signature: written }, { owner });
  });
});

describe("of two things that are wrong with what is published", { concurrency: true }, () => {
  test("the first is told: credentials, fields in their order, name, signature, used", async () => {
    const { owner, peer } = await published();
    const used = await owner.proof(["publish", FQN]);
    assertStatus(await owner.publish(peer, FQN, used), 201);
    const fields = [
      [{ username: "A" }, "username"],
      [{ serviceFqn: "chat" }, "serviceFqn"],
      [{ sdp: 5 }, "sdp"],
      [{ ttl: "x" }, "ttl"],
      [{ isPublic: 5 }, "isPublic"],
      [{ metadata: 5 }, "metadata"],
      [{ signature: 5 }, "signature"],
      [{ message: 5 }, "message"],
    ];
    for (const [i, [first, path]] of fields.entries())
      for (const [second] of fields.slice(i + 1))
        assertField(await owner.publish(peer, FQN, { ...used, ...second, ...first }), path);
    const nobody = new Peer(caller(), peer.id, "wrong");
    assertError(await owner.publish(nobody, FQN, { sdp: 5 }), 401, "Invalid credentials");
    const unclaimed = owner.but({ name: randomName() });
    assertError(await unclaimed.publish(peer, FQN, { message: "x" }), 404, UNCLAIMED);
    assertField(await unclaimed.publish(peer, FQN, { sdp: 5 }), "sdp");
    assertError(await owner.publish(peer, "files@1.0.0", used), 403, NOT_SIGNED);
    assertError(await owner.publish(peer, FQN, used), 409, USED);
  });
});
