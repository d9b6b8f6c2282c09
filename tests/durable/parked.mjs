// A reader who waits is parked in the object, and answered by the write that it waits for: not before, not by anything else, and in the
// same moment.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inParallel, settlesWithin } from "../api/helpers.mjs";
import { assertDone, candidate, offeredRoom } from "../api/rooms/room.mjs";
import { figures, row } from "../workerd/figures.mjs";
import { Random } from "../workerd/random.mjs";
import { WAIT, atOnce, caller, rounds } from "./stage.mjs";
import { WAITING } from "./waiting.mjs";

const TRIES = rounds(10, 200);
const POLLERS = 50; // at one time
const AIM = 20; // ms; median
const ENDLESS = "answers to offers";
const POLL_EVERY = 1000; // ms
const SOON = 10_000; // ms; less than WAIT, and more than any answer takes
const SAME_MAX = 10; // readers of one waiter

let api;
before(async () => (api = await caller()));

/** A read that waits, and whether it is answered yet. It is parked by now: what was asked after it has been answered. */
async function park({ look }, wait = WAIT) {
  const reader = { answered: false, answer: look(wait) };
  reader.answer = reader.answer.then((answer) => ((reader.answered = true), answer));
  await look(0);
  return reader;
}

/** The answer to a reader who does not wait any more. */
async function answered({ answer }) {
  assert.ok(await settlesWithin(answer, SOON), "it still waits");
  return answer;
}

/** How much later than the writer the reader is answered, ms; in one request. */
async function parkedTry(waiting) {
  const reader = await park(waiting);
  const written = await waiting.write();
  const read = await answered(reader);
  assert.ok(waiting.isNews(read), read.text);
  return { late: read.at - written.at, requests: 1 };
}

/** The same for a reader who asks each second. */
async function polledTry(waiting, phase) {
  let requests = 0;
  const poll = async () => {
    for (;;) {
      const read = await waiting.look(0);
      requests++;
      if (waiting.isNews(read)) return read;
      await sleep(POLL_EVERY);
    }
  };
  const write = () => sleep(phase).then(() => waiting.write());
  const [written, read] = await Promise.all([write(), poll()]);
  return { late: read.at - written.at, requests };
}

const columns = (tries) => [
  ...figures(tries, "late").map((ms) => ms.toFixed(1)),
  ...figures(tries, "requests").slice(0, 1),
];

describe(`a reader who waits, ${TRIES} times over, is answered by the write, with one request`, () => {
  for (const [name, enter] of Object.entries(WAITING))
    test(name, async (t) => {
      const parked = [];
      for (let i = 0; i < TRIES; i++) parked.push(await parkedTry(await enter(api)));
      const random = new Random(1);
      const phases = Array.from({ length: TRIES }, () => random.whole(0, POLL_EVERY));
      const poll = async (phase) => polledTry(await enter(api), phase);
      const polled = await inParallel(phases, poll, POLLERS);
      const names = ["median", "p95", "max", "reads"];
      t.diagnostic(row(`${name}: ms after the writer's answer (aim ${AIM})`, names, 64));
      t.diagnostic(row("  with wait", columns(parked), 64));
      t.diagnostic(row("  asking each second", columns(polled), 64));
    });
});

describe("a reader who waits", () => {
  for (const [name, enter] of Object.entries(WAITING)) {
    test(`for ${name} is one of ${SAME_MAX}; one more, and the first is answered, with nothing`, async () => {
      const waiting = await enter(api);
      const readers = [];
      while (readers.length <= SAME_MAX) readers.push(await park(waiting));
      const first = await answered(readers[0]);
      assert.ok([200, 304].includes(first.status) && !waiting.isNews(first), first.text);
      const rest = readers.slice(1);
      assert.deepEqual(
        rest.filter(({ answered }) => answered),
        [],
      );
      await waiting.write();
      for (const reader of rest) assert.ok(waiting.isNews(await answered(reader)));
    });

    test(`for ${name} is answered at the end of its time, with nothing`, async () => {
      const waiting = await enter(api);
      const answer = await waiting.look(1);
      assert.ok([200, 304].includes(answer.status) && !waiting.isNews(answer), answer.text);
      assert.ok(waiting.isNews(await waiting.write().then(() => waiting.look(0))));
    });

    test(`for ${name} is not disturbed by others who read`, async () => {
      const waiting = await enter(api);
      const reader = await park(waiting);
      await atOnce(20, () => waiting.look(0));
      assert.equal(reader.answered, false);
      await waiting.write();
      assert.ok(waiting.isNews(await answered(reader)));
    });
  }

  for (const [name, enter] of Object.entries(WAITING).filter(([name]) => name !== ENDLESS))
    test(`for ${name} is told at once when there is no such thing any more`, async () => {
      const [waiting, elsewhere] = [await enter(api), await enter(api)];
      const other = await park(elsewhere);
      const reader = await park(waiting);
      await waiting.end();
      assert.equal((await answered(reader)).status, 404);
      assert.equal(other.answered, false, "who waits elsewhere still waits");
      await elsewhere.write();
      await answered(other);
    });

  test("is not disturbed by those who leave while they wait", async () => {
    const { host, guest } = await offeredRoom(api);
    const reader = await park({ look: (wait) => host.get(`/candidates?wait=${wait}`) });
    const path = `/rooms/${host.code}/candidates?wait=${WAIT}`;
    const head = await api.head("GET", path, { "X-Access-Token": host.token });
    await atOnce(SAME_MAX - 1, () => api.leave([head]));
    assertDone(await guest.candidate(candidate("news")));
    assert.equal((await answered(reader)).body.items.length, 1);
    assertDone(await guest.candidate(candidate("more")));
    assert.equal((await host.items()).length, 2);
  });

  test("in a room hears of its own news only", async () => {
    const { host, guest } = await offeredRoom(api);
    const seen = { "If-None-Match": (await host.get()).headers.get("ETag") };
    const reader = await park({ look: (wait) => host.get(`?wait=${wait}`, seen) });
    for (const name of ["one", "two"]) assertDone(await guest.candidate(candidate(name)));
    assert.equal(reader.answered, false, "candidates are no news of the room");
    assertDone(await guest.answer());
    assert.equal((await answered(reader)).body.status, "paired");
  });
});
