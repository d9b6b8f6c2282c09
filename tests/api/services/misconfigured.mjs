// A server that has lost its AUTH_SECRET: names and services are there as before, and nothing can be
// published. What it says of each route is in ../peers/credentials.mjs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServer } from "../../server.mjs";
import { Api, assertDiscreet, assertError } from "../helpers.mjs";
import { assertStatus } from "../peers/peer.mjs";
import { FQN, Owner, assertGone, published, taken, unpublishAs } from "./owner.mjs";

describe("a server without AUTH_SECRET that had one", () => {
  const state = mkdtempSync(join(tmpdir(), "rondevu-lost-"));
  let server;
  let mine;

  before(async () => {
    server = await startServer({ state });
    mine = await published({ isPublic: true, ttl: 600_000 }, { api: new Api(server) });
    await server.stop();
    server = await startServer({ state, vars: { AUTH_SECRET: "" } });
    const api = new Api(server);
    mine = { ...mine, api, owner: mine.owner.but({ api }), peer: mine.peer.but({ api }) };
  });
  after(async () => {
    await server?.stop();
    rmSync(state, { recursive: true, force: true });
  });

  function assertNamesIt(answer) {
    assertError(answer, 503);
    assert.match(answer.body.error, /AUTH_SECRET/);
    assertDiscreet({ text: answer.text.replaceAll("AUTH_SECRET", "") });
  }

  test("lists its services, finds them, and hands out their offers", async () => {
    const { owner, api, uuid, made } = mine;
    assert.deepEqual(await owner.services(), [{ uuid, isPublic: true, serviceFqn: FQN }]);
    assert.equal(assertStatus(await owner.query("chat@1"), 200).body.uuid, uuid);
    assert.equal((await taken(api, uuid)).offerId, made.offerId);
  });

  test("takes claims, and knows those from before", async () => {
    const { owner, api } = mine;
    assertStatus(await owner.claim(), 200);
    const other = await Owner.unknown(api, owner.name);
    assertError(await other.claim(), 409);
    await Owner.claimed(api);
  });

  test("publishes nothing, and says which variable it wants", async () => {
    const { owner, peer } = mine;
    assertNamesIt(await owner.publish(peer, "files@1.0.0"));
    assertNamesIt(await owner.publish(peer.but({ secret: "" }), "files@1.0.0"));
    assert.equal((await owner.services()).length, 1);
  });

  test("takes no credentials to unpublish, but a signature", async () => {
    const { owner, peer, uuid } = mine;
    assertNamesIt(await unpublishAs(peer, uuid, { username: owner.name }));
    assertStatus(await owner.unpublish(uuid), 200);
    await assertGone(owner, uuid);
  });
});
