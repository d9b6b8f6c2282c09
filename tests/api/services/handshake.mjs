// The whole way of two who know a name and a version: one claims the name and publishes, the other
// finds the service, answers, and both trade candidates; as a browser would, without one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import { Peer, assertStatus } from "../peers/peer.mjs";
import {
  NO_SERVICE,
  Owner,
  assertGone,
  assertNoOffers,
  caller,
  offersOf,
  service,
  taken,
} from "./owner.mjs";

const FINDS = {
  "by its exact version": "chat@1.0.0",
  "by a caret": "chat@^1.0.0",
  "by a tilde": "chat@~1.0",
  "by an x": "chat@1.x",
  "by its major version": "chat@1",
  "by its name": "chat",
};

const candidate = (name) => ({ candidate: name, sdpMid: "0", sdpMLineIndex: 0 });
const said = (candidates) => candidates.map(({ candidate: one }) => one.candidate);

describe("two who know a name", { concurrency: true }, () => {
  for (const [way, range] of Object.entries(FINDS))
    test(`meet: one publishes chat@1.0.0, the other finds it ${way}`, async () => {
      const ann = await Owner.claimed(caller());
      const annsPeer = await Peer.register(ann.api);
      const offer = { sdp: "ann's offer", metadata: { hello: "bob" } };
      const { body: made } = assertStatus(await ann.publish(annsPeer, "chat@1.0.0", offer), 201);

      const bob = await Peer.register(caller());
      const { body: found } = assertStatus(await ann.query(range, bob.api), 200);
      assert.deepEqual(found, { uuid: made.uuid, allowed: true });
      const seen = await taken(bob.api, found.uuid);
      assert.deepEqual(
        [seen.username, seen.serviceFqn, seen.sdp, seen.metadata, seen.offerId],
        [ann.name, "chat@1.0.0", "ann's offer", { hello: "bob" }, made.offerId],
      );
      const id = seen.offerId;
      const answeredAt = await bob.answered(id, { sdp: "bob's answer" });
      await bob.trickled(id, candidate("bob 1"), candidate("bob 2"));

      const [answer, ...more] = await annsPeer.answers();
      assert.deepEqual(answer, {
        offerId: id,
        answererId: bob.id,
        sdp: "bob's answer",
        answeredAt,
        topics: [],
      });
      assert.deepEqual(more, []);
      await annsPeer.trickled(id, candidate("ann 1"));
      await bob.trickled(id, candidate("bob 3"));
      const ofBob = await annsPeer.received(id);
      assert.deepEqual(said(ofBob), ["bob 1", "bob 2", "bob 3"]);
      assert.deepEqual(said(await annsPeer.received(id, `?since=${ofBob[1].createdAt}`)), [
        "bob 3",
      ]);
      const ofAnn = await bob.received(id);
      assert.deepEqual(said(ofAnn), ["ann 1"]);
      assert.deepEqual([ofAnn[0].role, ofBob[0].role], ["offerer", "answerer"]);

      assertNoOffers(await service(bob.api, found.uuid));
    });

  test("and the next who comes finds an offer that was posted for the service since", async () => {
    const ann = await Owner.claimed();
    const annsPeer = await Peer.register();
    const { body: made } = assertStatus(await ann.publish(annsPeer, "chat@1.0.0"), 201);
    const { uuid } = made;
    await (await Peer.register()).answered((await taken(caller(), uuid)).offerId);
    const { id } = await annsPeer.offer({ sdp: "another offer", serviceId: uuid });
    const carol = await Peer.register();
    const { offerId, sdp } = await taken(carol.api, uuid);
    assert.deepEqual([offerId, sdp], [id, "another offer"]);
    await carol.answered(id, { sdp: "carol's answer" });
    const answers = await annsPeer.answers();
    assert.deepEqual(
      answers.map((answer) => answer.offerId),
      [made.offerId, id],
    );
    for (const offer of (await offersOf(annsPeer)).values()) assert.ok(offer.answered);

    assertStatus(await ann.unpublish(uuid, "chat@1.0.0"), 200);
    await assertGone(ann, uuid, "chat@1.0.0");
    assertError(await ann.query("chat"), 404, NO_SERVICE);
    // Who has met goes on.
    await carol.trickled(id, candidate("carol"));
    assert.deepEqual(said(await annsPeer.received(id)), ["carol"]);
  });

  test("meet while the one who published waits for the answer", async () => {
    const ann = await Owner.claimed();
    const annsPeer = await Peer.register();
    const { body: made } = assertStatus(await ann.publish(annsPeer, "chat@1.0.0"), 201);
    const waiting = annsPeer.answers("?wait=20");
    const bob = await Peer.register();
    await bob.answered((await taken(bob.api, made.uuid)).offerId, { sdp: "at last" });
    assert.deepEqual(
      (await waiting).map(({ sdp }) => sdp),
      ["at last"],
    );
  });
});
