// GET /:topic/sessions.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, KB, assertWrong, inParallel, sessionsPath } from "./helpers.mjs";

const ABOUT_1_MIB = 1100 * KB;
const codes = (sessions) => sessions.map((session) => session.code);

/** Every page of a list, until nothing follows. */
async function pages(api, topic, query = "") {
  const all = [];
  for (let after = ""; ;) {
    const { status, body, text } = await api.get(`${sessionsPath(topic)}?after=${after}${query}`);
    assert.equal(status, 200, text);
    assert.ok(Buffer.byteLength(text) <= ABOUT_1_MIB, `${text.length} bytes`);
    all.push(body.sessions);
    assert.ok(all.length <= 1000, "it never ends");
    if (!("next" in body)) return all;
    assert.equal(typeof body.next, "string");
    assert.notEqual(body.sessions.length, 0, "an empty page that goes on");
    after = encodeURIComponent(body.next);
  }
}

describe("a list of sessions", { concurrency: true }, () => {
  test("of an unknown topic is empty", async () => {
    const { status, body } = await new Api().get("/nobody/sessions");
    assert.equal(status, 200);
    assert.deepEqual(body, { sessions: [] });
  });

  test("has every field of a session", async () => {
    const api = new Api();
    const before = Date.now();
    const code = await api.offer("a", { info: "ann", offer: "an offer" });
    await api.candidate(code, "offerer", "one");
    await api.candidate(code, "offerer", "two");
    await api.candidate(code, "answerer", "not for this list");
    const { body } = await api.get("/a/sessions");
    const [{ createdAt, expiresAt, ...session }] = body.sessions;
    assert.deepEqual(session, {
      code,
      info: "ann",
      peerId: "ann",
      offer: "an offer",
      offerCandidates: ["one", "two"],
    });
    assert.ok(createdAt >= before - 1000 && createdAt <= Date.now() + 1000);
    assert.equal(expiresAt, createdAt + 300_000);
    assert.ok(!("next" in body));
  });

  test("has no candidates where there are none", async () => {
    const api = new Api();
    await api.offer("a");
    assert.deepEqual((await api.sessions("a"))[0].offerCandidates, []);
  });

  test("has the newest first", async () => {
    const api = new Api();
    const made = await api.offers("a", 12);
    const sessions = await api.sessions("a");
    assert.deepEqual(codes(sessions), made.toReversed());
    const times = sessions.map((session) => session.createdAt);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    );
  });

  test("has the sessions of its topic only", async () => {
    const api = new Api();
    const made = {};
    for (const topic of ["a", "a b", "a/b", "ab", "A", "á"]) made[topic] = await api.offer(topic);
    for (const [topic, code] of Object.entries(made))
      assert.deepEqual(codes(await api.sessions(topic)), [code], topic);
  });

  test("loses what is answered or withdrawn, and keeps the rest in order", async () => {
    const api = new Api();
    const made = await api.offers("a", 5);
    await api.answer(made[1], "an answer");
    await api.withdraw(made[3]);
    assert.deepEqual(codes(await api.sessions("a")), [made[4], made[2], made[0]]);
  });

  test("is paged through with nothing twice and nothing missing", async () => {
    const api = new Api();
    const made = await api.offers("a", 25);
    const all = await pages(api, "a", "&limit=10");
    assert.deepEqual(
      all.map((page) => page.length),
      [10, 10, 5],
    );
    assert.deepEqual(codes(all.flat()), made.toReversed());
  });

  test("is paged through with candidates, answered and withdrawn ones between", async () => {
    const api = new Api();
    const made = await api.offers("a", 12);
    for (const [i, code] of made.entries()) {
      for (let n = 0; n < i % 4; n++) await api.candidate(code, "offerer", `${i} ${n}`);
      if (i % 4 === 1) await api.answer(code, "an answer");
      if (i % 4 === 2) await api.withdraw(code);
    }
    const open = made.filter((_, i) => i % 4 === 0 || i % 4 === 3).toReversed();
    for (const limit of [1, 2, 5]) {
      const sessions = (await pages(api, "a", `&limit=${limit}`)).flat();
      assert.deepEqual(codes(sessions), open);
      for (const { code, offerCandidates } of sessions)
        assert.equal(offerCandidates.length, made.indexOf(code) % 4);
    }
  });

  test("goes on after a session that has gone meanwhile", async () => {
    const api = new Api();
    const made = (await api.offers("a", 6)).toReversed();
    const { body } = await api.get("/a/sessions?limit=2");
    assert.deepEqual(codes(body.sessions), made.slice(0, 2));
    await api.withdraw(made[1]);
    await api.withdraw(made[2]);
    await api.offer("a");
    const rest = await api.sessions("a", `?after=${encodeURIComponent(body.next)}`);
    assert.deepEqual(codes(rest), made.slice(3));
  });

  test("has no next where its limit is all there is", async () => {
    const api = new Api();
    await api.offers("a", 3);
    for (const limit of [3, 4, 1000, 1001, "9".repeat(400)]) {
      const { body } = await api.get(`/a/sessions?limit=${limit}`);
      assert.equal(body.sessions.length, 3);
      assert.ok(!("next" in body), `limit=${limit}`);
    }
    const { body } = await api.get("/a/sessions?limit=2");
    assert.equal(body.sessions.length, 2);
    assert.ok("next" in body);
  });

  test("holds 1000 sessions when nothing is said, and no more", async () => {
    const api = new Api();
    await inParallel(Array(1003), () => api.offer("a"), 16);
    for (const query of ["", "?limit=", "?limit=1000", "?limit=1001", "?after="]) {
      const { body } = await api.get(`/a/sessions${query}`);
      assert.equal(body.sessions.length, 1000, query);
      assert.ok("next" in body, query);
    }
    const all = (await pages(api, "a")).flat();
    assert.deepEqual([all.length, new Set(codes(all)).size], [1003, 1003]);
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 1003, activePeers: 1003 }]);
  });

  for (const [name, value] of [
    ...["0", "-1", "1.5", "abc", "1e1", "0x1", "%201", "%ff", "%00"].map((bad) => ["limit", bad]),
    ...["abc", "-1", "%ff", "%00", "a/b", "😀", "x".repeat(2000)].map((bad) => ["after", bad]),
  ])
    test(`with ${name}=${value.slice(0, 20)} is 400 and names it`, async () => {
      assertWrong(await new Api().get(`/a/sessions?${name}=${value}`), name);
    });
});

describe("an answer of about 1 MiB", { concurrency: true }, () => {
  test("ends a list before its limit, and next says that more follow", async () => {
    const api = new Api();
    const made = await inParallel(Array(40), () => api.offer("a", { offer: "x".repeat(65536) }), 4);
    for (const limit of ["", "&limit=1000", "&limit=30"]) {
      const all = await pages(api, "a", limit);
      assert.ok(all.length >= 3);
      assert.deepEqual(codes(all.flat()).toSorted(), made.toSorted());
    }
  });

  test("ends a list of texts that JSON writes longer", async () => {
    const api = new Api();
    const made = await inParallel(
      Array(8),
      () => api.offer("a", { offer: "\u0001".repeat(65536) }),
      2,
    );
    assert.deepEqual(codes((await pages(api, "a")).flat()).toSorted(), made.toSorted());
  });

  test("ends a list of sessions with many candidates", async () => {
    const api = new Api();
    const made = await api.offers("a", 4);
    // JSON writes each of these characters as six.
    const texts = Array.from({ length: 20 }, (_, i) => String(i).padEnd(4096, "\u0001"));
    for (const code of made) for (const text of texts) await api.candidate(code, "offerer", text);
    const sessions = (await pages(api, "a")).flat();
    assert.deepEqual(codes(sessions), made.toReversed());
    for (const session of sessions) assert.deepEqual(session.offerCandidates, texts);
  });

  test("takes candidates that JSON writes longer up to 600 KB a side, and hides no other session", async () => {
    const api = new Api();
    const [older, heavy, newer] = await api.offers("a", 3);
    const texts = Array.from({ length: 25 }, (_, i) => String(i).padEnd(4096, "\u0001"));
    for (const text of texts)
      assert.equal((await api.candidate(heavy, "offerer", text)).status, 200);
    const refused = await api.candidate(heavy, "offerer", "\u0001".repeat(4096));
    assert.equal(refused.status, 409);
    assert.equal(refused.body.error, "Too many candidates");
    const listed = [];
    for (let query = ""; query !== undefined;) {
      const { status, body, text } = await api.get(`/a/sessions${query}`);
      assert.equal(status, 200, text.slice(0, 200));
      listed.push(...codes(body.sessions));
      query = "next" in body ? `?after=${encodeURIComponent(body.next)}` : undefined;
    }
    assert.deepEqual(listed, [newer, heavy, older]);
    const { status, body } = await api.poll(heavy, "answerer");
    assert.equal(status, 200);
    assert.deepEqual(body.offerCandidates, texts);
  });
});
