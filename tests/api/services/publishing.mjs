// POST /services: what is published under a name, and what publishing again replaces.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import { LIFE, NO_OFFER, Peer, SDP_MAX, assertField, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  METADATA_MAX,
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
  takenBy,
  unpublishAs,
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

describe("what is published", { concurrency: 8 }, () => {
  for (const [says, ttl, lives] of [
    ["no ttl", undefined, LIFE.default],
    ["a ttl between the limits", 90_000, 90_000],
    ["a ttl with a fraction", 90_000.9, 90_000],
    ["the least ttl", LIFE.min, LIFE.min],
    ["less", LIFE.min - 1, LIFE.min],
    ["a ttl of 0", 0, LIFE.min],
    ["a negative one", -90_000, LIFE.min],
    ["the greatest", LIFE.max, LIFE.max],
    ["more", LIFE.max + 1, LIFE.max],
    ["far more", 1e300, LIFE.max],
  ])
    test(`with ${says} lives ${lives} ms`, async () => {
      const { made, uuid, api } = await published({ ttl, sdp: undefined, offers: pool(2) });
      const [{ createdAt }] = made.offers;
      for (const { expiresAt } of [made, ...made.offers, await taken(api, uuid)])
        assert.equal(expiresAt, createdAt + lives);
    });

  for (const ttl of [null, "60000", true, [], {}])
    test(`with a ttl of ${JSON.stringify(ttl)} is refused`, () => refuses({ ttl }, "ttl"));

  for (const [says, sdp] of Object.entries({
    "of one byte": "x",
    "of 65536 bytes": "x".repeat(SDP_MAX),
    "of 65536 bytes in two-byte characters": "é".repeat(SDP_MAX / 2),
    "of anything": 'v=0\r\n"\\\u0001é😀\u2028 not SDP',
  }))
    test(`with an sdp ${says} comes back as it was`, async () => {
      const { uuid, api, peer, made } = await published({ sdp });
      assert.equal((await taken(api, uuid)).sdp, sdp);
      assert.equal((await offersOf(peer)).get(made.offerId).sdp, sdp);
    });

  const NO_SDPS = {
    missing: undefined,
    null: null,
    empty: "",
    "a number": 5,
    "an array": ["x"],
    "an object": { sdp: "x", type: "offer" },
    "65537 bytes": "x".repeat(SDP_MAX + 1),
    "65537 bytes in fewer characters": `x${"é".repeat(SDP_MAX / 2)}`,
  };
  for (const [says, sdp] of Object.entries(NO_SDPS))
    test(`with an sdp that is ${says} is refused`, async () => {
      await refuses({ sdp }, "sdp");
      const offers = [...pool(3), { sdp }, ...pool(1)];
      await refuses({ offers }, "offers[3].sdp");
    });

  for (const [says, offers] of Object.entries({
    none: [],
    101: pool(101),
    "a number": 5,
    "a text": "x",
    "an object": { sdp: "x" },
    true: true,
  }))
    test(`with offers that are ${says} is refused, though there is an sdp`, () =>
      refuses({ offers }, "offers"));

  for (const [says, offer] of Object.entries({ null: null, "a text": "x", "an array": [] }))
    test(`with an offer among others that is ${says} is refused`, () =>
      refuses({ offers: [...pool(2), offer] }, "offers[2]"));

  for (const [isPublic, shown] of [
    [undefined, false],
    [null, false],
    [false, false],
    [true, true],
  ])
    test(`with isPublic ${isPublic} is ${shown ? "public" : "private"}`, async () => {
      const { owner, uuid, api } = await published({ isPublic });
      assert.equal((await taken(api, uuid)).isPublic, shown);
      assert.equal((await owner.services())[0].isPublic, shown);
    });

  for (const isPublic of [0, 1, "true", "", [], {}])
    test(`with isPublic ${JSON.stringify(isPublic)} is refused`, () =>
      refuses({ isPublic }, "isPublic"));
});

/** 400 that names the field; nothing is published, and the signature is not spent. */
async function refuses(fields, path) {
  const owner = await Owner.claimed();
  const peer = await Peer.register();
  const proof = await owner.proof(["publish", FQN]);
  assertField(await owner.publish(peer, FQN, { ...proof, ...fields }), path);
  assert.deepEqual(await owner.services(), []);
  assert.equal((await offersOf(peer)).size, 0);
  assertStatus(await owner.publish(peer, FQN, proof), 201);
}

describe("the name of a service", { concurrency: 8 }, () => {
  const FQNS = {
    "one word": "chat@1.0.0",
    "one letter": "a@1.0.0",
    "one digit": "1@1.0.0",
    labels: "com.example.chat@2.1.3-beta.1",
    "many labels": "a.b.c.d.e.f.g.h.i.j@1.0.0",
    dashes: "my-chat.two-words@1.0.0",
    "128 characters": `${"a".repeat(128)}@1.0.0`,
    "128 characters and a version of 256": `${"b".repeat(128)}@1.0.0-${"c".repeat(250)}`,
    "a version of zeros": "chat@0.0.0",
    "a version of many digits": "chat@10.20.300000",
    "a prerelease": "chat@1.0.0-alpha",
    "a prerelease of a number": "chat@1.0.0-0",
    "a prerelease of many": "chat@1.0.0-alpha.1.x-y.0a.00a.-",
    "a prerelease with upper case": "chat@1.0.0-RC.1",
    "build metadata": "chat@1.0.0+build.001",
    "a prerelease and build metadata": "chat@1.0.0-rc.1+20261121.sha-5",
  };
  for (const [says, fqn] of Object.entries(FQNS))
    test(`may have ${says}, and is found by all of it`, async () => {
      const { owner, peer, uuid, api } = await published({ isPublic: true }, { fqn });
      const { serviceFqn, username } = await taken(api, uuid);
      assert.deepEqual([serviceFqn, username], [fqn, owner.name]);
      assert.equal((await owner.services())[0].serviceFqn, fqn);
      assert.deepEqual(assertStatus(await owner.query(fqn), 200).body, { uuid, allowed: true });
      assert.equal((await published({}, { owner, peer, fqn })).uuid, uuid);
      assertStatus(await owner.unpublish(uuid, fqn), 200);
    });

  const NO_FQNS = {
    empty: "",
    "no version": "chat",
    "an empty version": "chat@",
    "no name": "@1.0.0",
    "a version alone": "1.0.0",
    "two versions": "chat@1.0.0@1.0.0",
    "two at signs": "chat@@1.0.0",
    "an at sign for a name": "@@1.0.0",
    "upper case": "Chat@1.0.0",
    "an underscore": "my_chat@1.0.0",
    "a slash": "my/chat@1.0.0",
    "a colon": "my:chat@1.0.0",
    "a space": "my chat@1.0.0",
    "a space first": " chat@1.0.0",
    "a space last": "chat@1.0.0 ",
    "a newline last": "chat@1.0.0\n",
    "a letter with an accent": "chät@1.0.0",
    "an empty label first": ".chat@1.0.0",
    "an empty label last": "chat.@1.0.0",
    "an empty label inside": "com..chat@1.0.0",
    "a dot alone": ".@1.0.0",
    "129 characters": `${"a".repeat(129)}@1.0.0`,
    "a version of 257": `chat@1.0.0-${"c".repeat(251)}`,
    "one number": "chat@1",
    "two numbers": "chat@1.0",
    "four numbers": "chat@1.0.0.0",
    "a v": "chat@v1.0.0",
    "an equals sign": "chat@=1.0.0",
    "a leading zero": "chat@01.0.0",
    "a leading zero later": "chat@1.00.0",
    "a leading zero in a prerelease": "chat@1.0.0-beta.01",
    "an empty prerelease": "chat@1.0.0-",
    "an empty identifier": "chat@1.0.0-beta..1",
    "an empty build": "chat@1.0.0+",
    "two builds": "chat@1.0.0+a+b",
    "a prerelease with an underscore": "chat@1.0.0-beta_1",
    "a negative number": "chat@1.-1.0",
    "a caret": "chat@^1.0.0",
    "a tilde": "chat@~1.0.0",
    "an x": "chat@1.x",
    "a star": "chat@*",
    "a comparison": "chat@>=1.0.0",
    "a word": "chat@latest",
  };
  for (const [says, fqn] of Object.entries(NO_FQNS))
    test(`may not have ${says}: 400`, async () => {
      const owner = await Owner.claimed();
      const peer = await Peer.register();
      assertField(await owner.publish(peer, fqn), "serviceFqn");
      assert.deepEqual(await owner.services(), []);
      assert.equal((await offersOf(peer)).size, 0);
    });
});

/** An object of exactly so many bytes as compact JSON. */
function sized(bytes, fill = "x") {
  const [start, end] = ['{"a":"', '"}'];
  const room = bytes - start.length - end.length;
  const size = Buffer.byteLength(fill);
  return start + fill.repeat(Math.floor(room / size)) + "x".repeat(room % size) + end;
}

describe("the metadata of a service", { concurrency: 8 }, () => {
  /** Publishes with metadata as this text has it. @returns the uuid and who published */
  async function publishedWith(metadata) {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    const proof = await owner.proof(["publish", FQN]);
    const fields = { username: owner.name, serviceFqn: FQN, sdp: "x", isPublic: true, ...proof };
    const body = `${JSON.stringify(fields).slice(0, -1)},"metadata":${metadata}}`;
    return { owner, peer, answer: await peer.post("/services", body) };
  }

  for (const [says, text] of Object.entries({
    "an empty object": "{}",
    "every kind of value": '{"a":null,"b":true,"c":false,"d":"x","e":[],"f":{},"g":[{"h":[1]}]}',
    "numbers to the digit":
      '{"a":1.10,"b":12345678901234567890123,"c":1E+5,"d":-0,"e":0.1e-7,"f":1e999,"g":100}',
    "keys in their order": '{"z":1,"a":2,"m":3,"":4,"1":5}',
    "keys like a prototype": '{"__proto__":{"x":1},"constructor":2}',
    "characters of all kinds": '{"é😀":"\u2028\u007f¡"}',
    "4096 bytes": sized(METADATA_MAX),
    "4096 bytes in two-byte characters": sized(METADATA_MAX, "é"),
    "30 levels": `${'{"a":'.repeat(30)}1${"}".repeat(30)}`,
  }))
    test(`may be ${says}, and comes back as it came`, async () => {
      const { owner, answer } = await publishedWith(text);
      const { uuid } = assertStatus(answer, 201).body;
      const seen = [await service(owner.api, uuid)];
      seen.push(await owner.api.get(`/usernames/${owner.name}/services`));
      for (const one of seen) {
        assertStatus(one, 200);
        assert.ok(one.text.includes(`"metadata":${text}`), one.text);
      }
    });

  test("is the same with escapes in it", async () => {
    const metadata = { a: 'é"\\\n😀/', b: [1, { c: null }] };
    const escaped = '{"\\u0061":"\\u00e9\\"\\\\\\n\\ud83d\\ude00\\/","b":[1,{"c":null}]}';
    assert.deepEqual(JSON.parse(escaped), metadata);
    const { owner, answer } = await publishedWith(escaped);
    const { uuid } = assertStatus(answer, 201).body;
    assert.deepEqual((await taken(owner.api, uuid)).metadata, metadata);
  });

  test("may have spaces around it, which count for nothing", async () => {
    const spaced = (bytes) => `  {\n "a" :\t"${"x".repeat(bytes - 15)}"\r\n, "b": [ ] }  `;
    assertStatus((await publishedWith(spaced(METADATA_MAX))).answer, 201);
    assertField((await publishedWith(spaced(METADATA_MAX + 1))).answer, "metadata");
  });

  for (const none of [undefined, null])
    test(`may be ${none}: then there is none`, async () => {
      const { owner, uuid, api } = await published({ metadata: none, isPublic: true });
      assert.ok(!("metadata" in (await taken(api, uuid))));
      assert.deepEqual(await owner.services(), [{ uuid, isPublic: true, serviceFqn: FQN }]);
    });

  for (const [says, text] of Object.entries({
    "4097 bytes": sized(METADATA_MAX + 1),
    "4097 bytes in fewer characters": sized(METADATA_MAX + 1, "é"),
    "4098 bytes in far fewer characters": sized(METADATA_MAX + 2, "😀"),
    "100000 bytes": sized(100_000),
    "an array": "[]",
    "an array of objects": '[{"a":1}]',
    "a text": '"{}"',
    "an empty text": '""',
    "a number": "5",
    true: "true",
    false: "false",
  }))
    test(`may not be ${says}: 400`, async () => {
      const { owner, peer, answer } = await publishedWith(text);
      assertField(answer, "metadata");
      assert.deepEqual(await owner.services(), []);
      assert.equal((await offersOf(peer)).size, 0);
    });
});

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
