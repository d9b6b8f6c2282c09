// The server is killed in the middle of what it does, and started again on what it had stored: all that it acknowledged is there,
// nothing is there in part, and what one object owed another is made up for without a request.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { Peer, allUnderTopic, assertStatus, randomTopic, topicPage } from "../api/peers/peer.mjs";
import { Owner, pool, service } from "../api/services/owner.mjs";
import { Random } from "../workerd/random.mjs";
import { Caller, TOPIC, peers, rounds } from "./stage.mjs";
import { Offers, POOL, Rooms, Services, Sessions, TTL, eventually } from "./streams.mjs";
import { startWorkerd, stateFolder, storedObjects } from "./workerd.mjs";

const CUT = "tests/durable/cut-worker.js";
const KILLS = rounds(5, 50);
const WRITERS = 3; // of each family
const ANSWERS = 300; // at the most, before the server is killed
const HOUR = 3600; // s
const LONG = {
  SESSION_TIMEOUT: `${1000 * HOUR}`,
  ROOM_TTL_OPEN: `${HOUR}`,
  ROOM_TTL_JOINED: `${HOUR}`,
  ROOM_TTL_PAIRED: `${HOUR}`,
  ICE_TTL: `${HOUR}`,
};

/** Writes until the server is gone. */
async function writeOn(stream) {
  try {
    for (;;) await stream.write();
  } catch (error) {
    if (!["fetch failed", "terminated"].includes(error.message)) throw error;
  }
}

const makeStreams = (api) =>
  [Rooms, Sessions, Offers, Services].flatMap((Stream) =>
    Array.from({ length: WRITERS }, () => new Stream(api)),
  );

const checkAll = (streams) => Promise.all(streams.map((stream) => stream.check()));

test(`killed ${KILLS} times amid writes, it has all that it acknowledged, and nothing in part`, async () => {
  const folder = stateFolder("amid writes");
  const place = { url: "" };
  const written = [];
  let server = await startWorkerd(folder, { vars: LONG });
  for (let round = 0; round < KILLS; round++) {
    const streams = makeStreams(new Caller(Object.assign(place, server)));
    let left = new Random(round).whole(1, ANSWERS);
    place.onAnswer = () => --left === 0 && server.kill();
    await Promise.all(streams.map(writeOn));
    server = await startWorkerd(folder, { vars: LONG });
    Object.assign(place, server, { onAnswer: undefined });
    await checkAll(streams);
    written.push(...streams);
  }
  await checkAll(written);
  await server.stop();
});

/** A server whose objects do not reach each other, and that is killed once `story` has been told on it. */
async function killedWhileCut(cut, story) {
  const folder = stateFolder(`${cut} ${randomUUID()}`);
  const server = await startWorkerd(folder, { entry: CUT, vars: { ...LONG, CUT: cut } });
  const place = Object.assign({}, server);
  try {
    return { folder, place, told: await story(new Caller(place)) };
  } finally {
    await server.kill();
  }
}

/** Starts it again, and waits until everything is as it is to be; then nothing is on its way any more. */
async function madeUpFor({ folder, place, told }, check) {
  const server = await startWorkerd(folder, { entry: CUT, vars: LONG });
  Object.assign(place, server);
  await eventually(() => check(told)).finally(() => server.stop());
  const keys = storedObjects(folder).flatMap((facts) => facts.map(({ key }) => key));
  assert.deepEqual(
    keys.filter((key) => key.startsWith("outbox/")),
    [],
  );
}

/** Sends a request that is never answered, and goes on when its write is there. */
async function unanswered(request, isThere) {
  request.catch(() => {});
  await eventually(isThere);
}

const counts = async (api, topic) => [
  (await allUnderTopic(topic, {}, api)).length,
  (await topicPage(topic, "", api)).total,
  ...(await api.topics(`?startsWith=${topic}`)).map(({ count }) => count),
];

describe("what could not be sent to other objects is sent after a restart, without a request", () => {
  test("offers that were published: they are under their topics", async () => {
    const topic = randomTopic();
    const killed = await killedWhileCut("refused", async (api) => {
      const ann = await Peer.register(api);
      await ann.offers(...Array(POOL).fill({ topics: [topic], ttl: TTL }));
      assert.deepEqual(await counts(api, topic), [0, 0]);
      return api;
    });
    await madeUpFor(killed, async (api) =>
      assert.deepEqual(await counts(api, topic), [POOL, POOL, POOL]),
    );
  });

  test("one after the other, in their order: what was deleted since does not come back", async () => {
    const topic = randomTopic();
    const killed = await killedWhileCut("refused", async (api) => {
      const [ann, bob] = await peers(2, api);
      const [deleted, answered] = await ann.offers(...Array(3).fill({ topics: [topic], ttl: TTL }));
      assertStatus(await ann.delete(deleted.id), 200);
      await bob.answered(answered.id);
      return api;
    });
    await madeUpFor(killed, async (api) => assert.deepEqual(await counts(api, topic), [1, 1, 1]));
  });

  test("a publication that nobody was told of", async () => {
    const topic = randomTopic();
    const killed = await killedWhileCut("unanswered", async (api) => {
      const ann = await Peer.register(api);
      const offers = Array(POOL).fill({ topics: [topic], ttl: TTL });
      await unanswered(ann.offers(...offers), async () =>
        assert.equal((await ann.mine()).length, POOL),
      );
      return api;
    });
    await madeUpFor(killed, async (api) =>
      assert.deepEqual(await counts(api, topic), [POOL, POOL, POOL]),
    );
  });

  test("sessions: the directory counts those that are open", async () => {
    const killed = await killedWhileCut("refused", async (api) => {
      for (const info of ["ann", "bob"]) await api.offer(TOPIC, { info });
      await api.answer(await api.offer(TOPIC), "an answer");
      await api.withdraw(await api.offer(TOPIC));
      assert.deepEqual(await api.topics(), []);
      return api;
    });
    await madeUpFor(killed, async (api) =>
      assert.deepEqual(await api.topics(), [{ topic: TOPIC, count: 2, activePeers: 2 }]),
    );
  });

  test("a name and a service: the copies that everybody reads, and the offers", async () => {
    const killed = await killedWhileCut("refused", async (api) => {
      const owner = await Owner.claimed(api);
      const made = await owner.publish(await Peer.register(api), undefined, {
        offers: pool(POOL),
        ttl: TTL,
      });
      return { api, owner, uuid: assertStatus(made, 201).body.uuid };
    });
    await madeUpFor(killed, async ({ api, owner, uuid }) => {
      assert.equal((await owner.status()).publicKey, owner.publicKey);
      assert.deepEqual(
        (await owner.services()).map((listed) => listed.uuid),
        [uuid],
      );
      assertStatus(await service(api, uuid), 200);
    });
  });
});
