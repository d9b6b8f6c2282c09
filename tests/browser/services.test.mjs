// A browser that publishes a service under its name, and one that finds it, with what the platform
// has and no client library.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertConnected, openStage } from "./raw/stage.mjs";

const NAME = "ann-1";
const FQN = "chat@1.0.0";
const POOL = 3;
const TIMEOUT = 60_000;

let stage;
before(async () => (stage = await openStage()));
after(() => stage?.close());

test(
  "a service is found by name and version range, and by uuid, and they talk each time",
  { timeout: TIMEOUT },
  async () => {
    const [ann, bob] = stage.users;
    await Promise.all(stage.users.map((user) => user.evaluate((its) => its.register())));
    const { username } = await ann.evaluate((its, name) => its.claim(name), NAME);
    assert.equal(username, NAME);
    const published = await ann.evaluate(
      (its, [name, fqn, size]) => its.publish(name, fqn, size),
      [NAME, FQN, POOL],
    );
    assert.equal(published.offers.length, POOL);

    const get = (path) => bob.evaluate((its, [to]) => its.call("GET", to), [path]);
    const { uuid } = await bob.evaluate(
      (its, name) => its.call("POST", `/index/${name}/query`, { serviceFqn: "chat@^1.0.0" }),
      NAME,
    );
    assert.equal(uuid, published.uuid);
    assert.deepEqual((await get(`/usernames/${NAME}/services`)).services, [
      { uuid, isPublic: false },
    ]);

    const taken = [];
    let since = 0;
    for (const way of [uuid, published.serviceId]) {
      const found = await get(`/services/${way}`);
      assert.deepEqual([found.username, found.serviceFqn], [NAME, FQN]);
      const [heard] = await Promise.all([
        ann.evaluate((its, from) => its.beAnswered(from), since),
        bob.evaluate((its, { offerId, sdp }) => its.answer(offerId, sdp), found),
      ]);
      assert.deepEqual([heard.offerId, heard.count], [found.offerId, 1]);
      await assertConnected(ann, bob);
      await bob.evaluate((its) => its.close());
      taken.push(found.offerId);
      since = heard.answeredAt;
    }
    assert.notEqual(taken[0], taken[1]);
    const pool = published.offers.map(({ offerId }) => offerId);
    const { offerId: last } = await get(`/services/${uuid}`);
    assert.deepEqual([...taken, last].toSorted(), pool.toSorted(), "the pool is handed out whole");
    await ann.evaluate((its) => its.close());
  },
);
