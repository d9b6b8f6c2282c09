// What the short server's variables set: how long a session lives, and how many a topic may have.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, NO_SESSION, SHORT, assertError } from "./helpers.mjs";

const OFFER = { offer: "an offer" };

/** Waits for the clock that the server reads too. */
const until = (time) => sleep(Math.max(0, time - Date.now()) + 20);

/** A caller whose topic is full, and the codes in it. */
async function full() {
  const api = new Api("short");
  const codes = [];
  for (let i = 0; i < SHORT.sessions; i++) codes.push(await api.offer("a"));
  return { api, codes };
}

function assertTooMany(answer) {
  assertError(answer, 429);
  assert.match(answer.headers.get("Retry-After") ?? "none", /^[1-9]\d*$/);
}

describe("a topic of SESSION_TIMEOUT and MAX_SESSIONS_PER_TOPIC", { concurrency: true }, () => {
  test("takes as many sessions as it may have, and then 429 until one goes", async () => {
    const { api } = await full();
    assertTooMany(await api.post("/a/offer", OFFER));
    assert.equal((await api.sessions("a")).length, SHORT.sessions);
    assert.equal((await api.topics())[0].count, SHORT.sessions);
  });

  test("is not the topic next to it, nor that of another origin", async () => {
    const { api } = await full();
    await api.offer("b");
    await api.offer("a b");
    await api.from().offer("a");
    await api.from(null).offer(`a ${api.origin}`);
    assertTooMany(await api.post("/a/offer", OFFER));
  });

  test("is free again when a session is answered", async () => {
    const { api, codes } = await full();
    await api.answer(codes[1], "an answer");
    await api.offer("a");
    assertTooMany(await api.post("/a/offer", OFFER));
  });

  test("is free again when a session is withdrawn", async () => {
    const { api, codes } = await full();
    await api.withdraw(codes[0]);
    await api.offer("a");
    assertTooMany(await api.post("/a/offer", OFFER));
  });

  test("is free again when its sessions expire", async () => {
    const { api } = await full();
    const [{ expiresAt }] = await api.sessions("a");
    await until(expiresAt);
    for (let i = 0; i < SHORT.sessions; i++) await api.offer("a");
    assertTooMany(await api.post("/a/offer", OFFER));
  });

  test("does not count what is refused", async () => {
    const { api, codes } = await full();
    for (let i = 0; i < 3; i++) assertTooMany(await api.post("/a/offer", OFFER));
    await api.withdraw(codes[0]);
    await api.offer("a");
  });

  test("says what is wrong with an offer also when it is full", async () => {
    const { api } = await full();
    assertError(await api.post("/a/offer", {}), 400);
  });

  test("takes candidates and answers also when it is full", async () => {
    const { api, codes } = await full();
    assert.equal((await api.candidate(codes[0], "offerer", "one")).status, 200);
    assert.equal((await api.answer(codes[0], "an answer")).status, 200);
  });
});

describe("a session", { concurrency: true }, () => {
  test("says when it expires", async () => {
    const api = new Api("short");
    await api.offer("a");
    const [{ createdAt, expiresAt }] = await api.sessions("a");
    assert.equal(expiresAt - createdAt, SHORT.timeout);
  });

  test("lives from its creation on, never longer for what is done to it", async () => {
    const api = new Api("short");
    const code = await api.offer("a");
    const [{ expiresAt }] = await api.sessions("a");
    await sleep(SHORT.timeout / 2);
    assert.equal((await api.candidate(code, "offerer", "late")).status, 200);
    assert.equal((await api.poll(code, "answerer")).status, 200);
    assert.equal((await api.sessions("a"))[0].expiresAt, expiresAt);
    assert.equal((await api.answer(code, "an answer")).status, 200);
    await until(expiresAt);
    assertError(await api.poll(code, "offerer"), 404, NO_SESSION);
  });

  test("takes its candidates with it", async () => {
    const api = new Api("short");
    const code = await api.offer("a");
    await sleep(SHORT.timeout / 2);
    await api.candidate(code, "offerer", "late");
    const [{ expiresAt }] = await api.sessions("a");
    await until(expiresAt);
    assert.deepEqual((await api.get("/a/sessions")).body, { sessions: [] });
    assert.deepEqual(await api.topics(), []);
    assertError(await api.candidate(code, "offerer", "later"), 404, NO_SESSION);
    assert.deepEqual((await api.get("/a/sessions")).body, { sessions: [] });
  });

  test("that expires while somebody waits for it ends the waiting in order", async () => {
    const api = new Api("short");
    const code = await api.offer("a");
    const [{ expiresAt }] = await api.sessions("a");
    const { status, body } = await api.poll(code, "offerer", { wait: 4 });
    if (status === 404) assert.equal(body.error, NO_SESSION);
    else assert.deepEqual([status, body.answer], [200, null]);
    await until(expiresAt);
    assertError(await api.poll(code, "offerer"), 404, NO_SESSION);
  });
});
