// POST /usernames/claim and GET /usernames/:username: whose a name is, and until when.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, inParallel } from "../helpers.mjs";
import { assertField, assertStatus } from "../peers/peer.mjs";
import { HELD, Owner, SKEW, USED, YEAR, caller, now, randomName } from "./owner.mjs";

const available = (name) => ({ username: name, available: true });

describe("claiming a name", { concurrency: true }, () => {
  test("gives it for 365 days, and everybody sees whose key it has", async () => {
    const owner = await Owner.unknown();
    assert.deepEqual(await owner.status(), available(owner.name));
    const before = Date.now();
    const { body } = assertStatus(await owner.claim(), 200);
    assert.deepEqual(Object.keys(body).toSorted(), ["claimedAt", "expiresAt", "username"]);
    assert.equal(body.username, owner.name);
    assert.ok(body.claimedAt >= before && body.claimedAt <= Date.now());
    assert.equal(body.expiresAt, body.claimedAt + YEAR);
    const { publicKey } = owner;
    for (const api of [owner.api, caller(), caller(null)])
      assert.deepEqual(await owner.status(api), { ...body, available: false, publicKey });
  });

  test("again renews it: claimedAt stays, expiresAt is a year from now", async () => {
    const owner = await Owner.unknown();
    const first = assertStatus(await owner.claim(), 200).body;
    for (let claims = 0; claims < 3; claims++) {
      const before = Date.now();
      const { body } = assertStatus(await owner.claim(), 200);
      assert.equal(body.claimedAt, first.claimedAt);
      assert.ok(body.expiresAt >= before + YEAR && body.expiresAt <= Date.now() + YEAR);
      assert.equal((await owner.status()).expiresAt, body.expiresAt);
    }
  });

  test("that another key holds is 409, and changes nothing", async () => {
    const owner = await Owner.claimed();
    const before = await owner.status();
    for (let tries = 0; tries < 3; tries++) {
      const other = await Owner.unknown(caller(), owner.name);
      assertError(await other.claim(), 409, HELD);
    }
    assert.deepEqual(await owner.status(), before);
    assertStatus(await owner.claim(), 200);
  });

  test("takes nothing from the names beside it", async () => {
    const owner = await Owner.claimed();
    for (const name of [`${owner.name}x`, owner.name.slice(0, -1), `${owner.name}-1`])
      assert.deepEqual(await owner.but({ name }).status(), available(name));
  });

  test("may be done with one key for two names", async () => {
    const one = await Owner.claimed();
    const two = one.but({ name: randomName() });
    assertStatus(await two.claim(), 200);
    for (const owner of [one, two]) assert.equal((await owner.status()).publicKey, one.publicKey);
  });

  test("by several at once leaves one owner, whom everybody sees", async () => {
    const name = randomName();
    const owners = await inParallel(Array(6), () => Owner.unknown(caller(), name), 6);
    const answers = await inParallel(owners, (owner) => owner.claim(), 6);
    for (const answer of answers) if (answer.status !== 200) assertError(answer, 409, HELD);
    const { publicKey } = await owners[0].status();
    const winner = owners.findIndex((owner) => owner.publicKey === publicKey);
    assert.equal(answers[winner].status, 200);
    for (const [i, owner] of owners.entries())
      assert.equal((await owner.claim()).status, i === winner ? 200 : 409);
  });

  test("takes base64 as it may be written, and shows it as standard base64", async () => {
    const owner = await keyWithSlashes();
    const { publicKey } = owner;
    const url = Buffer.from(publicKey, "base64").toString("base64url");
    for (const written of [url, `${url}=`, publicKey.replace(/=+$/, ""), publicKey]) {
      const message = `claim:${owner.name}:${now()}`;
      const signature = (await owner.sign(message)).replaceAll("+", "-").replaceAll("/", "_");
      const forms = [signature, signature.replace(/=+$/, "")];
      const change = { publicKey: written, message, signature: forms[written.length % 2] };
      assertStatus(await owner.claim(change), 200);
      assert.equal((await owner.status()).publicKey, publicKey);
    }
  });

  test("ignores fields that are not known", async () => {
    const owner = await Owner.unknown();
    const more = { claimedAt: 1, expiresAt: 1, available: true, privateKey: 5, x: [{}] };
    const { body } = assertStatus(await owner.claim(more), 200);
    assert.ok(body.claimedAt > 1 && body.expiresAt > 1);
  });
});

/** A key whose base64 is written differently in the two alphabets: about every second is. */
async function keyWithSlashes() {
  for (;;) {
    const owner = await Owner.unknown();
    if (/[+/]/.test(owner.publicKey)) return owner;
  }
}

test("GET /usernames/claim asks about the name claim", async () => {
  const owner = await Owner.unknown(caller(), "claim");
  assert.deepEqual(await owner.status(), available("claim"));
  assertStatus(await owner.claim(), 200);
  const { available: free, publicKey } = await owner.status();
  assert.deepEqual([free, publicKey], [false, owner.publicKey]);
});

test("GET /usernames/sessions asks about the name sessions", async () => {
  assert.deepEqual(
    assertStatus(await caller().get("/usernames/sessions"), 200).body,
    available("sessions"),
  );
});

const letters = "abcdefghijklmnopqrstuvwxyz";
/** Every run has names of its own, where they are long enough. */
const ending = (length) => randomName().slice(2).padEnd(length, "x").slice(0, length);
const NAMES = {
  "3 characters": ending(3),
  "4 characters": ending(4),
  "31 characters": ending(31),
  "32 characters": ending(32),
  "digits only": `0${Date.now()}`,
  "dashes inside": `a--b-${ending(16)}`,
  "dashes nearly all over": `a${"-".repeat(8)}${ending(16)}`,
  "a digit first and last": `9${ending(16)}0`,
};

const NO_NAMES = {
  empty: "",
  "one character": "a",
  "two characters": "ab",
  "33 characters": letters + "0123456",
  "300 characters": "a".repeat(300),
  "a dash first": "-ann",
  "a dash last": "ann-",
  "dashes only": "---",
  "upper case": "Ann",
  "upper case last": "anN",
  "an underscore": "an_n",
  "a dot": "an.n",
  "a space": "an n",
  "a space last": "ann ",
  "a newline last": "ann\n",
  "a tab first": "\tann",
  "a colon": "an:n",
  "a slash": "an/n",
  "an at sign": "an@n",
  "a plus": "an+n",
  "a percent sign": "an%n",
  "a letter with an accent": "änn",
  "a Cyrillic letter": "аnn",
  "a digit in full width": "ann１",
  "a long s": "anſn",
  "an emoji": "an😀n",
  "an invisible character": "an\u200bn",
};

describe("a name", { concurrency: 8 }, () => {
  for (const [says, name] of Object.entries(NAMES))
    test(`may have ${says}`, async () => {
      const owner = await Owner.claimed(caller(), name);
      const { username, available: free } = await owner.status();
      assert.deepEqual([username, free], [name, false]);
      assert.deepEqual(await owner.services(), []);
    });

  for (const [says, name] of Object.entries(NO_NAMES))
    test(`may not have ${says}: 400, in a body as in a path`, async () => {
      const owner = await Owner.unknown(caller(), name);
      assertField(await owner.claim(), "username");
      if (name === "") return;
      assertError(await owner.query("chat"), 400);
      const path = `/usernames/${encodeURIComponent(name)}`;
      for (const rest of ["", "/services"]) assertError(await owner.api.get(path + rest), 400);
    });
});

const fullWidth = (digits) => digits.replace(/\d/g, (one) => "０１２３４５６７８９"[one]);

/** Texts that are not `claim:<username>:<ms>`, though nearly. */
const NO_MESSAGES = {
  "the verb alone": () => "claim",
  "no time": (name) => `claim:${name}`,
  "an empty time": (name) => `claim:${name}:`,
  "no name": (name, time) => `claim:${time}`,
  "an empty name": (name, time) => `claim::${time}`,
  "another name": (name, time) => `claim:${randomName()}:${time}`,
  "a longer name": (name, time) => `claim:${name}x:${time}`,
  "a shorter name": (name, time) => `claim:${name.slice(0, -1)}:${time}`,
  "the name in upper case": (name, time) => `claim:${name.toUpperCase()}:${time}`,
  "the verb in upper case": (name, time) => `Claim:${name}:${time}`,
  "another verb": (name, time) => `clai:${name}:${time}`,
  "no verb": (name, time) => `${name}:${time}`,
  "an empty verb": (name, time) => `:${name}:${time}`,
  "publish for its verb": (name, time) => `publish:${name}:chat@1.0.0:${time}`,
  "publish for its verb, and no service": (name, time) => `publish:${name}:${time}`,
  "unpublish for its verb": (name, time) => `unpublish:${name}:chat@1.0.0:${time}`,
  "a colon first": (name, time) => `:claim:${name}:${time}`,
  "a colon last": (name, time) => `claim:${name}:${time}:`,
  "two colons in a row": (name, time) => `claim::${name}:${time}`,
  "two colons before the time": (name, time) => `claim:${name}::${time}`,
  "a part too many": (name, time) => `claim:${name}:chat@1.0.0:${time}`,
  "the time twice": (name, time) => `claim:${name}:${time}:${time}`,
  "the whole of it twice": (name, time) => `claim:${name}:${time}claim:${name}:${time}`,
  "semicolons for colons": (name, time) => `claim;${name};${time}`,
  "a space first": (name, time) => ` claim:${name}:${time}`,
  "a space last": (name, time) => `claim:${name}:${time} `,
  "a space before the time": (name, time) => `claim:${name}: ${time}`,
  "a newline last": (name, time) => `claim:${name}:${time}\n`,
  "a leading zero": (name, time) => `claim:${name}:0${time}`,
  "many leading zeros": (name, time) => `claim:${name}:${"0".repeat(30)}${time}`,
  "a plus": (name, time) => `claim:${name}:+${time}`,
  "a minus": (name, time) => `claim:${name}:-${time}`,
  "a fraction": (name, time) => `claim:${name}:${time}.0`,
  "an exponent": (name, time) => `claim:${name}:${time}e0`,
  "a hexadecimal time": (name, time) => `claim:${name}:0x${time.toString(16)}`,
  "a time with commas": (name, time) => `claim:${name}:${time.toLocaleString("en")}`,
  "digits in full width": (name, time) => `claim:${name}:${fullWidth(String(time))}`,
  "an ISO date": (name, time) => `claim:${name}:${new Date(time).toISOString()}`,
  "NaN for a time": (name) => `claim:${name}:NaN`,
  "Infinity for a time": (name) => `claim:${name}:Infinity`,
};

/** Times that are decimal, and no ms of these minutes; by what they are, given now. */
const NO_TIMES = {
  "5 minutes and 10 seconds ago": (time) => time - SKEW - 10_000,
  "in 5 minutes and 10 seconds": (time) => time + SKEW + 10_000,
  "a day ago": (time) => time - 86_400_000,
  "in a year": (time) => time + YEAR,
  "in seconds": (time) => Math.floor(time / 1000),
  "in microseconds": (time) => `${time}000`,
  0: () => 0,
  "2^53": () => 2 ** 53,
  "2^63 - 1": () => 2n ** 63n - 1n,
  "2^64": () => 2n ** 64n,
  "2^64 and now": (time) => 2n ** 64n + BigInt(time),
  "2^32 times now": (time) => BigInt(time) << 32n,
};

describe("the message of a claim", { concurrency: 8 }, () => {
  for (const [says, write] of Object.entries(NO_MESSAGES))
    test(`that has ${says} is 400, and says that it is the message`, async () => {
      const owner = await Owner.unknown();
      const answer = await owner.claim({ message: write(owner.name, now()) });
      assertError(answer, 400);
      assert.match(answer.body.error, /^Invalid message/);
      assert.deepEqual(await owner.status(), available(owner.name));
    });

  for (const [says, off] of Object.entries(NO_TIMES))
    test(`whose time is ${says} is 400, and says so`, async () => {
      const owner = await Owner.unknown();
      const answer = await owner.claim({ time: off(now()) });
      assertError(answer, 400);
      assert.match(answer.body.error, /^(Message time|Invalid message)/);
      if (/minutes/.test(says)) assert.match(answer.body.error, /^Message time/);
      assert.deepEqual(await owner.status(), available(owner.name));
    });

  for (const [says, off] of [
    ["5 minutes ago, nearly", 10_000 - SKEW],
    ["in 5 minutes, nearly", SKEW - 10_000],
  ])
    test(`may have a time ${says}, which the server's own clock goes before`, async () => {
      const owner = await Owner.unknown();
      const before = Date.now();
      const { body } = assertStatus(await owner.claim({ time: before + off }), 200);
      assert.ok(body.claimedAt >= before && body.claimedAt <= Date.now());
      assert.equal(body.expiresAt, body.claimedAt + YEAR);
    });

  test("is signed as it is: not a byte of it may be another", async () => {
    const owner = await Owner.unknown();
    const time = now();
    const signature = await owner.sign(`claim:${owner.name}:${time}`);
    const message = `claim:${owner.name}:${time + 1}`;
    assertError(await owner.claim({ message, signature }), 400, "Invalid signature");
    assertStatus(await owner.claim({ time, signature }), 200);
  });
});

describe("the signature of a claim", { concurrency: true }, () => {
  const WRITTEN = {
    "as it was": (signature) => signature,
    "without its padding": (signature) => signature.replace(/=+$/, ""),
    "in the other alphabet": (signature) => signature.replaceAll("+", "-").replaceAll("/", "_"),
    "in the other alphabet, without its padding": (signature) =>
      Buffer.from(signature, "base64").toString("base64url"),
  };

  test("counts once, however it is written: then 409, and the name is not renewed", async () => {
    const owner = await Owner.unknown();
    const proof = await owner.proof(["claim"]);
    assertStatus(await owner.claim(proof), 200);
    const before = await owner.status();
    for (const write of Object.values(WRITTEN))
      assertError(await owner.claim({ ...proof, signature: write(proof.signature) }), 409, USED);
    assert.deepEqual(await owner.status(), before);
    assertStatus(await owner.claim(), 200);
  });

  test("of each of several claims counts once", async () => {
    const owner = await Owner.unknown();
    const proofs = [];
    for (let claims = 0; claims < 5; claims++) proofs.push(await owner.proof(["claim"]));
    for (const proof of proofs) assertStatus(await owner.claim(proof), 200);
    for (const proof of proofs) assertError(await owner.claim(proof), 409, USED);
  });

  test("is not spent by a request that was wrong otherwise", async () => {
    const owner = await Owner.unknown();
    const proof = await owner.proof(["claim"]);
    assertField(await owner.claim({ ...proof, publicKey: 5 }), "publicKey");
    assertError(await owner.claim({ ...proof, message: `${proof.message} ` }), 400);
    const stranger = await Owner.unknown();
    const { publicKey } = stranger;
    assertError(await owner.claim({ ...proof, publicKey }), 400, "Invalid signature");
    assertStatus(await owner.claim(proof), 200);
  });

  test("may be made twice in one millisecond by who counts the time on by one", async () => {
    const owner = await Owner.unknown();
    const time = now();
    assertStatus(await owner.claim({ time }), 200);
    assertError(await owner.claim({ time }), 409, USED);
    assertStatus(await owner.claim({ time: time + 1 }), 200);
  });
});

describe("of two things that are wrong with a claim", { concurrency: true }, () => {
  test("the first is told: username, publicKey, signature, message, time, signature, name", async () => {
    const holder = await Owner.claimed();
    const owner = await Owner.unknown(caller(), holder.name);
    const late = `claim:${owner.name}:${now() - 2 * SKEW}`;
    const bad = Buffer.alloc(64, 7).toString("base64");
    const steps = [
      [{ username: "A" }, /username/],
      [{ publicKey: 5 }, /publicKey/],
      [{ signature: 5 }, /signature/],
      [{ message: 5 }, /message/],
      [{ message: "x" }, /^Invalid message/],
      [{ message: late }, /^Message time/],
      [{ signature: bad }, /^Invalid signature$/],
    ];
    for (const [i, [first, sentence]] of steps.entries())
      for (const [second] of steps.slice(i + 1)) {
        const answer = await owner.claim({ ...second, ...first });
        assertError(answer, 400);
        assert.match(answer.body.error, sentence, JSON.stringify([first, second]));
      }
    for (const [change, sentence] of steps) {
      const answer = await owner.claim(change);
      assertError(answer, 400);
      assert.match(answer.body.error, sentence);
    }
    assertError(await owner.claim(), 409, HELD);
  });
});
