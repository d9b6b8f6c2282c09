// POST /index/:username/query: a version range means what it means to npm's semver, which is asked here
// too.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { maxSatisfying, rsort, validRange } from "semver";
import { assertError, inParallel } from "../helpers.mjs";
import { Peer, assertField, assertStatus } from "../peers/peer.mjs";
import { FQN, NO_SERVICE, Owner, caller, published, randomName } from "./owner.mjs";

const VERSIONS = [
  "0.0.0",
  "0.0.1-alpha",
  "0.0.1",
  "0.0.3",
  "0.1.0-beta.2",
  "0.1.0",
  "0.1.2",
  "0.2.0",
  "0.10.0",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0-1",
  "1.0.0-Z",
  "1.0.0-a-b",
  "1.0.0",
  "1.0.1",
  "1.2.0",
  "1.2.3-pre",
  "1.2.3",
  "1.2.4-beta.1",
  "1.10.0",
  "2.0.0-alpha.1",
  "2.0.0-alpha.2",
  "2.1.3",
  "2.1.4-rc.1+build.7",
  "3.0.0-beta.1",
  "10.0.0",
];

const EXACT = [...VERSIONS, "v1.2.3", "=1.2.3", "1.2.3+anything", "4.0.0", "1.0.0-gamma", "0.0.2"];

const CARETS = ["^0", "^0.0", "^0.0.1", "^0.0.3", "^0.0.2", "^0.1", "^0.1.0", "^0.1.1", "^0.2.1"];
CARETS.push(
  "^1",
  "^1.0",
  "^1.0.0",
  "^1.2.3",
  "^1.2.4",
  "^1.11.0",
  "^2",
  "^2.0.0",
  "^2.2",
  "^3.0.0",
);
CARETS.push(
  "^1.0.0-alpha",
  "^1.0.0-rc.2",
  "^2.0.0-alpha.1",
  "^2.1.4-rc",
  "^3.0.0-beta",
  "^3.0.0-rc",
);
CARETS.push("^0.0.1-alpha", "^0.1.0-beta", "^1.x", "^1.2.x", "^0.0.x", "^0.x", "^x", "^*", "^10");
CARETS.push("^1.2.4-beta.1", "^1.2.4-beta.2", "^ 1.2.3", "^v1.2.3", "^9");

const TILDES = ["~0", "~0.0", "~0.0.1", "~0.1", "~0.1.1", "~1", "~1.0", "~1.0.0", "~1.2", "~1.2.0"];
TILDES.push("~1.2.3", "~1.2.4", "~1.3", "~2", "~2.0", "~2.1.3", "~2.1.4-rc.0", "~3", "~3.0.0-beta");
TILDES.push(
  "~1.0.0-alpha",
  "~1.0.0-rc.9",
  "~1.2.x",
  "~1.x",
  "~x",
  "~>1.2",
  "~ 1.2.3",
  "~10",
  "~11",
);
TILDES.push("~2.0.0-alpha.1", "~2.0.0-alpha.3", "~1.2.4-beta.0");

const XS = ["0", "0.0", "0.x", "0.0.x", "0.1", "0.1.x", "1", "1.x", "1.X", "1.*", "1.0", "1.0.x"];
XS.push("1.2", "1.2.x", "1.2.*", "1.x.x", "1.*.*", "1.3", "1.3.x", "2", "2.0", "2.0.x", "2.1", "3");
XS.push(
  "3.x",
  "4",
  "10",
  "x",
  "X",
  "*",
  "x.x",
  "x.x.x",
  "*.*.*",
  "v1",
  "v1.2",
  "=1.2",
  "1.2.x-beta",
);

const COMPARED = [
  ">1.2.0",
  ">=1.2.0",
  "<1.2.0",
  "<=1.2.0",
  ">1",
  ">=1",
  "<1",
  "<=1",
  ">1.2",
  "<=1.2",
];
COMPARED.push("<0.0.0", ">=10.0.1", ">=1.0.0 <1.2.0", ">= 1.0.0 < 1.2.0", ">1.0.0-alpha <1.0.0");
COMPARED.push(">=1.0.0-beta <1.0.0-beta.11", "1.0.0 - 1.2.0", "1.0 - 1.2", "1 - 2", "0.1.0 - 0.1");
COMPARED.push("1.0.0-alpha - 1.0.0-beta", "^1.0.0 || ^2.0.0", "0.0.1 || 0.1.2", "4 || 1.0.x", "||");
COMPARED.push("~1.2 || 3.0.0-beta.1", "^1 <1.2.0", ">=2.0.0-alpha <2.0.0", ">x", "<x", ">=x", "<*");
COMPARED.push("<3.0.0-beta.2", "<=2.0.0-alpha.2", ">2.0.0-alpha.1", ">2.1.4-rc.0", "1.0.0 1.0.1");
COMPARED.push("<1.0.0-alpha.1", ">=0.0.1-alpha <0.0.1", "1.0.0 - 2.0.0-alpha.2", ">=1.0.0-0 <2");

/** What a query may ask, and be told what npm's semver says of the versions. */
const ASKED = {
  "a version": EXACT,
  "a caret": CARETS,
  "a tilde": TILDES,
  "an x": XS,
  "comparisons, spans and alternatives": COMPARED,
};

describe("a query", { concurrency: true }, () => {
  let owner;
  const uuids = new Map();
  before(async () => {
    owner = await Owner.claimed();
    const peer = await Peer.register();
    // Neither in their order, nor with their peers of the same name: the greatest is not the last.
    const order = VERSIONS.toSorted((a, b) => (hash(a) < hash(b) ? -1 : 1));
    await inParallel(order, async (version) => {
      const fqn = `chat@${version}`;
      uuids.set(version, (await published({}, { owner, peer, fqn })).uuid);
    });
    const others = ["chats@9.9.9", "cha@9.9.9", "my.chat@9.9.9", "chat.my@9.9.9", "chat-@9.9.9"];
    for (const fqn of others) await published({ isPublic: true }, { owner, peer, fqn });
  });

  /** What semver finds among the published ones, and the server too. */
  async function assertAsSemver(range) {
    assert.notEqual(validRange(range), null, `${range} is a range`);
    const expected = maxSatisfying(VERSIONS, range);
    const answer = await owner.query(`chat@${range}`);
    if (expected === null) return assertError(answer, 404, NO_SERVICE);
    const { body } = assertStatus(answer, 200);
    const found = [...uuids].find(([, uuid]) => uuid === body.uuid)?.[0];
    assert.deepEqual([found, body.allowed], [expected, true], `chat@${range}`);
  }

  for (const [kind, ranges] of Object.entries(ASKED))
    for (const range of ranges)
      test(`with ${kind} finds what npm's semver finds: ${range}`, () => assertAsSemver(range));

  test("with the name alone finds the newest, of those that are no prereleases", async () => {
    const { body } = assertStatus(await owner.query("chat"), 200);
    assert.equal(body.uuid, uuids.get("10.0.0"));
    assert.equal(maxSatisfying(VERSIONS, "*"), "10.0.0");
  });

  test("is answered alike whoever asks", async () => {
    for (const api of [caller(), caller(null)])
      assert.equal((await owner.query("chat@^1.2", api)).body.uuid, uuids.get("1.10.0"));
  });

  for (const name of ["chatt", "hat", "ch", "chat.chat", "my.my.chat", "c"])
    test(`for ${name}, which nobody published, is 404`, async () => {
      for (const range of ["", "@9.9.9", "@*", "@^9.0.0"])
        assertError(await owner.query(name + range), 404, NO_SERVICE);
    });

  test("with many versions in turn orders them as semver does", async () => {
    const releases = VERSIONS.filter((version) => !version.includes("-"));
    for (const version of rsort([...releases])) {
      const { body } = assertStatus(await owner.query(`chat@<=${version}`), 200);
      assert.equal(body.uuid, uuids.get(version), version);
    }
    const alphas = VERSIONS.filter((version) => version.startsWith("1.0.0-"));
    for (const version of rsort([...alphas])) {
      const { body } = assertStatus(await owner.query(`chat@>=1.0.0-0 <=${version}`), 200);
      assert.equal(body.uuid, uuids.get(version), version);
    }
  });
});

/** Mixes an order up, each time alike. */
const hash = (text) => [...text].reduce((sum, c) => (sum * 33 + c.codePointAt(0)) % 1009, 7);

describe("a query finds", { concurrency: true }, () => {
  test("private services as well as public ones", async () => {
    for (const isPublic of [true, false]) {
      const { owner, uuid } = await published({ isPublic });
      for (const fqn of [FQN, "chat", "chat@1", "chat@~1.0"])
        assert.deepEqual(assertStatus(await owner.query(fqn, caller()), 200).body, {
          uuid,
          allowed: true,
        });
    }
  });

  test("a service whose offers are all answered", async () => {
    const { owner, made, uuid } = await published();
    assertStatus(await (await Peer.register()).answer(made.offerId), 200);
    assert.equal(assertStatus(await owner.query(FQN), 200).body.uuid, uuid);
  });

  test("nothing but prereleases only where they are asked for", async () => {
    const { owner, uuid } = await published({}, { fqn: "chat@1.0.0-beta.1" });
    for (const range of ["chat", "chat@*", "chat@1", "chat@^1.0.0", "chat@>=0.9.0"])
      assertError(await owner.query(range), 404, NO_SERVICE);
    for (const range of ["chat@1.0.0-beta.1", "chat@^1.0.0-beta", "chat@~1.0.0-alpha"])
      assert.equal(assertStatus(await owner.query(range), 200).body.uuid, uuid);
  });

  test("the next one when the newest is unpublished", async () => {
    const old = await published({}, { fqn: "chat@1.0.0" });
    const young = await published({}, { ...old, fqn: "chat@1.1.0" });
    const { owner } = old;
    assert.equal((await owner.query("chat@1")).body.uuid, young.uuid);
    assertStatus(await owner.unpublish(young.uuid, "chat@1.1.0"), 200);
    assert.equal((await owner.query("chat@1")).body.uuid, old.uuid);
    assertError(await owner.query("chat@1.1.0"), 404, NO_SERVICE);
  });

  test("nothing of another name", async () => {
    const { owner } = await published({ isPublic: true });
    const other = await Owner.claimed();
    const nobody = owner.but({ name: randomName() });
    const longer = owner.but({ name: `${owner.name}x` });
    for (const one of [other, nobody, longer])
      for (const range of [FQN, "chat", "chat@*"])
        assertError(await one.query(range), 404, NO_SERVICE);
  });
});

describe("a query for", { concurrency: 8 }, () => {
  let owner;
  before(async () => ({ owner } = await published()));

  for (const [says, serviceFqn] of Object.entries({
    "what is missing": undefined,
    null: null,
    "an empty text": "",
    "a number": 5,
    true: true,
    "an array": [FQN],
    "an object": { serviceFqn: FQN },
    "a version without a name": "@1.0.0",
    "upper case": "Chat@1.0.0",
    "a space in the name": "my chat@1.0.0",
    "a space first": " chat",
    "an underscore": "my_chat",
    "an empty label": "my..chat",
    "a dot last": "chat.",
    "a slash": "my/chat",
    "a colon": "chat:1.0.0",
    "a letter with an accent": "chät",
    "a newline last": "chat\n",
    "two at signs": "chat@1.0.0@1.0.0",
    "129 characters": "a".repeat(129),
    "a range of 257": `chat@^1.0.0-${"a".repeat(250)}`,
    "a range of 300000": `chat@${"1 ".repeat(150_000)}`,
  }))
    test(`${says} is 400`, async () => assertField(await owner.query(serviceFqn), "serviceFqn"));

  const NO_RANGES = ["latest", "abc", "1.2.3.4", "1.0.0-", "^^1", "^", "1..2", "01.0.0", "1.-1"];
  NO_RANGES.push(
    "1.0.0 - ",
    "&1.0.0",
    "1,2",
    "(1.0.0)",
    "1.0.0-beta..1",
    "1.0.0+",
    "1.2.3-01",
    "-1",
  );
  NO_RANGES.push(
    "1.0.0/2",
    "^1.0.0;",
    "\u0661",
    "1.0.0 latest",
    "!1",
    "1.0.0 &&",
    "~~1",
    "1e3",
    "1.a",
  );
  for (const range of NO_RANGES) {
    const valid = validRange(range) !== null;
    test(`chat@${range} is ${valid ? "answered" : "400"}, as npm's semver has it`, async () => {
      const answer = await owner.query(`chat@${range}`);
      if (!valid) return assertField(answer, "serviceFqn");
      const finds = maxSatisfying(["1.0.0"], range);
      assert.equal(answer.status, finds ? 200 : 404, answer.text);
    });
  }
});
