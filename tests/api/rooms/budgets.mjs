// Rate limits, on a server that has them on. Budgets of Workers are counted in windows of the clock: a
// test that a window ended in begins again, with somebody new.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { example } from "../document.mjs";
import { Api, inParallel } from "../helpers.mjs";
import {
  NO_SUCH_ROOM,
  Player,
  VERSION,
  assertDone,
  assertNoRoom,
  assertRoomError,
  candidate,
  joinedRoom,
  openRoom,
  strangeToken,
} from "./room.mjs";

const CREATE = 5; // a minute and address
const LOOK_UP = 5; // a minute and address
const JOIN = 10; // a minute and address, and a minute and room
const WRONG = 10; // join codes a minute and room
const POLL = 20; // in 10 s, token and read
const CHANGES = 200; // in 5 minutes and room
const MINUTE = 60_000; // ms
const TEN_SECONDS = 10_000; // ms

/** Somebody who calls from an address of their own, or from the given one. */
class Caller extends Api {
  constructor(address = randomAddress()) {
    super("limited");
    this.address = address;
  }

  request(method, path, options = {}) {
    const headers = { "CF-Connecting-IP": this.address, ...options.headers };
    return super.request(method, path, { ...options, headers });
  }
}

/** Of 10.0.0.0/8, or of a network of 64 bits in 2001:db8::/32. */
function randomAddress() {
  return `10.${[...randomBytes(3)].join(".")}`;
}

function randomNetwork() {
  const [a, b] = [randomBytes(2), randomBytes(2)].map((bytes) => bytes.toString("hex"));
  return (rest) => `2001:db8:${a}:${b}:${rest}`;
}

/** Runs the body, again where a window of that many ms ended in it. */
async function inOneWindow(length, body) {
  for (;;) {
    const window = Math.floor(Date.now() / length);
    try {
      return await body();
    } catch (error) {
      if (Math.floor(Date.now() / length) === window) throw error;
    }
  }
}

function assertLimited(answer, most) {
  assertRoomError(answer, 429, "rate_limited");
  assert.ok(answer.body.error.retryAfterSec <= most, answer.text);
}

/** The budget lets `count` calls through, and then none. */
async function assertBudget(count, most, call, allowed) {
  for (let i = 0; i < count; i++) {
    const { status, text } = await call();
    assert.equal(status, allowed, `${i + 1}: ${text}`);
  }
  for (let i = 0; i < 2; i++) assertLimited(await call(), most);
}

const create = (api) => api.post("/rooms", example("createRoom", "host"), VERSION);
const someRoom = (api) => new Player(api, NO_SUCH_ROOM);
const wrongCode = ({ joinCode }) => (joinCode === "000000" ? "000001" : "000000");

/** An open room of a host whose address has its budget still. */
const room = () => openRoom(new Caller());

// All at once: together they take as long as the longest of them.
describe("of budgets", { concurrency: true }, () => {
  describe("an address", { concurrency: true }, () => {
    const BUDGETS = {
      "makes 5 rooms a minute": [CREATE, create, 201],
      "looks up 5 rooms a minute, those that are not there too": [
        LOOK_UP,
        (api) => someRoom(api).lookUp(),
        404,
      ],
      "tries to join 10 times a minute": [JOIN, (api) => roomNobodyHas(api).join(), 404],
    };
    for (const [says, [count, call, allowed]] of Object.entries(BUDGETS)) {
      test(`${says}, and another one has its own`, () =>
        inOneWindow(MINUTE, async () => {
          const api = new Caller();
          await assertBudget(count, 60, () => call(api), allowed);
          assert.equal((await call(new Caller())).status, allowed);
        }));

      test(`${says}, under any Origin`, () =>
        inOneWindow(MINUTE, async () => {
          const address = randomAddress();
          await assertBudget(count, 60, () => call(new Caller(address)), allowed);
        }));

      test(`${says}: of IPv6, each network of 64 bits`, () =>
        inOneWindow(MINUTE, async () => {
          const network = randomNetwork();
          let host = 0;
          const from = (rest) => call(new Caller(rest));
          await assertBudget(count, 60, () => from(network(`${++host}:2:3:ff`)), allowed);
          assertLimited(await from(network(":1")), 60); // the same, written short
          assert.equal((await from(randomNetwork()("1:2:3:4"))).status, allowed);
        }));
    }

    /** A code of its own each time, so that the budget of a room does not matter. */
    function roomNobodyHas(api) {
      const code = randomBytes(4)
        .toString("hex")
        .toUpperCase()
        .replaceAll(/[018B]/g, "Z");
      return new Player(api, code);
    }

    test("has a budget for each of the three", () =>
      inOneWindow(MINUTE, async () => {
        const api = new Caller();
        await assertBudget(CREATE, 60, () => create(api), 201);
        await assertBudget(LOOK_UP, 60, () => someRoom(api).lookUp(), 404);
        await assertBudget(JOIN, 60, () => roomNobodyHas(api).join(), 404);
      }));

    test("whose budget is used up plays on in the rooms that it has", () =>
      inOneWindow(MINUTE, async () => {
        const api = new Caller();
        const { host } = await openRoom(api);
        await assertBudget(CREATE - 1, 60, () => create(api), 201);
        assertDone(await host.offer());
        assert.equal((await host.get()).status, 200);
        assertDone(await host.close());
      }));

    test("has no budget for health, topics and sessions", async () => {
      const api = new Caller();
      for (let i = 0; i < 40; i++) {
        assert.equal((await api.get("/health")).status, 200);
        await api.offer("a");
      }
    });
  });

  describe("a room", { concurrency: true }, () => {
    test("takes 10 wrong join codes a minute, from any addresses, and then not the right one either", () =>
      inOneWindow(MINUTE, async () => {
        const { made, code } = await room();
        const join = (joinCode) => new Player(new Caller(), code).join({ joinCode });
        for (let i = 0; i < WRONG; i++)
          assertRoomError(await join(wrongCode(made)), 403, "bad_join_code");
        assertLimited(await join(wrongCode(made)), 60);
        assertLimited(await join(made.joinCode), 60);
        assertLimited(await join(made.joinCode), 60);
      }));

    test("that is guessed at does not lock another, nor its own host out", () =>
      inOneWindow(MINUTE, async () => {
        const { made, host } = await room();
        const join = (joinCode) => host.but({ api: new Caller() }).join({ joinCode });
        for (let i = 0; i < WRONG; i++) await join(wrongCode(made));
        assertLimited(await join(made.joinCode), 60);
        assertDone(await host.offer());
        assert.equal((await host.room()).status, "open");
        const other = await room();
        assert.equal((await other.stranger.join({ joinCode: other.made.joinCode })).status, 200);
      }));

    test("takes the right join code after 9 wrong ones", () =>
      inOneWindow(MINUTE, async () => {
        const { made, code } = await room();
        const join = (joinCode) => new Player(new Caller(), code).join({ joinCode });
        for (let i = 0; i < WRONG - 1; i++)
          assertRoomError(await join(wrongCode(made)), 403, "bad_join_code");
        assert.equal((await join(made.joinCode)).status, 200);
      }));

    test("is asked to join 10 times a minute, in whatever way its code is written", () =>
      inOneWindow(MINUTE, async () => {
        const { code } = await joinedRoom(new Caller()); // the first of them
        const written = [code, code.toLowerCase(), `${code.slice(0, 4)}-${code.slice(4)}`];
        let count = 0;
        const join = () => new Player(new Caller(), written[count++ % 3]).join();
        await assertBudget(JOIN - 1, 60, join, 409);
      }));

    test("takes 200 offers, answers and candidates in 5 minutes, of both sides together", async () => {
      const { host, guest } = await joinedRoom(new Caller());
      const calls = [
        (i) => host.candidate(candidate(`host ${i % 30}`)),
        (i) => guest.candidate(candidate(`guest ${i % 30}`)),
        () => host.offer(),
      ];
      for (let i = 0; i < CHANGES - 2; i++) assertDone(await calls[i % 3](i));
      assertDone(await guest.answer());
      assertDone(await host.offer({ generation: 2 }));
      for (const answer of [
        await host.candidate(candidate("one more")),
        await guest.candidate(candidate("one more")),
        await host.offer({ generation: 2 }),
        await guest.answer({ generation: 2 }),
      ])
        assertLimited(answer, 300);
      assert.equal((await host.room()).status, "paired");
      assertDone(await host.close());
      const other = await joinedRoom(new Caller());
      assertDone(await other.host.offer());
    });
  });

  describe("a token", { concurrency: true }, () => {
    const reads = (player) => ["", "/candidates"].map((rest) => () => player.get(rest));

    test("reads 20 times in 10 seconds, each of the two", () =>
      inOneWindow(TEN_SECONDS, async () => {
        const { host } = await room();
        for (const read of reads(host)) await assertBudget(POLL, 10, read, 200);
      }));

    test("is served again after Retry-After", async () => {
      const { host } = await room();
      let answer;
      while ((answer = await host.get()).status === 200);
      assertLimited(answer, 10);
      await sleep(Number(answer.headers.get("Retry-After")) * 1000);
      assert.equal((await host.get()).status, 200);
    });

    test("has its own budget: that of host and guest, and of two rooms, are not the same", () =>
      inOneWindow(TEN_SECONDS, async () => {
        const { host, guest } = await joinedRoom(new Caller());
        const [read] = reads(host);
        await assertBudget(POLL, 10, read, 200);
        for (const player of [guest, guest.but({ api: new Caller() }), (await room()).host])
          assert.equal((await player.get()).status, 200);
        assertLimited(await host.but({ api: new Caller() }).get(), 10);
      }));

    test("spends one for a read that brings 304", () =>
      inOneWindow(TEN_SECONDS, async () => {
        const { host } = await room();
        await assertBudget(POLL, 10, () => host.get("", { "If-None-Match": "*" }), 304);
      }));

    test("spends one for a read that waits, however long", async () => {
      const { host } = await room();
      for (const rest of ["", "/candidates"]) {
        const answers = await Promise.all([1, 2, 3].map((i) => host.get(`${rest}?wait=${i}`)));
        for (const { status } of answers) assert.equal(status, 200);
      }
      await inOneWindow(TEN_SECONDS, async () => {
        const one = (await room()).host;
        await one.get("?wait=2");
        await assertBudget(POLL - 1, 10, () => one.get(), 200);
      });
    });

    test("that is none has a budget too", () =>
      inOneWindow(TEN_SECONDS, async () => {
        const { host } = await room();
        const stranger = host.but({ token: strangeToken() });
        await assertBudget(POLL, 10, () => stranger.get(), 403);
        assert.equal((await host.get()).status, 200);
      }));

    test("in another room that is not there is limited in the same way", () =>
      inOneWindow(TEN_SECONDS, async () => {
        const { host } = await room();
        const lost = host.but({ code: NO_SUCH_ROOM });
        assertNoRoom(await lost.get());
        await assertBudget(POLL - 1, 10, () => lost.get(), 404);
      }));
  });

  describe("with RATE_LIMITS=off", { concurrency: true }, () => {
    test("nothing of it holds", async () => {
      const api = new Api();
      const { made, host, stranger } = await openRoom(api);
      const often = (count, call) => inParallel(Array(count), call);
      await often(2 * JOIN + 1, async () => {
        assert.equal((await create(api)).status, 201);
        assert.equal((await stranger.lookUp()).status, 200);
        const wrong = await stranger.join({ joinCode: wrongCode(made) });
        assertRoomError(wrong, 403, "bad_join_code");
      });
      await often(2 * POLL, async () => {
        for (const rest of ["", "/candidates"]) assert.equal((await host.get(rest)).status, 200);
      });
      assert.equal((await stranger.join({ joinCode: made.joinCode })).status, 200);
      await often(CHANGES + 5, async () => assertDone(await host.candidate(candidate("a"))));
      assertDone(await host.offer());
    });
  });
});
