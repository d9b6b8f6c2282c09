// Ed25519 as an attacker would have it: keys and signatures that are none, and those that a careless
// verifier takes.

import assert from "node:assert/strict";
import { createHash, createPublicKey, randomBytes } from "node:crypto";
import { before, describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import { Peer, assertField, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NOT_SIGNED,
  Owner,
  USED,
  caller,
  changesNothing,
  now,
  published,
  randomName,
  service,
  stateOf,
} from "./owner.mjs";

const P = 2n ** 255n - 19n; // the field's prime
const L = 2n ** 252n + 27742317777372353535851937790883648493n; // the base point's order

/** 32 bytes, least significant first; the sign of x is the last bit. */
function encoded(y, sign = 0n) {
  const hex = (y + (sign << 255n)).toString(16).padStart(64, "0");
  return Buffer.from(hex, "hex").reverse();
}
const decoded = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

/** y of the points of order 8, from RFC 8032's curve. */
const EIGHTH = decoded(
  Buffer.from("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "hex"),
);

/** Every writing of a point that 8 times itself is nothing; the last six are not canonical. */
const SMALL = {
  "1, the neutral one": encoded(1n),
  "-1, of order 2": encoded(P - 1n),
  "0, of order 4": encoded(0n),
  "0, of order 4, the other one": encoded(0n, 1n),
  "of order 8": encoded(EIGHTH),
  "of order 8, the second": encoded(EIGHTH, 1n),
  "of order 8, the third": encoded(P - EIGHTH),
  "of order 8, the fourth": encoded(P - EIGHTH, 1n),
  "1 with a sign": encoded(1n, 1n),
  "-1 with a sign": encoded(P - 1n, 1n),
  "p, which is 0": encoded(P),
  "p with a sign": encoded(P, 1n),
  "p + 1, which is 1": encoded(P + 1n),
  "p + 1 with a sign": encoded(P + 1n, 1n),
};

const keyOf = (bytes) =>
  createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") },
    format: "jwk",
  });

/**
 * A claim that needs no secret: its signature fulfils the equation of RFC 8032 for this key, as nothing
 * times it does.
 */
function forged(name, key) {
  const r = encoded(1n); // nothing
  for (let tries = 0; tries < 1000; tries++) {
    const message = `claim:${name}:${now() - tries * 7}`;
    const hash = createHash("sha512").update(r).update(key).update(message).digest();
    if ((decoded(hash) % L) % 8n !== 0n) continue;
    const signature = Buffer.concat([r, encoded(0n)]);
    return { publicKey: base64(key), message, signature: base64(signature) };
  }
  assert.fail("no forgery was found, which this test is about");
}

/** 400, of the key or of what it is said to have signed. */
function assertNoKey(answer) {
  assertError(answer, 400);
  assert.match(answer.body.error, /^publicKey |^Invalid signature$/);
}

async function assertUnclaimed(owner) {
  assert.deepEqual(await owner.status(), { username: owner.name, available: true });
}

describe("a public key", { concurrency: 8 }, () => {
  for (const [says, key] of Object.entries(SMALL))
    test(`of small order (${says}) is 400, though its signature can be forged`, async () => {
      const owner = await Owner.unknown();
      assertNoKey(await owner.claim(forged(owner.name, key)));
      await assertUnclaimed(owner);
    });

  test("whose y is p or more is 400", async () => {
    const owner = await Owner.unknown();
    for (let over = 0n; over < 19n; over++)
      for (const sign of [0n, 1n])
        assertNoKey(await owner.claim({ publicKey: base64(encoded(P + over, sign)) }));
    await assertUnclaimed(owner);
  });

  test("that is no point is 400", async () => {
    const owner = await Owner.unknown();
    for (const y of [2n, 7n, P - 2n]) {
      const publicKey = base64(encoded(y));
      assertNoKey(await owner.claim({ publicKey }));
    }
    await assertUnclaimed(owner);
  });

  test("of zeros, with a signature of zeros, is 400", async () => {
    const owner = await Owner.unknown();
    const zeros = { publicKey: base64(Buffer.alloc(32)), signature: base64(Buffer.alloc(64)) };
    assertNoKey(await owner.claim(zeros));
    assertNoKey(await owner.claim({ publicKey: zeros.publicKey }));
    await assertUnclaimed(owner);
  });

  test("of somebody else is 400, and so is one's own with a bit changed", async () => {
    const [owner, other] = [await Owner.unknown(), await Owner.unknown()];
    const { publicKey } = other;
    assertError(await owner.claim({ publicKey }), 400, "Invalid signature");
    for (const bit of [0, 7, 100, 254, 255]) {
      const changed = { publicKey: flipped(owner.publicKey, bit) };
      assertError(await owner.claim(changed), 400, "Invalid signature");
    }
    await assertUnclaimed(owner);
  });

  const NO_KEYS = {
    empty: () => "",
    "of 31 bytes": (key) => base64(Buffer.from(key, "base64").subarray(0, 31)),
    "of 33 bytes": (key) => base64(Buffer.concat([Buffer.from(key, "base64"), Buffer.alloc(1)])),
    "of 64 bytes": (key) => base64(Buffer.concat([Buffer.from(key, "base64"), Buffer.alloc(32)])),
    "of hexadecimal digits": (key) => Buffer.from(key, "base64").toString("hex"),
    "as SPKI": (key) =>
      keyOf(Buffer.from(key, "base64")).export({ format: "der", type: "spki" }).toString("base64"),
    "as PEM": (key) => keyOf(Buffer.from(key, "base64")).export({ format: "pem", type: "spki" }),
    ...writtenWrong(),
  };
  for (const [says, write] of Object.entries(NO_KEYS))
    test(`${says} is 400, and named`, async () => {
      const owner = await Owner.unknown();
      assertField(await owner.claim({ publicKey: write(owner.publicKey) }), "publicKey");
      await assertUnclaimed(owner);
    });
});

/** Base64 that is none, though nearly. */
function writtenWrong() {
  return {
    "with a space first": (text) => ` ${text}`,
    "with a newline last": (text) => `${text}\n`,
    "with a newline inside": (text) => `${text.slice(0, 10)}\n${text.slice(10)}`,
    "with a digit that is none": (text) => `*${text.slice(1)}`,
    "with a digit that is no ASCII": (text) => `é${text.slice(1)}`,
    "with padding alone": () => "=",
    "with too much padding": (text) => `${text}=`,
    "with padding inside": (text) => `${text.slice(0, 4)}=${text.slice(5)}`,
    "with bits that say nothing": stray,
    "as a data URL": (text) => `data:;base64,${text}`,
  };
}

/** The same bytes, but for bits of the last digit that no byte takes. */
function stray(text) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const [, start, lastDigit, padding] = /^(.*)([^=])(=+)$/.exec(text);
  const other = start + digits[digits.indexOf(lastDigit) ^ 1] + padding;
  assert.deepEqual(Buffer.from(other, "base64"), Buffer.from(text, "base64"));
  return other;
}

function flipped(text, bit) {
  const bytes = Buffer.from(text, "base64");
  bytes[bit >> 3] ^= 1 << (bit & 7);
  return base64(bytes);
}

/** The signature with another S that stands for the same number. */
function plusOrder(text, times) {
  const bytes = Buffer.from(text, "base64");
  const s = decoded(bytes.subarray(32)) + times * L;
  return s < 2n ** 256n ? base64(Buffer.concat([bytes.subarray(0, 32), encoded(s)])) : undefined;
}

/** Signatures that are wrong, made from a right one; texts of 64 bytes, all of them. */
const FORGED = {
  "of zeros": () => [base64(Buffer.alloc(64))],
  "of ones": () => [base64(Buffer.alloc(64, 0xff))],
  "of anything": () => [base64(randomBytes(64))],
  "with a bit changed": (right) =>
    [0, 1, 255, 256, 300, 503, 508, 511].map((bit) => flipped(right, bit)),
  "with an S of its order or more": (right) =>
    Array.from({ length: 15 }, (_, i) => plusOrder(right, BigInt(i + 1))).filter(Boolean),
  "with an S of 0": (right) => [
    base64(Buffer.concat([Buffer.from(right, "base64").subarray(0, 32), Buffer.alloc(32)])),
  ],
  "with the R of a small point": (right) =>
    Object.values(SMALL).map((point) =>
      base64(Buffer.concat([point, Buffer.from(right, "base64").subarray(32)])),
    ),
  "with its halves changed about": (right) => {
    const bytes = Buffer.from(right, "base64");
    return [base64(Buffer.concat([bytes.subarray(32), bytes.subarray(0, 32)]))];
  },
};

/** Signatures that are no 64 bytes. */
const NO_SIGNATURES = {
  "of 63 bytes": (right) => base64(Buffer.from(right, "base64").subarray(0, 63)),
  "of 65 bytes": (right) => base64(Buffer.concat([Buffer.from(right, "base64"), Buffer.alloc(1)])),
  "of 128 bytes": (right) => base64(Buffer.from(right + right, "latin1").subarray(0, 128)),
  "of hexadecimal digits": (right) => Buffer.from(right, "base64").toString("hex"),
  ...writtenWrong(),
};

/** What is signed: the parts of its message, and how it is sent; all with one name and service. */
const SIGNED = {
  claim: {
    parts: ["claim"],
    send: ({ owner }, proof) => owner.claim(proof),
    refused: (answer) => assertError(answer, 400, "Invalid signature"),
    noSignature: (answer) => {
      assertError(answer, 400);
      assert.match(answer.body.error, /signature/);
    },
  },
  publish: {
    parts: ["publish", FQN],
    send: ({ owner, peer }, proof) => owner.publish(peer, FQN, proof),
    refused: (answer) => assertError(answer, 403, NOT_SIGNED),
  },
  unpublish: {
    parts: ["unpublish", FQN],
    send: ({ owner, uuid }, proof) => owner.unpublish(uuid, FQN, proof),
    refused: (answer) => assertError(answer, 403, NOT_SIGNED),
  },
};

for (const [verb, { parts, send, refused, noSignature = refused }] of Object.entries(SIGNED))
  describe(`a signature to ${verb}`, { concurrency: 8 }, () => {
    let mine;
    before(async () => (mine = await published()));

    changesNothing(() => stateOf(mine));

    for (const [says, write] of Object.entries(FORGED))
      test(`${says} is refused`, async () => {
        const { message, signature: right } = await mine.owner.proof(parts);
        for (const signature of write(right)) refused(await send(mine, { message, signature }));
      });

    for (const [says, write] of Object.entries(NO_SIGNATURES))
      test(`${says} is refused`, async () => {
        const { message, signature } = await mine.owner.proof(parts);
        noSignature(await send(mine, { message, signature: write(signature) }));
      });

    test("of another key is refused", async () => {
      const other = await Owner.claimed();
      const { message } = await mine.owner.proof(parts);
      refused(await send(mine, { message, signature: await other.sign(message) }));
    });

    test("of another message is refused", async () => {
      const { message } = await mine.owner.proof(parts);
      const others = [
        `${message}0`,
        message.slice(0, -1),
        message.toUpperCase(),
        "",
        ` ${message}`,
      ];
      others.push(message.replace(mine.owner.name, randomName()), message.replace(verb, "claims"));
      for (const other of others)
        refused(await send(mine, { message, signature: await mine.owner.sign(other) }));
    });
  });

describe("the same signature with an S of its order or more", { concurrency: true }, () => {
  test("is not another signature, that could be used again", async () => {
    const mine = await published();
    for (const [verb, { parts, send, refused }] of Object.entries(SIGNED)) {
      const { message, signature } = await mine.owner.proof(parts);
      const sent = await send(mine, { message, signature });
      assert.ok(sent.status === 200 || sent.status === 201, `${verb} ${sent.text}`);
      if (verb === "unpublish") assertStatus(await mine.owner.publish(mine.peer), 201);
      assertError(await send(mine, { message, signature }), 409, USED);
      refused(await send(mine, { message, signature: plusOrder(signature, 1n) }));
    }
  });
});

describe("one key", { concurrency: true }, () => {
  test("does not open what another name of its holder published", async () => {
    const one = await published();
    const two = one.owner.but({ name: randomName() });
    assertStatus(await two.claim(), 200);
    assertError(await two.unpublish(one.uuid), 404, "Service not found");
    const peer = await Peer.register();
    const proof = await two.proof(["publish", FQN]);
    assertError(await one.owner.publish(peer, FQN, proof), 403, NOT_SIGNED);
    assertStatus(await service(caller(), one.uuid), 200);
  });
});
