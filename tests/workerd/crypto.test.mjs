// The known answers, tests/crypto/vectors.json, of the worker's cryptography, inside workerd.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startIsolate } from "./isolate.mjs";

const vectors = JSON.parse(readFileSync("tests/crypto/vectors.json", "utf8"));
const SECRET = Buffer.from("secret of the tests").toString("hex");

/** @type {import("miniflare").Miniflare} */
let isolate;
before(async () => await (isolate = startIsolate("crypto-worker.js", "build/core.wasm")).ready);
after(async () => await isolate.dispose());

/** What the calls give, all of them on one instance. */
async function call(secret, calls) {
  const body = JSON.stringify({ secret, calls });
  const answer = await isolate.dispatchFetch("http://crypto/", { method: "POST", body });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

/** The bytes with the n-th bit turned. */
function turned(hex, n) {
  const bytes = Buffer.from(hex, "hex");
  bytes[n >> 3] ^= 1 << (n & 7);
  return bytes.toString("hex");
}

const bits = (hex) => Array.from({ length: hex.length * 4 }, (_, n) => turned(hex, n));

describe("HMAC-SHA-256 in workerd", () => {
  for (const { name, secret, message, digest } of vectors.hmac) {
    test(name, async () => {
      const [made] = await call(secret, [["hmac", message]]);
      assert.equal(made.length, 64);
      assert.equal(made.slice(0, digest.length), digest);
    });
  }
  test("one instance takes no message for another, and remembers each", async () => {
    const { secret } = vectors.hmac.at(-1);
    const asked = vectors.hmac.filter((vector) => vector.secret === secret);
    assert.ok(asked.length > 1);
    const calls = [...asked, ...asked].map(({ message }) => ["hmac", message]);
    const wanted = [...asked, ...asked].map(({ digest }) => digest);
    assert.deepEqual(await call(secret, calls), wanted);
  });
});

describe("Ed25519 in workerd", () => {
  for (const { name, key, signature, message } of vectors.verify) {
    test(`${name} holds, and with no bit turned`, async () => {
      const calls = [
        [key, signature, message],
        ...bits(key).map((wrong) => [wrong, signature, message]),
        ...bits(signature).map((wrong) => [key, wrong, message]),
        ...bits(message).map((wrong) => [key, signature, wrong]),
      ];
      const held = await call(
        SECRET,
        calls.map((given) => ["verify", ...given]),
      );
      assert.deepEqual(held, [1, ...Array(calls.length - 1).fill(0)]);
    });
  }
  for (const { name, key, signature, message } of vectors.refused) {
    test(`refuses ${name}`, async () => {
      assert.deepEqual(await call(SECRET, [["verify", key, signature, message]]), [0]);
    });
  }
});

describe("what else a secret needs, in workerd", () => {
  for (const { name, a, b, gives } of vectors.equal) {
    test(`equal: ${name}`, async () => {
      assert.deepEqual(await call(SECRET, [["equal", a, b]]), [Number(gives)]);
    });
  }
  for (const secret of ["", "x".repeat(31), "x".repeat(32), "é".repeat(16)]) {
    test(`a secret of ${Buffer.byteLength(secret)} bytes, "${secret}", is as long`, async () => {
      const given = Buffer.from(secret).toString("hex");
      assert.deepEqual(await call(given, [["secretLen"]]), [Buffer.byteLength(secret)]);
    });
  }
});
