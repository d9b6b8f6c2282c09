// What an object does by itself: its alarm deletes what has expired, sends again what did not arrive, and leaves nothing of an
// object that holds nothing. worker/shard.js in workerd, on a clock that is moved.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startIsolate } from "./isolate.mjs";

const MINUTE = 60_000; // ms; what has expired may be stored for so long
const HOUR = 60 * MINUTE;
const NOTHING = { there: false, facts: {}, alarm: null };
const TURNS = [0, 1, 2, 5, 20];

/** @type {import("miniflare").Miniflare} */ let isolate;
before(async () => {
  isolate = startIsolate("home-worker.js", "build/core.wasm", {
    STORAGE: "durable",
    AUTH_SECRET: "secret of the tests, of 32 bytes",
  });
  await isolate.ready;
});
after(async () => await isolate?.dispose());
afterEach(() => control("cutOff", ""));

async function send(body) {
  const url = "http://home.example/__control";
  const answer = await isolate.dispatchFetch(url, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const control = (call, ...given) => send({ call, given });
const object = (shard) => ({
  inside: () => send({ shard, call: "inside", given: [] }),
  put: (lives) => send({ shard, call: "put", given: [lives] }),
  ring: () => send({ shard, call: "ring", given: [] }),
  ringAndPut: (turns, lives) => send({ shard, call: "ringAndPut", given: [turns, lives] }),
  restart: () => isolate.unsafeEvictDurableObject("test", "Shard", { name: shard }),
});

let objects = 0;
/** One that nobody has used. */
function unused() {
  const shard = `test/${++objects}`;
  return { shard, key: (name) => `${shard}/${name}`, ...object(shard) };
}

async function call(method, path, { body, headers = {} } = {}) {
  const answer = await isolate.dispatchFetch(`http://home.example${path}`, {
    method,
    headers: { "X-Registry-Version": "1", ...headers },
    body: body && JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
}

/** Time goes by between two looks; not so much. */
function assertAbout(ms, wanted) {
  assert.ok(ms <= wanted && ms > wanted - MINUTE / 2, `${ms} ms are not about ${wanted}`);
}

describe("the alarm of an object", () => {
  test("is set with the first write, for when the first fact expires", async () => {
    const { key, put, inside } = unused();
    await put({ [key("late")]: 2 * HOUR, [key("early")]: HOUR });
    assertAbout((await inside()).alarm, HOUR);
  });

  test("rings no sooner than in a minute, however soon what expires", async () => {
    const { key, put, inside } = unused();
    await put({ [key("a")]: 1 });
    assertAbout((await inside()).alarm, MINUTE);
  });

  test("is set earlier by what expires earlier, and not later by what expires later", async () => {
    const { key, put, inside } = unused();
    await put({ [key("a")]: 2 * HOUR });
    await put({ [key("b")]: HOUR });
    await put({ [key("c")]: 3 * HOUR });
    assertAbout((await inside()).alarm, HOUR);
  });

  test("is not forgotten by an instance that does not know of it", async () => {
    const { key, put, inside, restart } = unused();
    await put({ [key("a")]: HOUR });
    await restart();
    await put({ [key("b")]: 2 * HOUR });
    assertAbout((await inside()).alarm, HOUR);
  });

  test("deletes what has expired, leaves the rest, and rings again for it", async () => {
    const { key, put, inside, ring } = unused();
    await put({ [key("a")]: HOUR, [key("b")]: 3 * HOUR });
    await control("ahead", HOUR);
    await ring();
    const { facts, alarm } = await inside();
    assert.deepEqual(Object.keys(facts), [key("b")]);
    assertAbout(alarm, 2 * HOUR);
  });

  test("deletes the object whole with its last fact; it can be used again", async () => {
    const { key, put, inside, ring } = unused();
    await put({ [key("a")]: HOUR });
    await control("ahead", HOUR);
    await ring();
    assert.deepEqual(await inside(), NOTHING);
    await put({ [key("b")]: HOUR });
    const { facts, alarm } = await inside();
    assert.deepEqual(Object.keys(facts), [key("b")]);
    assertAbout(alarm, HOUR);
  });

  test("harms nothing where it rings too early, or twice", async () => {
    const { key, put, inside, ring } = unused();
    await put({ [key("a")]: HOUR });
    await Promise.all([ring(), ring()]);
    const { facts, alarm } = await inside();
    assert.deepEqual(Object.keys(facts), [key("a")]);
    assertAbout(alarm, HOUR);
  });

  for (const turns of TURNS)
    test(`deletes nothing that is written ${turns} turns after it rang, and rings again for it`, async () => {
      const { key, put, inside, ringAndPut, restart } = unused();
      await put({ [key("old")]: HOUR });
      await control("ahead", HOUR);
      await ringAndPut(turns, { [key("new")]: HOUR });
      for (const again of [() => {}, restart]) {
        await again();
        const { facts, alarm } = await inside();
        assert.deepEqual(Object.keys(facts), [key("new")]);
        assertAbout(alarm, HOUR);
      }
    });
});

describe("a room", () => {
  test("that was made leaves nothing once its time is over", async () => {
    const { status, body } = await call("POST", "/rooms", { body: { hostUserName: "ann" } });
    assert.equal(status, 201);
    const { inside, ring } = object(`room/${body.code}`);
    assert.equal((await inside()).there, true);
    await control("ahead", HOUR);
    await ring();
    assert.deepEqual(await inside(), NOTHING);
  });

  test("that was never made is asked for in vain, and leaves nothing", async () => {
    const [code, headers] = ["ZZZZZZZZ", { "X-Access-Token": "x".repeat(43) }];
    for (const path of [`/rooms/${code}/public`, `/rooms/${code}`, `/rooms/${code}/candidates`])
      assert.equal((await call("GET", path, { headers })).status, 404);
    assert.deepEqual(await object(`room/${code}`).inside(), NOTHING);
  });
});

describe("what belongs to an object that cannot be reached", () => {
  const LIFE = HOUR;

  /** A peer whose offer is under a topic that cannot be told of it. */
  async function cutOff() {
    const topic = `topic ${++objects}`;
    const { peerId, secret } = (await call("POST", "/register")).body;
    await control("cutOff", "topics/");
    const { status } = await call("POST", "/offers", {
      body: { offers: [{ sdp: "an offer", topics: [topic], ttl: LIFE }] },
      headers: { Authorization: `Bearer ${peerId}:${secret}` },
    });
    assert.equal(status, 201);
    const { body } = await call("GET", `/offers/by-topic/${encodeURIComponent(topic)}`);
    assert.deepEqual([body.total, body.offers], [0, []]);
    const letters = async () =>
      Object.keys((await peer.inside()).facts).filter((key) => key.startsWith("outbox/")).length;
    const found = async () =>
      (await call("GET", `/offers/by-topic/${encodeURIComponent(topic)}`)).body.total;
    const peer = object(`peer/${peerId}`);
    return { peer, letters, found };
  }

  test("is kept, and is there after the alarm once the object can be reached", async () => {
    const { peer, letters, found } = await cutOff();
    assert.equal(await letters(), 1);
    assert.ok((await peer.inside()).alarm <= 2000);
    await control("cutOff", "");
    await peer.ring();
    assert.deepEqual([await letters(), await found()], [0, 1]);
    assertAbout((await peer.inside()).alarm, LIFE);
  });

  test("is kept over a restart", async () => {
    const { peer, letters, found } = await cutOff();
    await peer.restart();
    await control("cutOff", "");
    await peer.ring();
    assert.deepEqual([await letters(), await found()], [0, 1]);
  });

  test("is tried ever later", async () => {
    const { peer } = await cutOff();
    let before = 0;
    for (let i = 0; i < 5; i++) {
      const { alarm } = await peer.inside();
      assert.ok(alarm > before && alarm <= 2000 * 2 ** i, `${alarm} ms after ${i} tries`);
      before = alarm;
      await peer.ring();
    }
  });
});
