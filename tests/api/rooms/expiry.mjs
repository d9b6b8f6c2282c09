// Rooms and candidates whose time is over, on a server where it is short. Asserted by expiresAt, which
// the clock of the server is compared with to the millisecond; tests and server share a clock.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, SHORT } from "../helpers.mjs";
import {
  assertDone,
  assertNoRoom,
  candidate,
  closedRoom,
  everyCall,
  joinedRoom,
  offeredRoom,
  openRoom,
  pairedRoom,
} from "./room.mjs";

const short = () => new Api("short");
const until = (time) => sleep(Math.max(0, time - Date.now()));

const STATUSES = {
  open: { make: openRoom, life: SHORT.room.open },
  joined: { make: joinedRoom, life: SHORT.room.joined },
  offered: { make: offeredRoom, life: SHORT.room.joined },
  paired: { make: pairedRoom, life: SHORT.room.paired },
};

/** Reads until the room is gone: it is there before expiresAt, and not from expiresAt on. */
async function assertExpires(player, expiresAt) {
  await until(expiresAt - 100);
  for (let over = false; !over;) {
    const before = Date.now();
    const answer = await player.get();
    if (Date.now() < expiresAt) assert.equal(answer.status, 200, "gone too early");
    over = before >= expiresAt;
    if (over) assertNoRoom(answer);
  }
}

// All at once: together they take as long as the longest of them.
describe("when time is over", { concurrency: true }, () => {
  describe("a room's time", { concurrency: true }, () => {
    for (const [status, { make, life }] of Object.entries(STATUSES)) {
      test(`is that of its status: ${status}`, async () => {
        const before = Date.now();
        const { host } = await make(short());
        const { expiresAt } = await host.room();
        assert.ok(expiresAt >= before + life && expiresAt <= Date.now() + life);
      });

      test(`is over to the millisecond, and then it is 404 everywhere: ${status}`, async () => {
        const room = await make(short());
        const { expiresAt } = await room.host.room();
        await assertExpires(room.host, expiresAt);
        for (const call of everyCall(room)) assertNoRoom(await call);
      });
    }

    const RENEWALS = {
      "an offer": ({ host }) => host.offer(),
      "a candidate of the host": ({ host }) => host.candidate(candidate("a")),
      "a candidate of the guest": ({ guest }) => guest.candidate(candidate("a")),
    };
    for (const [says, renew] of Object.entries(RENEWALS))
      test(`begins anew with ${says}`, async () => {
        const room = await joinedRoom(short());
        const first = (await room.host.room()).expiresAt;
        await until(first - SHORT.room.joined / 2);
        const before = Date.now();
        assertDone(await renew(room));
        const { expiresAt } = await room.guest.room();
        assert.ok(expiresAt >= before + SHORT.room.joined);
        await until(first + 1);
        assert.equal((await room.host.get()).status, 200);
        await assertExpires(room.guest, expiresAt);
      });

    test("does not begin anew with reads, wrong requests, or a stranger's", async () => {
      const { host, guest, stranger } = await joinedRoom(short());
      const { expiresAt } = await host.room();
      await until(expiresAt - SHORT.room.joined / 2);
      await guest.get("/candidates");
      await stranger.lookUp();
      await stranger.join();
      await guest.answer();
      await guest.offer();
      await host.offer({ sdp: "" });
      await host.but({ token: "x" }).candidate(candidate("a"));
      assert.equal((await host.room()).expiresAt, expiresAt);
      await assertExpires(host, expiresAt);
    });

    test("may go on for longer than any status lasts, with all that is in the room", async () => {
      const { host, guest } = await pairedRoom(short());
      const { offer, answer } = await host.room();
      const start = Date.now();
      for (let i = 0; Date.now() < start + 2.2 * SHORT.room.paired; i++) {
        await sleep(SHORT.room.paired / 2);
        assertDone(await guest.candidate(candidate(`candidate ${i}`)));
      }
      const room = await guest.room();
      assert.deepEqual([room.status, room.offer, room.answer], ["paired", offer, answer]);
    });
  });

  test("a read that waits in a room whose time is over is 404", async () => {
    const { host, guest } = await joinedRoom(short());
    const { expiresAt } = await host.room();
    const tag = (await guest.get()).headers.get("ETag");
    const reads = await Promise.all([
      guest.get("?wait=20"),
      guest.get("?wait=20", { "If-None-Match": tag }),
      guest.get("/candidates?wait=20"),
    ]);
    reads.forEach(assertNoRoom);
    assert.ok(Date.now() >= expiresAt);
  });

  describe("a closed room", { concurrency: true }, () => {
    test("does not come back when the time of the closed status is over", async () => {
      const room = await closedRoom(short());
      const openOne = await openRoom(short());
      assertDone(await openOne.host.close());
      await sleep(2 * SHORT.room.closed + 500);
      for (const one of [room, openOne])
        for (const call of everyCall(one)) assertNoRoom(await call);
    });
  });

  describe("a candidate", { concurrency: true }, () => {
    const names = async (player, query) => (await player.items(query)).map((one) => one.candidate);

    test("is there for its time, and the room stays", async () => {
      const { host, guest } = await pairedRoom(short());
      const before = Date.now();
      assertDone(await host.candidate(candidate("a")));
      const after = Date.now();
      for (let there = true; there;) {
        const asked = Date.now();
        const seen = await names(guest);
        if (Date.now() < before + SHORT.room.ice) assert.deepEqual(seen, ["a"], "gone too early");
        there = asked < after + SHORT.room.ice;
        if (!there) assert.deepEqual(seen, []);
      }
      assert.equal((await guest.room()).status, "paired");
    });

    test("has a time of its own, which others do not renew", async () => {
      const { host, guest } = await pairedRoom(short());
      assertDone(await host.candidate(candidate("early")));
      const over = Date.now() + SHORT.room.ice;
      await sleep(SHORT.room.ice / 2);
      assertDone(await host.candidate(candidate("late")));
      await until(over + 1);
      const seen = await names(guest);
      if (Date.now() < over + SHORT.room.ice / 2) assert.deepEqual(seen, ["late"]);
    });

    test("that is gone makes since unknown: what is left is answered in full", async () => {
      const { host, guest } = await pairedRoom(short());
      assertDone(await host.candidate(candidate("early")));
      const { lastSeq } = (await guest.get("/candidates")).body;
      await sleep(SHORT.room.ice + 10);
      assertDone(await host.candidate(candidate("late")));
      const { body } = await guest.get(`/candidates?since=${lastSeq}`);
      assert.deepEqual([body.mode, body.items], ["full", [candidate("late")]]);
    });

    test("that is gone leaves its Idempotency-Key used for as long as the room lives", async () => {
      const { host, guest } = await pairedRoom(short());
      const key = { "Idempotency-Key": "k" };
      assertDone(await host.candidate(candidate("a"), key));
      await sleep(SHORT.room.ice + 10);
      assertDone(await host.candidate(candidate("b"), key));
      assert.deepEqual(await names(guest), []);
    });

    test("that is gone may come again", async () => {
      const { host, guest } = await pairedRoom(short());
      assertDone(await host.candidate(candidate("a")));
      await sleep(SHORT.room.ice + 10);
      assert.deepEqual(await names(guest), []);
      assertDone(await host.candidate(candidate("a")));
      assert.deepEqual(await names(guest), ["a"]);
    });
  });
});
