// POST /answer, POST /poll, DELETE /sessions/:code.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, NO_SESSION, assertError, assertWrong, inParallel } from "./helpers.mjs";

const ANSWER_MAX = 65536; // bytes
const CANDIDATE_MAX = 4096; // bytes
const CANDIDATES_MAX = 100; // a side
const SIDES = ["offerer", "answerer"];
const other = (side) => (side === "offerer" ? "answerer" : "offerer");

function assertSuccess(answer) {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body, { success: true });
}

/** What `side` has left, as its other side sees it. */
async function candidatesOf(api, code, side) {
  const { body } = await api.poll(code, other(side));
  return side === "offerer" ? body.offerCandidates : body.answerCandidates;
}

test("a handshake goes through from offer to the last candidate", async () => {
  const ann = new Api();
  const bob = ann.from(ann.origin);
  const code = await ann.offer("room", { info: "ann", offer: "the offer" });
  assertSuccess(await ann.candidate(code, "offerer", "ann 1"));
  const [found] = await bob.sessions("room");
  assert.deepEqual([found.code, found.offer], [code, "the offer"]);
  assert.deepEqual(found.offerCandidates, ["ann 1"]);
  assertSuccess(await bob.answer(found.code, "the answer"));
  assertSuccess(await bob.candidate(code, "answerer", "bob 1"));
  assertSuccess(await ann.candidate(code, "offerer", "ann 2"));
  assertSuccess(await bob.candidate(code, "answerer", "bob 2"));
  const forAnn = (await ann.poll(code, "offerer")).body;
  assert.equal(forAnn.answer, "the answer");
  assert.deepEqual(forAnn.answerCandidates, ["bob 1", "bob 2"]);
  const forBob = (await bob.poll(code, "answerer")).body;
  assert.equal(forBob.offer, "the offer");
  assert.deepEqual(forBob.offerCandidates, ["ann 1", "ann 2"]);
});

describe("an answer", { concurrency: true }, () => {
  test("takes the session out of every list, and stays", async () => {
    const api = new Api();
    const [code, open] = await api.offers("a", 2);
    assertSuccess(await api.answer(code, "an answer"));
    assert.deepEqual(
      (await api.sessions("a")).map((session) => session.code),
      [open],
    );
    assert.equal((await api.topics())[0].count, 1);
    for (let i = 0; i < 2; i++)
      assert.equal((await api.poll(code, "offerer")).body.answer, "an answer");
  });

  test("wins when it is the first: the same again is fine, another one is 409", async () => {
    const api = new Api();
    const code = await api.offer("a");
    assertSuccess(await api.answer(code, "first"));
    assertSuccess(await api.answer(code, "first"));
    assertError(await api.answer(code, "second"), 409);
    assertError(await api.answer(code, "first "), 409);
    assertSuccess(await api.answer(code, "first"));
    assert.equal((await api.poll(code, "offerer")).body.answer, "first");
  });

  test("is the same when it is only written in another way", async () => {
    const api = new Api();
    const code = await api.offer("a");
    assertSuccess(await api.answer(code, "é/"));
    const again = `{"side":"answerer","answer":"\\u00e9\\/","code":"${code}"}`;
    assertSuccess(await api.post("/answer", again));
  });

  test("does not come from the offerer", async () => {
    const api = new Api();
    const code = await api.offer("a");
    assertWrong(await api.post("/answer", { code, side: "offerer", answer: "mine" }), "side");
    assert.equal((await api.poll(code, "offerer")).body.answer, null);
    assert.equal((await api.sessions("a")).length, 1);
  });

  test("of several at once is one of them, and nobody sees another", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const texts = Array.from({ length: 6 }, (_, i) => `answer ${i}`);
    const statuses = await inParallel(
      texts,
      async (text) => (await api.answer(code, text)).status,
      6,
    );
    assert.ok(statuses.includes(200));
    assert.ok(statuses.every((status) => status === 200 || status === 409));
    const { answer } = (await api.poll(code, "offerer")).body;
    assert.equal(statuses[texts.indexOf(answer)], 200);
    for (let i = 0; i < 3; i++) assert.equal((await api.poll(code, "offerer")).body.answer, answer);
    assert.deepEqual(await api.sessions("a"), []);
  });

  for (const [says, answer] of [
    ["1 byte", "x"],
    ["65536 bytes", "x".repeat(ANSWER_MAX)],
    ["65536 bytes in two-byte characters", "é".repeat(ANSWER_MAX / 2)],
    ["any text", '\r\n\t\u0001\u001f"\\/é😀\u2028</script>'],
  ])
    test(`may have ${says}, and comes back as it was`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertSuccess(await api.answer(code, answer));
      assert.ok((await api.poll(code, "offerer")).body.answer === answer);
    });

  for (const [says, answer] of [
    ["empty", ""],
    ["a number", 1],
    ["true", true],
    ["an object", { sdp: "x" }],
    ["an array", ["x"]],
    ["65537 bytes", "x".repeat(ANSWER_MAX + 1)],
    ["65537 bytes in 32769 characters", `${"é".repeat(ANSWER_MAX / 2)}x`],
  ])
    test(`that is ${says} is 400, and the session stays open`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertWrong(await api.answer(code, answer), "answer");
      assert.equal((await api.sessions("a")).length, 1);
      assert.equal((await api.poll(code, "offerer")).body.answer, null);
    });
});

describe("a candidate", { concurrency: true }, () => {
  for (const side of SIDES)
    test(`of the ${side} is appended, in order of arrival`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      const texts = ["z", "a", "m", "10", "9", "Z", "é", "😀", "a b"];
      for (const text of texts) assertSuccess(await api.candidate(code, side, text));
      assert.deepEqual(await candidatesOf(api, code, side), texts);
      assert.deepEqual(await candidatesOf(api, code, other(side)), []);
    });

  test("that comes again from the same side is stored once, where it was", async () => {
    const api = new Api();
    const code = await api.offer("a");
    for (const text of ["one", "two", "one", "two", "three", "one"])
      assertSuccess(await api.candidate(code, "offerer", text));
    assert.deepEqual(await candidatesOf(api, code, "offerer"), ["one", "two", "three"]);
    assert.deepEqual((await api.sessions("a"))[0].offerCandidates, ["one", "two", "three"]);
  });

  test("that both sides send is stored for each", async () => {
    const api = new Api();
    const code = await api.offer("a");
    for (const side of SIDES) assertSuccess(await api.candidate(code, side, "same"));
    for (const side of SIDES) assert.deepEqual(await candidatesOf(api, code, side), ["same"]);
  });

  test("may come before the answer and after it", async () => {
    const api = new Api();
    const code = await api.offer("a");
    for (const side of SIDES) assertSuccess(await api.candidate(code, side, "before"));
    assertSuccess(await api.answer(code, "an answer"));
    for (const side of SIDES) assertSuccess(await api.candidate(code, side, "after"));
    for (const side of SIDES)
      assert.deepEqual(await candidatesOf(api, code, side), ["before", "after"]);
  });

  test("belongs to its session only", async () => {
    const api = new Api();
    const [one, two] = await api.offers("a", 2);
    await api.candidate(one, "offerer", "of one");
    assert.deepEqual(await candidatesOf(api, two, "offerer"), []);
  });

  for (const side of SIDES)
    test(`of the ${side} is one of ${CANDIDATES_MAX} at most, all of any size`, async () => {
      const api = new Api();
      const code = await api.offer("a", { offer: "o".repeat(65536) });
      const texts = Array.from({ length: CANDIDATES_MAX }, (_, i) =>
        String(i).padEnd(CANDIDATE_MAX, "x"),
      );
      for (const text of texts) assertSuccess(await api.candidate(code, side, text));
      assertError(await api.candidate(code, side, "one more"), 409, "Too many candidates");
      assertSuccess(await api.candidate(code, side, texts[7]));
      assertSuccess(await api.candidate(code, other(side), "the other side has its own"));
      assert.deepEqual(await candidatesOf(api, code, side), texts);
      if (side === "offerer") assertSuccess(await api.answer(code, "an answer goes through"));
    });

  test("counts only once when several bring it at the same time", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const answers = await inParallel(Array(6), () => api.candidate(code, "offerer", "same"), 6);
    answers.forEach(assertSuccess);
    assert.deepEqual(await candidatesOf(api, code, "offerer"), ["same"]);
  });

  test("is not lost when many come at the same time", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const texts = Array.from({ length: 30 }, (_, i) => `candidate ${i}`);
    const answers = await inParallel(texts, (text) => api.candidate(code, "answerer", text));
    answers.forEach(assertSuccess);
    const seen = await candidatesOf(api, code, "answerer");
    assert.deepEqual(seen.toSorted(), texts.toSorted());
  });

  for (const [says, text] of [
    ["1 byte", "x"],
    ["4096 bytes", "x".repeat(CANDIDATE_MAX)],
    ["4096 bytes in emoji", "😀".repeat(CANDIDATE_MAX / 4)],
    ["4096 control characters", "\u0001".repeat(CANDIDATE_MAX)],
    ["any text", '\r\n\t\u0001"\\/é😀\u2028'],
  ])
    test(`may have ${says}, and comes back as it was`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertSuccess(await api.candidate(code, "offerer", text));
      assert.deepEqual(await candidatesOf(api, code, "offerer"), [text]);
    });

  for (const [says, text] of [
    ["empty", ""],
    ["a number", 1],
    ["false", false],
    ["an object", { candidate: "x" }],
    ["an array", ["x"]],
    ["4097 bytes", "x".repeat(CANDIDATE_MAX + 1)],
    ["4097 bytes in 1025 characters", `${"😀".repeat(CANDIDATE_MAX / 4)}x`],
  ])
    test(`that is ${says} is 400 and not stored`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertWrong(await api.candidate(code, "offerer", text), "candidate");
      assert.deepEqual(await candidatesOf(api, code, "offerer"), []);
    });
});

const SIDE = "answerer";
const WRONG_CODES = [undefined, null, "", 5, true, {}, ["x"]];
const WRONG_SIDES = [undefined, null, "", 5, true, {}, [], "Offerer", "offerer ", "both", "caller"];

describe("the first parameter that fails is named:", { concurrency: true }, () => {
  const code = randomUUID();
  const rows = [
    ...WRONG_CODES.map((wrong) => ["/answer", { code: wrong, side: 5, answer: 5 }, "code"]),
    ...WRONG_CODES.map((wrong) => ["/answer", { code: wrong, side: SIDE, candidate: "x" }, "code"]),
    ...WRONG_SIDES.map((wrong) => ["/answer", { code, side: wrong, answer: 5 }, "side"]),
    ...WRONG_SIDES.map((wrong) => ["/answer", { code, side: wrong, candidate: "x" }, "side"]),
    ...WRONG_CODES.map((wrong) => ["/poll", { code: wrong, side: 5, wait: "x" }, "code"]),
    ...WRONG_CODES.map((wrong) => ["/poll", { code: wrong, side: SIDE }, "code"]),
    ...WRONG_SIDES.map((wrong) => ["/poll", { code, side: wrong, wait: "x", seen: 5 }, "side"]),
    ["/poll", { code, side: SIDE, wait: -1, seen: 5 }, "wait"],
    ["/poll", { code, side: SIDE, wait: 0, seen: 5 }, "seen"],
  ];
  for (const [path, body, name] of rows)
    test(`${path} ${JSON.stringify(body).replace(code, "...")}`, async () => {
      assertWrong(await new Api().post(path, body), name);
    });
});

describe("exactly one of answer and candidate", { concurrency: true }, () => {
  for (const [says, fields] of [
    ["neither is 400", {}],
    ["both is 400", { answer: "x", candidate: "y" }],
    ["both is 400, when they are the same too", { answer: "x", candidate: "x" }],
  ])
    test(`${says}, and nothing is stored`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      const answer = await api.post("/answer", { code, side: "answerer", ...fields });
      assertError(answer, 400);
      assert.match(
        answer.body.error,
        /^Missing or invalid required parameter: (answer|candidate)$/,
      );
      const { body } = await api.poll(code, "offerer");
      assert.deepEqual([body.answer, body.answerCandidates], [null, []]);
    });
});

describe("a poll", { concurrency: true }, () => {
  test("of the offerer brings null and nothing before there is an answer", async () => {
    const api = new Api();
    const code = await api.offer("a", { offer: "mine" });
    await api.candidate(code, "offerer", "mine too");
    const { status, body } = await api.poll(code, "offerer");
    assert.equal(status, 200);
    assert.deepEqual([body.answer, body.answerCandidates], [null, []]);
    assert.equal(typeof body.seen, "string");
    assert.deepEqual(Object.keys(body).toSorted(), ["answer", "answerCandidates", "seen"]);
  });

  test("of the offerer brings candidates that came before the answer", async () => {
    const api = new Api();
    const code = await api.offer("a");
    await api.candidate(code, "answerer", "early");
    const { body } = await api.poll(code, "offerer");
    assert.deepEqual([body.answer, body.answerCandidates], [null, ["early"]]);
  });

  test("of the answerer brings the offer and its candidates", async () => {
    const api = new Api();
    const code = await api.offer("a", { offer: "theirs" });
    await api.candidate(code, "offerer", "one");
    await api.candidate(code, "answerer", "mine");
    const { status, body } = await api.poll(code, "answerer");
    assert.equal(status, 200);
    assert.deepEqual([body.offer, body.offerCandidates], ["theirs", ["one"]]);
    assert.equal(typeof body.seen, "string");
    assert.deepEqual(Object.keys(body).toSorted(), ["offer", "offerCandidates", "seen"]);
  });

  test("brings the full lists each time, whatever has been seen", async () => {
    const api = new Api();
    const code = await api.offer("a");
    await api.candidate(code, "offerer", "one");
    const { seen } = (await api.poll(code, "answerer")).body;
    await api.candidate(code, "offerer", "two");
    for (const fields of [{}, { seen }]) {
      const { body } = await api.poll(code, "answerer", fields);
      assert.deepEqual([body.offer, body.offerCandidates], ["an offer", ["one", "two"]]);
    }
  });

  test("says the same seen for the same, and another one for more", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const seen = async () => (await api.poll(code, "offerer")).body.seen;
    const nothing = await seen();
    assert.equal(await seen(), nothing);
    await api.candidate(code, "answerer", "one");
    const one = await seen();
    await api.answer(code, "an answer");
    const both = await seen();
    assert.equal(new Set([nothing, one, both]).size, 3);
    await api.candidate(code, "offerer", "what this side left is no news to it");
    assert.equal(await seen(), both);
  });
});

describe("a withdrawn session", { concurrency: true }, () => {
  test("is gone: nobody finds it, answers it or polls it", async () => {
    const api = new Api();
    const code = await api.offer("a");
    assertSuccess(await api.withdraw(code));
    assert.deepEqual(await api.sessions("a"), []);
    assert.deepEqual(await api.topics(), []);
    for (const answer of [
      await api.withdraw(code),
      await api.answer(code, "too late"),
      await api.candidate(code, "offerer", "too late"),
      await api.candidate(code, "answerer", "too late"),
      await api.poll(code, "offerer"),
      await api.poll(code, "answerer"),
      await api.poll(code, "offerer", { wait: 20 }),
    ])
      assertError(answer, 404, NO_SESSION);
    assert.deepEqual(await api.topics(), []);
  });

  test("may have been answered", async () => {
    const api = new Api();
    const code = await api.offer("a");
    await api.answer(code, "an answer");
    await api.candidate(code, "answerer", "one");
    assertSuccess(await api.withdraw(code));
    assertError(await api.poll(code, "offerer"), 404, NO_SESSION);
    assertError(await api.withdraw(code), 404, NO_SESSION);
  });

  test("leaves the others where they are", async () => {
    const api = new Api();
    const [one, two] = await api.offers("a", 2);
    assertSuccess(await api.withdraw(one));
    assert.deepEqual(
      (await api.sessions("a")).map((session) => session.code),
      [two],
    );
    assertSuccess(await api.answer(two, "an answer"));
  });

  test("needs no body, and ignores one", async () => {
    const api = new Api();
    for (const body of [undefined, "", "not JSON", "[]", '{"code":"x"}', "\u0000"]) {
      const code = await api.offer("a");
      assertSuccess(await api.del(`/sessions/${code}`, { body }));
    }
    assert.deepEqual(await api.topics(), []);
  });
});

/** Codes that lead nowhere, each made in another way from one that does. */
async function strayCodes(api) {
  const code = await api.offer("a");
  const flip = (at) => {
    const digit = (Number.parseInt(code[at], 16) ^ 1).toString(16);
    return code.slice(0, at) + digit + code.slice(at + 1);
  };
  const withdrawn = await api.offer("a");
  await api.withdraw(withdrawn);
  return {
    random: randomUUID(),
    "all zeros": "00000000-0000-0000-0000-000000000000",
    "all ones": "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "its first digit changed": flip(0),
    "a digit in the middle changed": flip(16),
    "its last digit changed": flip(35),
    "a character short": code.slice(0, -1),
    "a character long": `${code}0`,
    "a space long": `${code} `,
    "without hyphens": code.replaceAll("-", ""),
    malformed: "x",
    "of 36 other characters": "g".repeat(36),
    "of 12 emoji": "😀".repeat(12),
    "a path": `../${code}`,
    "of 100000 characters": "a".repeat(100_000),
    withdrawn,
    "of another origin": await api.from().offer("a"),
    "of no origin": await api.from(null).offer("a"),
  };
}

test("whatever is wrong with a code, the 404 is the same to the byte", async () => {
  const api = new Api();
  for (const [says, code] of Object.entries(await strayCodes(api))) {
    const answers = [
      await api.answer(code, "x"),
      await api.candidate(code, "offerer", "x"),
      await api.poll(code, "offerer"),
      await api.poll(code, "answerer", { wait: 20 }),
    ];
    if (code.length < 1000) answers.push(await api.withdraw(encodeURIComponent(code)));
    for (const answer of answers) {
      assert.equal(answer.status, 404, says);
      assert.equal(answer.text, `{"error":"${NO_SESSION}"}`, says);
    }
  }
  assert.equal((await api.sessions("a")).length, 1);
});

test("an expired code is 404 like any other, whatever was done to the session", async () => {
  const api = new Api("short");
  const codes = await inParallel(
    ["plain", "answered", "candidate"],
    (topic) => api.offer(topic),
    3,
  );
  await api.answer(codes[1], "an answer");
  await api.candidate(codes[2], "offerer", "one");
  const [{ expiresAt }] = await api.sessions("candidate");
  const before = await api.poll(codes[1], "offerer");
  assert.equal(before.body.answer, "an answer");
  await sleep(expiresAt - Date.now() + 300);
  for (const code of codes)
    for (const answer of [
      await api.answer(code, "an answer"),
      await api.candidate(code, "answerer", "x"),
      await api.poll(code, "offerer"),
      await api.poll(code, "answerer"),
      await api.withdraw(code),
    ]) {
      assert.equal(answer.status, 404);
      assert.equal(answer.text, `{"error":"${NO_SESSION}"}`);
    }
  assert.deepEqual(await api.topics(), []);
});

describe("a code in the path that is no text", { concurrency: true }, () => {
  for (const code of ["%00", "%ff", "%zz", "a%"])
    test(`${code} is 400`, async () => {
      assertError(await new Api().withdraw(code), 400);
    });
});
