// How many wait in one object, and for how long: worker/parked.js by itself, on a clock that only the tests move.

import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Parked, isAmong } from "../../worker/parked.js";

const PARKED_MAX = 5000;
const SAME_MAX = 10;
const SECOND = 1000; // ms
const NOTHING = { wait: 5, body: "nothing" };

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
});

/** A reader of what is under `room/A/`, unless it is said otherwise; `reply` is what it would be told. */
function reader(changes) {
  const made = {
    waiter: "ann",
    until: Date.now() + 5 * SECOND,
    prefixes: new Set(["room/A/"]),
    reply: NOTHING,
    looks: 0,
    told: undefined,
    again: async () => (made.looks++, made.reply),
    ...changes,
  };
  return made;
}

/** Holds it, and notes what it is told. */
function hold(parked, changes) {
  const held = reader(changes);
  parked.hold(held).then((reply) => (held.told = reply));
  return held;
}

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a reader", () => {
  test("is told what was written where it looked, once it is news", async () => {
    const parked = new Parked();
    const held = hold(parked);
    parked.tell([{ key: "room/B/1" }]);
    assert.equal(held.looks, 0, "nothing was written where it looked");
    parked.tell([{ key: "room/A/1" }]);
    await settle();
    assert.deepEqual([held.looks, held.told], [1, undefined], "it was no news");
    held.reply = { wait: 0, body: "news" };
    parked.tell([{ key: "room/A/2" }]);
    await settle();
    assert.equal(held.told.body, "news");
    parked.tell([{ key: "room/A/3" }]);
    assert.equal(held.looks, 2, "it waits no longer");
  });

  test("is told what there is when its time is over, and not before", async () => {
    const held = hold(new Parked());
    mock.timers.tick(5 * SECOND - 1);
    await settle();
    assert.equal(held.told, undefined);
    mock.timers.tick(1);
    await settle();
    assert.equal(held.told, NOTHING);
  });

  test("whose look fails is answered with the failure", async () => {
    const parked = new Parked();
    const again = () => Promise.reject(new Error("too many runs"));
    const told = parked.hold(reader({ again }));
    parked.tell([{ key: "room/A/1" }]);
    await assert.rejects(told, /too many runs/);
  });
});

test(`one waiter has ${SAME_MAX} readers at the most: one more, and the first is answered`, async () => {
  const parked = new Parked();
  const held = Array.from({ length: SAME_MAX }, () => hold(parked));
  const other = hold(parked, { waiter: "bob" });
  await settle();
  assert.ok(held.every(({ told }) => told === undefined));
  for (let i = 0; i < 3; i++) {
    held.push(hold(parked));
    await settle();
    const answered = held.filter(({ told }) => told !== undefined);
    assert.deepEqual(answered, held.slice(0, i + 1));
  }
  assert.equal(other.told, undefined);
});

test(`${PARKED_MAX} readers wait in one object at the most: who comes then is answered at once`, async () => {
  const parked = new Parked();
  const held = Array.from({ length: PARKED_MAX }, (_, i) => hold(parked, { waiter: `${i}` }));
  const late = hold(parked, { waiter: "late" });
  await settle();
  assert.equal(late.told, NOTHING);
  assert.ok(held.every(({ told }) => told === undefined));
  mock.timers.tick(5 * SECOND);
  await settle();
  assert.ok(
    held.every(({ told }) => told === NOTHING),
    "the others' time went on",
  );
  const next = hold(parked, { waiter: "next" });
  await settle();
  assert.equal(next.told, undefined, "there is room again");
});

test("what is written is told by the prefixes of keys that were looked at", () => {
  const edits = [{ key: "room/A/1" }, { key: "topic/x/2" }];
  assert.ok(isAmong(edits, new Set(["room/B/", "topic/x/"])));
  assert.ok(isAmong(edits, ["room/A/1"]));
  assert.ok(!isAmong(edits, ["room/A/11", "room/B/"]));
  assert.ok(!isAmong([], ["room/"]));
});
