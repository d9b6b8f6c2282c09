// POST /poll with `wait`: answered when there is news, or when the time is over. Which comes first is
// asserted, never how long something took.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, assertWrong, settlesWithin } from "./helpers.mjs";

const LONG = 20; // s; far more than any of these tests takes when it passes
const SOON = 15_000; // ms; less than LONG
const A_WHILE = 400; // ms

/** Starts a poll that finds no news, and returns when it has been kept waiting. */
async function waiting(api, code, side, fields) {
  const poll = api.poll(code, side, fields);
  assert.equal(await settlesWithin(poll, A_WHILE), false, "answered without news");
  return { poll }; // in an object, or the caller would await the answer
}

async function soon(poll) {
  assert.ok(await settlesWithin(poll, SOON), "not answered though there is news");
  return (await poll).body;
}

describe("a poll that waits", { concurrency: true }, () => {
  test("is answered when the answer comes", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const { poll } = await waiting(api, code, "offerer", { wait: LONG });
    await api.answer(code, "an answer");
    assert.equal((await soon(poll)).answer, "an answer");
  });

  test("is answered when a candidate comes", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const { poll } = await waiting(api, code, "offerer", { wait: LONG });
    await api.candidate(code, "answerer", "one");
    const body = await soon(poll);
    assert.deepEqual([body.answer, body.answerCandidates], [null, ["one"]]);
  });

  test("of the answerer is answered when there is more than has been seen", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const { seen } = (await api.poll(code, "answerer")).body;
    const { poll } = await waiting(api, code, "answerer", { wait: LONG, seen });
    await api.candidate(code, "offerer", "one");
    const body = await soon(poll);
    assert.deepEqual([body.offer, body.offerCandidates], ["an offer", ["one"]]);
    assert.notEqual(body.seen, seen);
  });

  test("is answered at once when there is something and nothing has been seen", async () => {
    const api = new Api();
    const code = await api.offer("a");
    assert.equal((await soon(api.poll(code, "answerer", { wait: LONG }))).offer, "an offer");
    await api.candidate(code, "answerer", "one");
    const body = await soon(api.poll(code, "offerer", { wait: LONG }));
    assert.deepEqual(body.answerCandidates, ["one"]);
  });

  test("is answered at once when there is more than has been seen", async () => {
    const api = new Api();
    const code = await api.offer("a");
    await api.candidate(code, "answerer", "one");
    const { seen } = (await api.poll(code, "offerer")).body;
    await api.answer(code, "an answer");
    const body = await soon(api.poll(code, "offerer", { wait: LONG, seen }));
    assert.deepEqual([body.answer, body.answerCandidates], ["an answer", ["one"]]);
  });

  test("brings each piece of news once when it sends back what it has seen", async () => {
    const api = new Api();
    const code = await api.offer("a");
    let { seen } = (await api.poll(code, "offerer")).body;
    for (const text of ["one", "two", "three"]) {
      const { poll } = await waiting(api, code, "offerer", { wait: LONG, seen });
      await api.candidate(code, "answerer", text);
      const body = await soon(poll);
      assert.equal(body.answerCandidates.at(-1), text);
      seen = body.seen;
    }
  });

  test("is not answered by what its own side leaves", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const { poll } = await waiting(api, code, "offerer", { wait: LONG });
    await api.candidate(code, "offerer", "mine");
    assert.equal(await settlesWithin(poll, 1500), false);
    await api.answer(code, "an answer");
    assert.equal((await soon(poll)).answer, "an answer");
  });

  test("brings what there is when the time is over", async () => {
    const api = new Api();
    const code = await api.offer("a");
    await api.candidate(code, "answerer", "one");
    const { seen } = (await api.poll(code, "offerer")).body;
    const { poll } = await waiting(api, code, "offerer", { wait: 1, seen });
    const { status, body } = await poll;
    assert.equal(status, 200);
    assert.deepEqual(body, { answer: null, answerCandidates: ["one"], seen });
  });

  for (const wait of [25, 26, 1000, 1e15])
    test(`may say ${wait}: over 25 is 25`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      const { poll } = await waiting(api, code, "offerer", { wait });
      await api.answer(code, "an answer");
      assert.equal((await soon(poll)).answer, "an answer");
    });

  for (const wait of [0, null, undefined])
    test(`does not wait when it says ${wait}`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assert.equal((await soon(api.poll(code, "offerer", { wait }))).answer, null);
    });

  for (const wait of [-1, 0.5, 1.5, "1", "", true, [], {}, [1]])
    test(`is 400 when it says ${JSON.stringify(wait)}`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertWrong(await api.poll(code, "offerer", { wait }), "wait");
    });

  for (const seen of [5, 0, true, {}, [], ["1"], "no such thing", "-1", "😀"])
    test(`is 400 when it has seen ${JSON.stringify(seen)}`, async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertWrong(await api.poll(code, "offerer", { seen }), "seen");
    });

  test("does not keep others waiting, on the same session either", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const polls = Array.from({ length: 10 }, () => api.poll(code, "offerer", { wait: LONG }));
    assert.equal(await settlesWithin(Promise.race(polls), A_WHILE), false);
    assert.ok(await settlesWithin(api.get("/health"), SOON));
    assert.ok(await settlesWithin(api.poll(code, "answerer"), SOON));
    await api.answer(code, "an answer");
    for (const poll of polls) assert.equal((await soon(poll)).answer, "an answer");
  });
});
