// GET /usernames/:username/services: what of a name's services everybody may see.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KB, assertError, inParallel } from "../helpers.mjs";
import { Peer, assertStatus } from "../peers/peer.mjs";
import { FQN, Owner, caller, published, randomName, service, taken } from "./owner.mjs";

const MB = KB * KB;

describe("the services of a name", { concurrency: true }, () => {
  test("are none where nothing is published, or the name is nobody's", async () => {
    const owner = await Owner.claimed();
    const nobody = owner.but({ name: randomName() });
    for (const { api, name } of [owner, nobody]) {
      const { body } = assertStatus(await api.get(`/usernames/${name}/services`), 200);
      assert.deepEqual(body, { username: name, services: [] });
    }
  });

  test("are public ones whole, private ones as a uuid alone, sorted by their names", async () => {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    const by = { owner, peer };
    const metadata = { of: ["c"] };
    const rows = [
      ["d.chat@1.0.0", { isPublic: true }],
      ["b.chat@1.0.0", { isPublic: false, metadata }],
      ["c.chat@1.0.0", { isPublic: true, metadata }],
      ["c.chat@2.0.0-beta.1", { isPublic: true, metadata: {} }],
      ["a.chat@1.0.0", {}],
    ];
    const uuids = {};
    for (const [fqn, fields] of rows) uuids[fqn] = (await published(fields, { ...by, fqn })).uuid;
    for (const api of [owner.api, caller(), caller(null)]) {
      const path = `/usernames/${owner.name}/services`;
      const { body, text } = assertStatus(await api.get(path), 200);
      assert.deepEqual(body, {
        username: owner.name,
        services: [
          { uuid: uuids["a.chat@1.0.0"], isPublic: false },
          { uuid: uuids["b.chat@1.0.0"], isPublic: false },
          shown("c.chat@1.0.0", { metadata }),
          shown("c.chat@2.0.0-beta.1", { metadata: {} }),
          shown("d.chat@1.0.0"),
        ],
      });
      for (const secret of ["a.chat", "b.chat"]) assert.ok(!text.includes(secret), secret);
    }

    function shown(serviceFqn, more = {}) {
      return { uuid: uuids[serviceFqn], isPublic: true, serviceFqn, ...more };
    }
  });

  test("are those of this name alone", async () => {
    const one = await published({ isPublic: true });
    const longer = one.owner.but({ name: `${one.owner.name}x` });
    assertStatus(await longer.claim(), 200);
    assert.deepEqual(await longer.services(), []);
    const two = await published({ isPublic: true }, { owner: longer, peer: one.peer });
    for (const { owner, uuid } of [one, two])
      assert.deepEqual(
        (await owner.services()).map((entry) => entry.uuid),
        [uuid],
      );
  });

  test("stay listed when all their offers are answered", async () => {
    const { owner, made, uuid, api } = await published({ isPublic: true });
    assertStatus(await (await Peer.register()).answer(made.offerId), 200);
    assertStatus(await service(api, uuid), 503);
    assert.deepEqual(
      (await owner.services()).map((entry) => entry.uuid),
      [uuid],
    );
  });

  test("are no longer listed when they are unpublished, the others are", async () => {
    const metadata = { description: "talk to me" };
    const one = await published({ isPublic: true, metadata });
    const two = await published({}, { ...one, fqn: "files@1.0.0" });
    const gone = await published({ isPublic: true }, { ...one, fqn: "chat@1.0.1" });
    assertStatus(await one.owner.unpublish(gone.uuid, "chat@1.0.1"), 200);
    assert.deepEqual(await one.owner.services(), [
      { uuid: one.uuid, isPublic: true, serviceFqn: FQN, metadata },
      { uuid: two.uuid, isPublic: false },
    ]);
  });

  test("become public and private as they are published again", async () => {
    const first = await published();
    for (const isPublic of [true, false, true]) {
      await published({ isPublic }, first);
      const [entry, ...more] = await first.owner.services();
      assert.deepEqual([entry.isPublic, "serviceFqn" in entry, more], [isPublic, isPublic, []]);
    }
  });

  test("come in several answers of at most about 1 MiB where they are more", async () => {
    const owner = await Owner.claimed();
    const peer = await Peer.register();
    const metadata = { text: "x".repeat(4000) };
    const fqns = Array.from({ length: 300 }, (_, i) => `s${String(i).padStart(3, "0")}@1.0.0`);
    await inParallel(fqns, (fqn) => published({ isPublic: true, metadata }, { owner, peer, fqn }));
    const seen = [];
    let pages = 0;
    for (let after = ""; after !== undefined; pages++) {
      const path = `/usernames/${owner.name}/services?after=${encodeURIComponent(after)}`;
      const { body, text } = assertStatus(await owner.api.get(path), 200);
      assert.ok(Buffer.byteLength(text) <= 1.1 * MB, `${text.length} characters`);
      assert.ok(body.services.length > 0 && pages < 10);
      seen.push(...body.services);
      after = body.next;
    }
    assert.ok(pages > 1);
    assert.deepEqual(
      seen.map(({ serviceFqn }) => serviceFqn),
      fqns,
    );
    assert.equal((await taken(owner.api, seen[150].uuid)).serviceFqn, fqns[150]);
  });

  test("do not go on after what no answer gave: 400", async () => {
    const { owner } = await published();
    for (const after of ["x", "%00", "0", "%F0%9F%98%80", "x".repeat(1000)])
      assertError(await owner.api.get(`/usernames/${owner.name}/services?after=${after}`), 400);
    assertStatus(await owner.api.get(`/usernames/${owner.name}/services?after=`), 200);
  });
});
