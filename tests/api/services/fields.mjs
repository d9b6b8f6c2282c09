// What POST /services takes: offers and how long they live, names with versions, metadata.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { LIFE, Peer, SDP_MAX, assertField, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  METADATA_MAX,
  Owner,
  changesNothing,
  offersOf,
  pool,
  published,
  service,
  stateOf,
  taken,
} from "./owner.mjs";

describe("what is published", { concurrency: 8 }, () => {
  let mine;
  before(async () => (mine = await published()));
  changesNothing(() => stateOf(mine));

  /** 400 that names the field. */
  const refuses = async (fields, path) =>
    assertField(await mine.owner.publish(mine.peer, FQN, fields), path);

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

describe("the name of a service", { concurrency: 8 }, () => {
  let mine;
  before(async () => (mine = await published()));
  changesNothing(() => stateOf(mine));

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
    test(`may not have ${says}: 400`, async () =>
      assertField(await mine.owner.publish(mine.peer, fqn), "serviceFqn"));
});

/** An object of exactly so many bytes as compact JSON. */
function sized(bytes, fill = "x") {
  const [start, end] = ['{"a":"', '"}'];
  const room = bytes - start.length - end.length;
  const size = Buffer.byteLength(fill);
  return start + fill.repeat(Math.floor(room / size)) + "x".repeat(room % size) + end;
}

describe("the metadata of a service", { concurrency: 8 }, () => {
  let mine;
  before(async () => (mine = await published()));
  changesNothing(() => stateOf(mine));

  /** Publishes with metadata as this text has it. */
  async function publishWith(metadata, { owner, peer }) {
    const proof = await owner.proof(["publish", FQN]);
    const fields = { username: owner.name, serviceFqn: FQN, sdp: "x", isPublic: true, ...proof };
    const body = `${JSON.stringify(fields).slice(0, -1)},"metadata":${metadata}}`;
    return peer.post("/services", body);
  }

  async function publishedWith(metadata) {
    const by = { owner: await Owner.claimed(), peer: await Peer.register() };
    return { ...by, answer: await publishWith(metadata, by) };
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

  for (const [says, before, name, after] of [
    ["is the last where there are several", '"metadata":5,"metadata":{"no":1},', '"metadata"', ""],
    ["may have its key escaped", "", '"meta\\u0064ata"', ""],
    ["is not what is called so further inside", '"x":{"metadata":{"no":1}},', '"metadata"', ""],
    [
      "is not what is called so in a text",
      '"x":"\\"metadata\\":{",',
      '"metadata"',
      ',"y":"metadata"',
    ],
    ["has a key of its own name", "", '"metadata"', ""],
  ])
    test(says, async () => {
      const owner = await Owner.claimed();
      const peer = await Peer.register();
      const proof = await owner.proof(["publish", FQN]);
      const fields = JSON.stringify({ username: owner.name, serviceFqn: FQN, sdp: "x", ...proof });
      const body = `{${before}${name}:{"metadata":{"yes":1.0}}${after},${fields.slice(1)}`;
      const { uuid } = assertStatus(await peer.post("/services", body), 201).body;
      const { text } = await service(owner.api, uuid);
      assert.ok(text.includes('"metadata":{"metadata":{"yes":1.0}}'), text);
      assert.ok(!text.includes("no"), text);
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
    test(`may not be ${says}: 400`, async () =>
      assertField(await publishWith(text, mine), "metadata"));
});
