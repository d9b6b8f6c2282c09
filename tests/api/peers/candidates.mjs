// POST and GET /offers/:id/ice-candidates: what the two sides of an offer leave each other, and that it
// comes as it was.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError, settlesWithin } from "../helpers.mjs";
import {
  MB,
  NO_OFFER,
  Peer,
  TOO_MANY_CANDIDATES,
  assertField,
  assertStatus,
  pair,
} from "./peer.mjs";

const LONG = 20; // s; far more than any of these tests takes when it passes
const SOON = 15_000; // ms; less than LONG
const A_WHILE = 400; // ms
const CANDIDATE_MAX = 4096; // bytes as JSON
const A_REQUEST = 100;
const A_SIDE = 1000;

const BROWSER = {
  candidate: "candidate:1 1 udp 2113937151 192.0.2.1 54321 typ host",
  sdpMid: "0",
  sdpMLineIndex: 0,
  usernameFragment: null,
};
const range = (count) => Array.from({ length: count }, (_, i) => i);
const values = (items) => items.map(({ candidate }) => candidate);
const times = (items) => items.map(({ createdAt }) => createdAt);

function assertIncreasing(numbers) {
  for (const [i, number] of numbers.entries())
    assert.ok(i === 0 || number > numbers[i - 1], `${numbers[i - 1]}, ${number}`);
}

describe("candidates", { concurrency: true }, () => {
  test("come to the other side, with whose they are, and not back", async () => {
    const { ann, bob, id } = await pair();
    const before = Date.now();
    await ann.trickled(id, BROWSER);
    await bob.trickled(id, "of bob");
    const [{ createdAt, ...toBob }, ...more] = await bob.received(id);
    assert.deepEqual([toBob, more], [{ candidate: BROWSER, peerId: ann.id, role: "offerer" }, []]);
    assert.ok(createdAt >= before - 1000 && createdAt <= Date.now() + 1000);
    const [{ createdAt: _, ...toAnn }, ...others] = await ann.received(id);
    assert.deepEqual(
      [toAnn, others],
      [{ candidate: "of bob", peerId: bob.id, role: "answerer" }, []],
    );
  });

  test("are taken from the offerer before there is an answer, and wait for the answerer", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer();
    await ann.trickled(id, "one", "two");
    assert.deepEqual(await ann.received(id), []);
    assertError(await bob.trickle(id, "early"), 403);
    assertError(await bob.candidates(id), 403);
    await bob.answered(id);
    assert.deepEqual(values(await bob.received(id)), ["one", "two"]);
    assert.deepEqual(await ann.received(id), []);
  });

  test("come in order, oldest first, request by request", async () => {
    const { ann, bob, id } = await pair();
    for (const i of range(4)) await ann.trickled(id, `${i} a`, `${i} b`, `${i} c`);
    const expected = range(4).flatMap((i) => [`${i} a`, `${i} b`, `${i} c`]);
    assert.deepEqual(values(await bob.received(id)), expected);
  });

  test("are kept as often as they are sent", async () => {
    const { ann, bob, id } = await pair();
    await ann.trickled(id, BROWSER, BROWSER);
    await ann.trickled(id, BROWSER);
    assert.equal((await bob.received(id)).length, 3);
  });

  test("are those of this offer", async () => {
    const { ann, bob, id } = await pair();
    const { id: other } = await ann.offer();
    await bob.answered(other);
    await ann.trickled(id, "one");
    await ann.trickled(other, "two");
    assert.deepEqual(values(await bob.received(id)), ["one"]);
    assert.deepEqual(values(await bob.received(other)), ["two"]);
  });

  test("of third parties are 403, for reading and for writing", async () => {
    const { ann, bob, id } = await pair();
    await ann.trickled(id, "hush");
    const eve = await Peer.register();
    for (const answer of [await eve.candidates(id), await eve.trickle(id, "of eve")]) {
      assertError(answer, 403);
      assert.ok(!answer.text.includes("hush"));
    }
    assert.deepEqual(values(await bob.received(id)), ["hush"]);
    assert.deepEqual(await ann.received(id), []);
  });

  test("of an open offer are 403 to third parties too", async () => {
    const [ann, eve] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer();
    assertError(await eve.candidates(id), 403);
    assertError(await eve.trickle(id, "of eve"), 403);
  });
});

describe(
  "a candidate is any JSON, and comes to the digit as it was sent:",
  { concurrency: true },
  () => {
    const SHAPES = [
      JSON.stringify(BROWSER),
      '"a candidate"',
      '""',
      "null",
      "true",
      "false",
      "0",
      "-0",
      "0.10",
      "1.0",
      "1e400",
      "-1E+05",
      "1e-400",
      "12345678901234567890",
      "123456789.123456789123456789",
      `0.${"3".repeat(400)}`,
      "{}",
      "[]",
      "[[],{},[null,[0.10]]]",
      '{"a":{"b":[1,2,{"c":12345678901234567890}]}}',
      '{"b":1,"a":2}',
      '{"":0}',
      '{"a":1,"a":2}',
      '"\\"\\\\\\b\\f\\n\\r\\t"',
      '"é 中 😀 \u2028"',
      '"spaces  and\\ttabs, { } [ ] : ,"',
      '{" a b ":"\\\\"}',
      "[".repeat(28) + "]".repeat(28),
    ];
    for (const shape of SHAPES)
      test(shape.slice(0, 60), async () => {
        const { ann, bob, id } = await pair();
        const body = `{"candidates":["before",${shape},"after"]}`;
        assertStatus(await ann.post(`/offers/${id}/ice-candidates`, body), 200);
        const { text, body: received } = await bob.candidates(id);
        assert.ok(text.includes(`"candidate":${shape},`), text);
        assert.deepEqual(values(received.candidates), ["before", JSON.parse(shape), "after"]);
      });

    for (const [sent, value] of [
      [' {\r\n\t"a" : [ 1 , 0.10 ] } ', '{"a":[1,0.10]}'],
      ['[ "a b" , "c\\" d" ]', '["a b","c\\" d"]'],
    ])
      test(`${JSON.stringify(sent)}, but for the spaces around`, async () => {
        const { ann, bob, id } = await pair();
        assertStatus(
          await ann.post(`/offers/${id}/ice-candidates`, `{"candidates":[${sent}]}`),
          200,
        );
        assert.ok((await bob.candidates(id)).text.includes(`"candidate":${value},`));
      });

    test("whatever escapes it was written with", async () => {
      const { ann, bob, id } = await pair();
      const sent = '"\\u00e9\\ud83d\\ude00\\/\\u0041\\u000a\\u001f\\u007f"';
      assertStatus(await ann.post(`/offers/${id}/ice-candidates`, `{"candidates":[${sent}]}`), 200);
      assert.deepEqual(values(await bob.received(id)), [JSON.parse(sent)]);
    });
  },
);

describe("candidates have limits:", { concurrency: true }, () => {
  const text = (bytes) => "x".repeat(bytes - 2);

  test("each may take 4096 bytes as JSON", async () => {
    const { ann, bob, id } = await pair();
    const largest = [
      text(CANDIDATE_MAX),
      { a: text(CANDIDATE_MAX - 6) },
      "é".repeat(CANDIDATE_MAX / 2 - 1),
      [...Array(CANDIDATE_MAX / 2 - 2).fill(1), 11],
    ];
    await ann.trickled(id, ...largest);
    assert.deepEqual(values(await bob.received(id)), largest);
    for (const candidate of [
      text(CANDIDATE_MAX + 1),
      { a: text(CANDIDATE_MAX - 5) },
      `${"é".repeat(CANDIDATE_MAX / 2 - 1)}x`,
      Array(CANDIDATE_MAX / 2).fill(1),
    ]) {
      assertField(await ann.trickle(id, candidate), "candidates");
      assertField(await ann.trickle(id, 1, 2, candidate), "candidates");
    }
    assert.equal((await bob.received(id)).length, largest.length);
  });

  test("spaces do not count", async () => {
    const { ann, bob, id } = await pair();
    const body = `{"candidates":[[${" ".repeat(5000)}${JSON.stringify(text(CANDIDATE_MAX - 2))} ]]}`;
    assertStatus(await ann.post(`/offers/${id}/ice-candidates`, body), 200);
    assert.deepEqual(values(await bob.received(id)), [[text(CANDIDATE_MAX - 2)]]);
  });

  test("a request has 1 to 100", async () => {
    const { ann, bob, id } = await pair();
    assertField(await ann.trickle(id), "candidates");
    assertField(await ann.trickle(id, ...range(A_REQUEST + 1)), "candidates");
    assert.deepEqual(await bob.received(id), []);
    await ann.trickled(id, ...range(A_REQUEST));
    assert.deepEqual(values(await bob.received(id)), range(A_REQUEST));
  });

  test("a side has 1000, and a request is taken whole or not", async () => {
    const { ann, bob, id } = await pair();
    for (const i of range(9)) await ann.trickled(id, ...range(100).map((j) => 100 * i + j));
    await ann.trickled(id, ...range(99).map((j) => 900 + j));
    assertError(await ann.trickle(id, "a", "b"), 409, TOO_MANY_CANDIDATES);
    await ann.trickled(id, 999);
    assertError(await ann.trickle(id, "a"), 409, TOO_MANY_CANDIDATES);
    assert.deepEqual(values(await bob.received(id)), range(A_SIDE));
    // The other side has its own thousand.
    await bob.trickled(id, "of bob");
    assert.deepEqual(values(await ann.received(id)), ["of bob"]);
  });

  test("a list of more than about 1 MiB ends early, and `since` brings the rest", async () => {
    const { ann, bob, id } = await pair();
    const filler = "x".repeat(4000);
    for (const i of range(4))
      await ann.trickled(id, ...range(100).map((j) => [100 * i + j, filler]));
    const seen = [];
    let answers = 0;
    for (let since = 0, items; answers < 10; answers++) {
      const { text: whole, body } = await bob.candidates(id, `?since=${since}`);
      assert.ok(whole.length < MB + 2 * CANDIDATE_MAX);
      items = body.candidates;
      if (items.length === 0) break;
      seen.push(...items);
      since = items.at(-1).createdAt;
    }
    assert.ok(answers > 1);
    assert.deepEqual(
      values(seen).map(([number]) => number),
      range(400),
    );
    assertIncreasing(times(seen));
  });

  for (const candidates of [undefined, null, "x", 5, true, {}, { 0: "x", length: 1 }])
    test(`they are an array, and not ${JSON.stringify(candidates)}`, async () => {
      const { ann, id } = await pair();
      assertField(await ann.post(`/offers/${id}/ice-candidates`, { candidates }), "candidates");
    });
});

describe("the times of a side's candidates", { concurrency: true }, () => {
  test("are strictly increasing, within a request too", async () => {
    const { ann, bob, id } = await pair();
    for (const i of range(5)) await ann.trickled(id, ...range(20).map((j) => 20 * i + j));
    const items = await bob.received(id);
    assert.deepEqual(values(items), range(100));
    assertIncreasing(times(items));
  });

  // Where the store is eventual, requests that do not see each other may have the same times.
  test("do not mix what many requests bring at once: all is there, each in its order", async () => {
    const { ann, bob, id } = await pair();
    await Promise.all(range(8).map((i) => ann.trickled(id, ...range(10).map((j) => [i, j]))));
    const items = await bob.received(id);
    assert.equal(items.length, 80);
    for (const i of range(8)) {
      const own = values(items).filter(([request]) => request === i);
      assert.deepEqual(
        own,
        range(10).map((j) => [i, j]),
      );
    }
  });

  test("are what `since` goes by, which is exclusive and skips none", async () => {
    const { ann, bob, id } = await pair();
    await ann.trickled(id, ...range(10));
    await ann.trickled(id, ...range(10).map((i) => 10 + i));
    const items = await bob.received(id);
    for (const [i, { createdAt }] of items.entries()) {
      const after = await bob.received(id, `?since=${createdAt}`);
      assert.deepEqual(after, items.slice(i + 1));
      const from = await bob.received(id, `?since=${createdAt - 1}`);
      assert.deepEqual(from, items.slice(i));
    }
    for (const since of ["", "0"])
      assert.equal((await bob.received(id, `?since=${since}`)).length, 20);
    for (const since of ["9007199254740993", "9".repeat(400)])
      assert.deepEqual(await bob.received(id, `?since=${since}`), []);
  });

  test("let who goes on with `since` see each one once, while they come", async () => {
    const { ann, bob, id } = await pair();
    const sending = (async () => {
      for (const i of range(12)) await ann.trickled(id, ...range(5).map((j) => 5 * i + j));
    })();
    const seen = [];
    for (let since = 0, asked = 0; seen.length < 60 && asked < 200; asked++) {
      const items = await bob.received(id, `?since=${since}&wait=2`);
      seen.push(...values(items));
      since = items.at(-1)?.createdAt ?? since;
    }
    await sending;
    assert.deepEqual(seen, range(60));
  });
});

/** Starts to wait, and returns when it has been kept waiting. */
async function waiting(peer, id, query) {
  const held = peer.received(id, query);
  assert.equal(await settlesWithin(held, A_WHILE), false, "answered without news");
  return { held }; // in an object, or the caller would await the answer
}

async function soon(held) {
  assert.ok(await settlesWithin(held, SOON), "not answered though there is news");
  return held;
}

describe("who waits for candidates", { concurrency: true }, () => {
  test("is answered when one comes", async () => {
    const { ann, bob, id } = await pair();
    for (const [reader, writer] of [
      [ann, bob],
      [bob, ann],
    ]) {
      const { held } = await waiting(reader, id, `?wait=${LONG}`);
      await writer.trickled(id, "one");
      assert.deepEqual(values(await soon(held)), ["one"]);
    }
  });

  test("is answered when one comes that is newer than `since`", async () => {
    const { ann, bob, id } = await pair();
    await ann.trickled(id, "one", "two");
    const since = times(await bob.received(id)).at(-1);
    const { held } = await waiting(bob, id, `?wait=${LONG}&since=${since}`);
    await ann.trickled(id, "three");
    assert.deepEqual(values(await soon(held)), ["three"]);
  });

  test("is answered at once where there is one already", async () => {
    const { ann, bob, id } = await pair();
    await ann.trickled(id, "one", "two");
    const items = await soon(bob.received(id, `?wait=${LONG}`));
    assert.deepEqual(values(items), ["one", "two"]);
    const later = bob.received(id, `?wait=${LONG}&since=${items[0].createdAt}`);
    assert.deepEqual(values(await soon(later)), ["two"]);
  });

  test("is not answered by one's own candidates", async () => {
    const { ann, bob, id } = await pair();
    const { held } = await waiting(ann, id, `?wait=${LONG}`);
    await ann.trickled(id, "mine");
    assert.equal(await settlesWithin(held, 1500), false);
    await bob.trickled(id, "one");
    assert.deepEqual(values(await soon(held)), ["one"]);
  });

  test("may do so before there is an answer", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer();
    const { held } = await waiting(ann, id, `?wait=${LONG}`);
    await bob.answered(id);
    await bob.trickled(id, "one");
    // An answer that comes early and brings nothing is allowed.
    let items = await soon(held);
    if (items.length === 0) items = await soon(ann.received(id, `?wait=${LONG}`));
    assert.deepEqual(values(items), ["one"]);
  });

  test("gets nothing when the time is over", async () => {
    const { bob, id } = await pair();
    const { held } = await waiting(bob, id, "?wait=1");
    assert.deepEqual(await held, []);
  });

  for (const query of ["", "?wait=0", "?wait="])
    test(`does not wait with ${query || "nothing"}`, async () => {
      const { bob, id } = await pair();
      assert.deepEqual(await soon(bob.received(id, query)), []);
    });

  for (const value of ["-1", "1.5", "x", "1e3", "%ff", "%00", "NaN"])
    for (const name of ["since", "wait"])
      test(`is told what is wrong with ${name}=${value}`, async () => {
        const { bob, id } = await pair();
        assertField(await bob.candidates(id, `?${name}=${value}`), name);
      });
});

test("an offer that is not there is 404 before anything about sides", async () => {
  const { ann, bob, id } = await pair();
  const eve = await Peer.register();
  assertStatus(await ann.delete(id), 200);
  for (const peer of [ann, bob, eve]) {
    assertError(await peer.candidates(id), 404, NO_OFFER);
    assertError(await peer.trickle(id, "a candidate"), 404, NO_OFFER);
  }
});
