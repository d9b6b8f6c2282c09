// POST /:topic/offer.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Api,
  UUID,
  assertError,
  assertNothingStored,
  assertWrong,
  inParallel,
  offerPath,
  sessionsPath,
} from "./helpers.mjs";

const MAX = 65536; // bytes of an offer
const RESERVED = ["rooms", "offers", "peers", "usernames", "services", "index", "sessions"];

describe("an offer", { concurrency: true }, () => {
  test("gets a code, which is a UUID", async () => {
    const { status, body } = await new Api().post("/a/offer", { info: "peer-123", offer: "o" });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["code"]);
    assert.match(body.code, UUID);
  });

  test("gets a code of its own, the same one again too", async () => {
    const api = new Api();
    const codes = await inParallel(Array(60), () => api.offer("a", { info: "ann" }));
    assert.equal(new Set(codes).size, 60);
    assert.equal((await api.sessions("a")).length, 60);
    // 62 random bits: even the last 15 characters alone are never the same twice.
    assert.equal(new Set(codes.map((code) => code.slice(-15))).size, 60);
  });

  test("ignores fields that are not known", async () => {
    const api = new Api();
    const known = { info: "ann", offer: "o" };
    const unknown = {
      code: "x",
      topic: "b",
      createdAt: 1,
      expiresAt: 2,
      answer: "y",
      ttl: 5,
      x: [{}],
    };
    await api.offer("a", { ...known, ...unknown });
    const [session] = await api.sessions("a");
    assert.deepEqual([session.info, session.offer], ["ann", "o"]);
    assert.ok(session.createdAt > 1000 && session.expiresAt > session.createdAt);
    assert.deepEqual(
      (await api.topics()).map((entry) => entry.topic),
      ["a"],
    );
  });

  test("may be any text, and comes back as it was", async () => {
    const api = new Api();
    const texts = [
      "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n",
      'quote " backslash \\ slash / tab \t',
      "\u0001\u0008\u000b\u000c\u001f\u007f",
      "é中😀\u2028\u2029\ufeff\ufffd\uffff\u{10ffff}",
      "</script>%00%2f\\u0000\\n",
      '{"json": [1, 2]}',
      "\n",
      " ",
      "0",
      "null",
    ];
    for (const text of texts) {
      const code = await api.offer("a", { info: text, offer: text });
      const [session] = (await api.sessions("a")).filter((one) => one.code === code);
      assert.deepEqual([session.offer, session.info, session.peerId], [text, text, text]);
      assert.equal((await api.poll(code, "answerer")).body.offer, text);
    }
  });

  for (const [says, offer] of [
    ["1 byte", "x"],
    ["65536 bytes", "x".repeat(MAX)],
    ["65536 bytes in two-byte characters", "é".repeat(MAX / 2)],
    ["65536 bytes in emoji", "😀".repeat(MAX / 4)],
    ["65536 control characters", "\u0001".repeat(MAX)],
    ["65536 quotes", '"'.repeat(MAX)],
  ])
    test(`may have ${says}`, async () => {
      const api = new Api();
      const code = await api.offer("a", { offer });
      assert.ok((await api.poll(code, "answerer")).body.offer === offer);
      assert.ok((await api.sessions("a"))[0].offer === offer);
    });

  for (const [says, offer] of [
    ["missing", undefined],
    ["empty", ""],
    ["null", null],
    ["a number", 5],
    ["true", true],
    ["an object", { type: "offer", sdp: "x" }],
    ["an array", ["x"]],
    ["65537 bytes", "x".repeat(MAX + 1)],
    ["65537 bytes in 32769 characters", `${"é".repeat(MAX / 2)}x`],
  ])
    test(`that is ${says} is 400 and stores nothing`, async () => {
      const api = new Api();
      assertWrong(await api.post("/a/offer", { info: "ann", offer }), "offer");
      await assertNothingStored(api);
    });
});

describe("info", { concurrency: true }, () => {
  for (const [says, fields, info] of [
    ["may be missing, and is then empty", {}, ""],
    ["may be empty", { info: "" }, ""],
    ["may have 1 character", { info: "x" }, "x"],
    ["may have 1024 characters", { info: "x".repeat(1024) }, "x".repeat(1024)],
    ["may have 1024 emoji", { info: "😀".repeat(1024) }, "😀".repeat(1024)],
    ["may be called peerId", { peerId: "ann" }, "ann"],
  ])
    test(says, async () => {
      const api = new Api();
      await api.offer("a", fields);
      const [session] = await api.sessions("a");
      assert.deepEqual([session.info, session.peerId], [info, info]);
    });

  for (const name of ["info", "peerId"])
    for (const [says, info] of [
      ["1025 characters", "x".repeat(1025)],
      ["1025 emoji", "😀".repeat(1025)],
      ["a number", 5],
      ["false", false],
      ["an object", {}],
      ["an array", []],
    ])
      test(`that is ${says}, as ${name}, is 400 and stores nothing`, async () => {
        const api = new Api();
        const answer = await api.post("/a/offer", { [name]: info, offer: "o" });
        assertError(answer, 400);
        assert.match(answer.body.error, /^Missing or invalid required parameter: (info|peerId)$/);
        await assertNothingStored(api);
      });

  test("is named before the offer where both are wrong", async () => {
    assertWrong(await new Api().post("/a/offer", { info: 5 }), "info");
  });
});

describe("a topic", { concurrency: true }, () => {
  for (const [says, topic] of [
    ["1 character", "x"],
    ["256 characters", "x".repeat(256)],
    ["256 two-byte characters", "é".repeat(256)],
    ["256 emoji", "😀".repeat(256)],
    ["a slash", "a/b"],
    ["an emoji", "🦊"],
    ["a space", "a b"],
    ["a percent sign", "100%"],
    ["a question mark and a hash", "a?b#c"],
    ["control characters", "\u0001\n\u007f"],
    ["dots", "..."],
  ])
    test(`may have ${says}, and comes back as it was`, async () => {
      const api = new Api();
      const code = await api.offer(topic);
      assert.deepEqual(await api.topics(), [{ topic, count: 1, activePeers: 1 }]);
      assert.deepEqual(
        (await api.sessions(topic)).map((session) => session.code),
        [code],
      );
      assert.equal((await api.answer(code, "an answer")).status, 200);
      assert.equal((await api.poll(code, "offerer")).body.answer, "an answer");
    });

  for (const [says, topic] of [
    ["257 characters", "x".repeat(257)],
    ["257 two-byte characters", "é".repeat(257)],
    ["257 emoji", "😀".repeat(257)],
    ["10000 characters", "x".repeat(10000)],
  ])
    test(`of ${says} is 400, for reading too`, async () => {
      const api = new Api();
      assertWrong(await api.post(offerPath(topic), { offer: "o" }), "topic");
      assertWrong(await api.get(sessionsPath(topic)), "topic");
      await assertNothingStored(api);
    });

  for (const topic of RESERVED)
    test(`may not be ${topic}`, async () => {
      const api = new Api();
      const coded = `%${topic.charCodeAt(0).toString(16)}${topic.slice(1)}`;
      for (const name of [topic, coded])
        assertError(await api.post(`/${name}/offer`, { offer: "o" }), 400, "Reserved topic name");
      await assertNothingStored(api);
    });

  test("with a plus is not one with a space", async () => {
    const api = new Api();
    const plus = await api.post("/a+b/offer", { offer: "plus" });
    assert.equal(plus.status, 200);
    assert.deepEqual(
      (await api.topics()).map((entry) => entry.topic),
      ["a+b"],
    );
    for (const path of ["/a+b/sessions", "/a%2bb/sessions", "/a%2Bb/sessions"])
      assert.equal((await api.get(path)).body.sessions.length, 1, path);
    assert.deepEqual((await api.get("/a%20b/sessions")).body.sessions, []);
  });

  test("may be written with more percent signs than needed, in either case", async () => {
    const api = new Api();
    await api.offer("aé/");
    for (const path of ["/%61%c3%a9%2f/sessions", "/a%C3%A9%2F/sessions"])
      assert.equal((await api.get(path)).body.sessions.length, 1, path);
  });

  test("is decoded once", async () => {
    const api = new Api();
    assert.equal((await api.post("/a%252fb/offer", { offer: "o" })).status, 200);
    assert.deepEqual(
      (await api.topics()).map((entry) => entry.topic),
      ["a%2fb"],
    );
  });

  const NOT_TEXT = ["%00", "a%00b", "%ff", "a%ff", "%c0%80", "%ed%a0%80", "%f4%90%80%80", "%e2%82"];
  NOT_TEXT.push("%zz", "%", "a%", "a%4", "%4g", "%u0041");
  for (const topic of NOT_TEXT)
    test(`written ${topic} is 400 and stores nothing`, async () => {
      const api = new Api();
      assertError(await api.post(`/${topic}/offer`, { offer: "o" }), 400);
      assertError(await api.get(`/${topic}/sessions`), 400);
      await assertNothingStored(api);
    });

  for (const topic of ["..", ".", "%2e%2e", "%2E.", "x/.."])
    test(`written ${topic} is not there: the path is shorter by it`, async () => {
      const api = new Api();
      const body = '{"offer":"o"}';
      const head = await api.head("POST", `/${topic}/offer`, { "Content-Length": body.length });
      assertError(await api.raw([head, body]), 404);
      await assertNothingStored(api);
    });

  test("is not empty", async () => {
    const api = new Api();
    const { status } = await api.post("//offer", { offer: "o" });
    assert.ok(status === 400 || status === 404, `${status}`);
    await assertNothingStored(api);
  });
});
