// DELETE /services/:serviceId: with the credentials of the peer that published it, or signed by the
// name's owner; and what is gone then.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import {
  FORMAT,
  MISSING,
  NO_OFFER,
  Peer,
  WRONG,
  assertField,
  assertStatus,
} from "../peers/peer.mjs";
import {
  FQN,
  NOT_SIGNED,
  NO_SERVICE,
  Owner,
  SKEW,
  USED,
  assertGone,
  assertNoOffers,
  caller,
  changesNothing,
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

/** The two proofs that take a service back. */
const WAYS = {
  "with the credentials of the peer that published it": ({ owner, peer, uuid }) =>
    unpublishAs(peer, uuid, { username: owner.name }),
  "with the signature of the name's owner": ({ owner, uuid }) => owner.unpublish(uuid),
};

/** Asks for the service to be deleted. */
const remove = ({ api, uuid }, body, headers) =>
  api.del(`/services/${uuid}`, { body: JSON.stringify(body), headers });

/** All that a deletion would change. */
async function allOf({ owner, peer, api, uuid }) {
  const { text } = await owner.query(FQN);
  return [await taken(api, uuid), await owner.services(), [...(await offersOf(peer)).keys()], text];
}

for (const [way, unpublish] of Object.entries(WAYS))
  describe(`a service that is deleted ${way}`, { concurrency: true }, () => {
    test("is gone: by its uuid, in the list, for a query", async () => {
      const mine = await published({ isPublic: true });
      assert.deepEqual(assertStatus(await unpublish(mine), 200).body, { success: true });
      await assertGone(mine.owner, mine.uuid);
      for (const range of ["chat", "chat@1", "chat@^1.0.0", "chat@1.x"])
        assertError(await mine.owner.query(range), 404, NO_SERVICE);
      assertError(await service(caller(), mine.uuid), 404, NO_SERVICE);
    });

    test("takes its open offers with it, those that joined it too", async () => {
      const mine = await published({ sdp: undefined, offers: pool(3) });
      const { peer, api, uuid } = mine;
      const ids = mine.made.offers.map(({ offerId }) => offerId);
      for (const topics of [[], [randomName()]])
        ids.push((await peer.offer({ serviceId: uuid, topics })).id);
      assertStatus(await unpublish(mine), 200);
      assert.equal((await offersOf(peer)).size, 0);
      assert.deepEqual((await api.get(`/peers/${peer.id}/offers`)).body.offers, []);
      const other = await Peer.register();
      for (const id of ids) assertError(await other.answer(id), 404, NO_OFFER);
    });

    test("leaves its answered offers, and the peer's others", async () => {
      const mine = await published({ sdp: undefined, offers: pool(2) });
      const { peer } = mine;
      const other = await Peer.register();
      const [{ offerId: answered }, { offerId: open }] = mine.made.offers;
      assertStatus(await other.answer(answered), 200);
      const kept = [answered, (await peer.offer({ topics: [randomName()] })).id];
      kept.push((await published({}, { ...mine, fqn: "files@1.0.0" })).made.offerId);
      assertStatus(await unpublish(mine), 200);
      const left = await offersOf(peer);
      assert.deepEqual(new Set(left.keys()), new Set(kept));
      assert.ok(!left.has(open));
      const path = `/offers/${answered}/ice-candidates`;
      assertStatus(await peer.post(path, { candidates: ["late"] }), 200);
      const { candidates } = assertStatus(await other.get(path), 200).body;
      assert.equal(candidates[0].candidate, "late");
    });

    test("leaves the name's other services, of the same name too", async () => {
      const mine = await published({ isPublic: true });
      const others = [];
      for (const fqn of ["chat@1.0.1", "chat@1.0.0-beta.1", "chat2@1.0.0", "my.chat@1.0.0"])
        others.push([fqn, (await published({ isPublic: true }, { ...mine, fqn })).uuid]);
      assertStatus(await unpublish(mine), 200);
      for (const [fqn, uuid] of others) {
        assert.equal((await taken(mine.api, uuid)).serviceFqn, fqn);
        assert.equal(assertStatus(await mine.owner.query(fqn), 200).body.uuid, uuid);
      }
      assert.equal((await mine.owner.services()).length, others.length);
    });

    test("may be deleted when all its offers are answered", async () => {
      const mine = await published();
      assertStatus(await (await Peer.register()).answer(mine.made.offerId), 200);
      assertNoOffers(await service(mine.api, mine.uuid));
      assertStatus(await unpublish(mine), 200);
      await assertGone(mine.owner, mine.uuid);
    });

    test("is 404 when it is deleted again", async () => {
      const mine = await published();
      assertStatus(await unpublish(mine), 200);
      for (const again of Object.values(WAYS)) assertError(await again(mine), 404, NO_SERVICE);
    });

    test("may be published again, under the same uuid, and deleted again", async () => {
      const mine = await published({ isPublic: true });
      for (let times = 0; times < 3; times++) {
        assertStatus(await unpublish(mine), 200);
        await assertGone(mine.owner, mine.uuid);
        const { uuid, made, api } = await published({ isPublic: true }, mine);
        assert.equal(uuid, mine.uuid);
        assert.equal((await taken(api, uuid)).offerId, made.offerId);
        assert.deepEqual(
          (await mine.owner.services()).map((entry) => entry.uuid),
          [uuid],
        );
        assert.equal(assertStatus(await mine.owner.query("chat@1"), 200).body.uuid, uuid);
      }
    });
  });

describe("deleting a service by signature", { concurrency: true }, () => {
  test("needs no peer: whoever has the key may, of whatever peer published it", async () => {
    const mine = await published();
    const api = caller(null);
    const elsewhere = mine.owner.but({ api });
    assertStatus(await elsewhere.unpublish(mine.uuid), 200);
    await assertGone(mine.owner, mine.uuid);
  });

  for (const [says, off] of [
    ["nearly 5 minutes old", 10_000 - SKEW],
    ["nearly 5 minutes early", SKEW - 10_000],
  ])
    test(`may be done with a message that is ${says}`, async () => {
      const { owner, uuid } = await published();
      assertStatus(await owner.unpublish(uuid, FQN, { time: Date.now() + off }), 200);
      await assertGone(owner, uuid);
    });

  test("counts once, however the signature is written: then 409, and the service stays", async () => {
    const first = await published();
    const { owner, uuid } = first;
    const proof = await owner.proof(["unpublish", FQN]);
    assertStatus(await owner.unpublish(uuid, FQN, proof), 200);
    const again = await published({}, first);
    const before = await allOf(again);
    const url = Buffer.from(proof.signature, "base64").toString("base64url");
    for (const signature of [proof.signature, proof.signature.replace(/=+$/, ""), url, `${url}==`])
      assertError(await owner.unpublish(uuid, FQN, { ...proof, signature }), 409, USED);
    assert.deepEqual(await allOf(again), before);
    assertStatus(await owner.unpublish(uuid), 200);
  });

  test("is 403 where another owner signs", async () => {
    const mine = await published();
    const other = await Owner.claimed();
    const { message } = await mine.owner.proof(["unpublish", FQN]);
    const signature = await other.sign(message);
    const forged = { message, signature };
    assertError(await mine.owner.unpublish(mine.uuid, FQN, forged), 403, NOT_SIGNED);
    assert.equal((await taken(mine.api, mine.uuid)).offerId, mine.made.offerId);
  });

  test("is 400 where there is a signature and no message", async () => {
    const mine = await published();
    const before = await allOf(mine);
    for (const message of [undefined, null, 5, [], {}])
      assertField(await mine.owner.unpublish(mine.uuid, FQN, { message }), "message");
    assert.deepEqual(await allOf(mine), before);
  });

  test("is 401 where there is neither signature nor credentials, with a message too", async () => {
    const mine = await published();
    const before = await allOf(mine);
    const { message } = await mine.owner.proof(["unpublish", FQN]);
    const username = mine.owner.name;
    for (const body of [{ username }, { username, message }, { username, signature: null }]) {
      const answer = await remove(mine, body);
      assertError(answer, 401, MISSING);
      assert.match(answer.headers.get("WWW-Authenticate") ?? "none", /^Bearer/);
    }
    assert.deepEqual(await allOf(mine), before);
  });

  test("is 404 where the name is not the service's, whoever signs", async () => {
    const mine = await published();
    const before = await allOf(mine);
    const other = await Owner.claimed();
    const unclaimed = await Owner.unknown();
    for (const owner of [other, unclaimed])
      assertError(await owner.unpublish(mine.uuid), 404, NO_SERVICE);
    const { name: username } = other;
    assertError(await mine.owner.unpublish(mine.uuid, FQN, { username }), 404, NO_SERVICE);
    assert.deepEqual(await allOf(mine), before);
  });

  test("is 404 where there is no such service", async () => {
    const { owner, uuid } = await published();
    const other = uuid.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    for (const wrong of [other, "x", "00000000-0000-0000-0000-000000000000", `${uuid}0`])
      assertError(await owner.unpublish(wrong), 404, NO_SERVICE);
  });
});

describe("a message to delete a service", { concurrency: 8 }, () => {
  let mine;
  before(async () => (mine = await published()));
  changesNothing(() => allOf(mine));

  for (const [says, write] of Object.entries({
    "of a publication": (name, time) => `publish:${name}:${FQN}:${time}`,
    "of a claim": (name, time) => `claim:${name}:${time}`,
    "of no time": (name) => `unpublish:${name}:${FQN}`,
    "of no service": (name, time) => `unpublish:${name}:${time}`,
    "of another service": (name, time) => `unpublish:${name}:files@1.0.0:${time}`,
    "of another version": (name, time) => `unpublish:${name}:chat@1.0.1:${time}`,
    "of another name": (name, time) => `unpublish:${randomName()}:${FQN}:${time}`,
    "of a colon too many first": (name, time) => `:unpublish:${name}:${FQN}:${time}`,
    "of a colon too many last": (name, time) => `unpublish:${name}:${FQN}:${time}:`,
    "of a colon too many inside": (name, time) => `unpublish:${name}::${FQN}:${time}`,
    "of a part too many": (name, time) => `unpublish:${name}:${FQN}:${FQN}:${time}`,
    "of a leading zero": (name, time) => `unpublish:${name}:${FQN}:0${time}`,
    "of a plus": (name, time) => `unpublish:${name}:${FQN}:+${time}`,
    "of a space": (name, time) => `unpublish:${name}:${FQN}: ${time}`,
    "of a fraction": (name, time) => `unpublish:${name}:${FQN}:${time}.0`,
    "of 5 minutes and 10 seconds ago": (name, time) =>
      `unpublish:${name}:${FQN}:${time - SKEW - 10_000}`,
    "of 5 minutes and 10 seconds to come": (name, time) =>
      `unpublish:${name}:${FQN}:${time + SKEW + 10_000}`,
    "of nothing": () => "",
  }))
    test(`is 403 that is ${says}`, async () => {
      const message = write(mine.owner.name, now());
      assertError(await mine.owner.unpublish(mine.uuid, FQN, { message }), 403, NOT_SIGNED);
    });
});

describe("deleting a service by credentials", { concurrency: true }, () => {
  test("is 404 for another peer, of the same owner too", async () => {
    const mine = await published();
    const before = await allOf(mine);
    const other = await Peer.register();
    await published({}, { owner: mine.owner, peer: other, fqn: "files@1.0.0" });
    const listed = await mine.owner.services();
    const { name: username } = mine.owner;
    assertError(await unpublishAs(other, mine.uuid, { username }), 404, NO_SERVICE);
    const [one, , ...rest] = await allOf(mine);
    assert.deepEqual([one, ...rest], before.toSpliced(1, 1));
    assert.deepEqual(await mine.owner.services(), listed);
  });

  test("is 404 where the name is not the service's", async () => {
    const mine = await published();
    const other = await published({}, { peer: mine.peer, fqn: "files@1.0.0" });
    for (const username of [randomName(), other.owner.name])
      assertError(await unpublishAs(mine.peer, mine.uuid, { username }), 404, NO_SERVICE);
    assert.equal((await taken(mine.api, mine.uuid)).offerId, mine.made.offerId);
  });

  test("is 404 where there is no such service", async () => {
    const { owner, peer, uuid } = await published();
    const { name: username } = owner;
    const other = uuid.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    for (const wrong of [other, "x", `${uuid}0`])
      assertError(await unpublishAs(peer, wrong, { username }), 404, NO_SERVICE);
  });

  test("is 401 where they are wrong, whatever the body has", async () => {
    const mine = await published();
    const before = await allOf(mine);
    const { id, secret } = mine.peer;
    const username = mine.owner.name;
    const signed = { username, ...(await mine.owner.proof(["unpublish", FQN])) };
    const { id: other } = await Peer.register();
    for (const [value, sentence] of [
      [`Bearer ${id}:${secret}x`, WRONG],
      [`Bearer ${id}:${secret.slice(0, -1)}`, WRONG],
      [`Bearer ${other}:${secret}`, WRONG],
      ["Bearer x:y", WRONG],
      ["Bearer ", FORMAT],
      ["Bearer", FORMAT],
      [`Basic ${id}:${secret}`, FORMAT],
      [`Bearer ${id}`, FORMAT],
      [`Bearer ${id}:`, FORMAT],
      [`Bearer :${secret}`, FORMAT],
      [`${id}:${secret}`, FORMAT],
    ])
      for (const body of [{ username }, signed])
        assertError(await remove(mine, body, { Authorization: value }), 401, sentence);
    assert.deepEqual(await allOf(mine), before);
    // The signature was not looked at, thus not spent.
    assertStatus(await remove(mine, signed), 200);
  });

  test("counts where both are given: a right signature does not help another peer", async () => {
    const mine = await published();
    const other = await Peer.register();
    const signed = { username: mine.owner.name, ...(await mine.owner.proof(["unpublish", FQN])) };
    assertError(await unpublishAs(other, mine.uuid, signed), 404, NO_SERVICE);
    assert.equal((await taken(mine.api, mine.uuid)).offerId, mine.made.offerId);
    const wrong = { ...signed, signature: "x", message: 5 };
    assertStatus(await unpublishAs(mine.peer, mine.uuid, wrong), 200);
    await assertGone(mine.owner, mine.uuid);
  });

  test("is done by the peer that published last, not by one that did before", async () => {
    const first = await published();
    const peer = await Peer.register();
    const second = await published({}, { ...first, peer });
    const { name: username } = first.owner;
    assertError(await unpublishAs(first.peer, first.uuid, { username }), 404, NO_SERVICE);
    assert.deepEqual(await takenBy(1, first.api, first.uuid), [second.made.offerId]);
    assertStatus(await unpublishAs(peer, first.uuid, { username }), 200);
    await assertGone(first.owner, first.uuid);
  });
});

describe("deleting a service", { concurrency: true }, () => {
  let mine;
  before(async () => (mine = await published()));
  changesNothing(() => allOf(mine));

  for (const username of [undefined, null, "", 5, true, [], {}, "A", "a", "-ann", "a".repeat(33)])
    test(`under the name ${JSON.stringify(username)} is 400, whatever the proof`, async () => {
      assertField(await unpublishAs(mine.peer, mine.uuid, { username }), "username");
      assertField(await mine.owner.unpublish(mine.uuid, FQN, { username }), "username");
    });
});
