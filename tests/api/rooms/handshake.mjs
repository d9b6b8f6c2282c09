// POST /rooms/:code/offer and /answer, what GET /rooms/:code shows of them, and renegotiation.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inParallel } from "../helpers.mjs";
import {
  LIFE,
  SDP_MAX,
  assertDone,
  assertForbidden,
  assertRoomError,
  joinedRoom,
  offeredRoom,
  openRoom,
  pairedRoom,
  sdp,
  stateOf,
} from "./room.mjs";

const SIDES = {
  offer: async (fields) => {
    const room = await joinedRoom();
    return { ...room, answered: await room.host.offer(fields) };
  },
  answer: async (fields) => {
    const room = await offeredRoom();
    return { ...room, answered: await room.guest.answer(fields) };
  },
};

const lines = (...starts) => starts.map((start) => `${start}=x\r\n`).join("");
const GOOD = {
  "20480 bytes": sdp("long", SDP_MAX),
  "20480 bytes in two-byte characters": fill("é", SDP_MAX),
  "the five lines alone": lines("v", "o", "s", "t", "m"),
  "its lines in another order": lines("m", "t", "s", "o", "v"),
  "lines that end in LF only": sdp("x").replaceAll("\r\n", "\n"),
  "lines twice": sdp("x") + lines("m", "t"),
  "characters of all kinds": `${sdp("x")}a=é😀\u0001"\\/\u2028\r\n`,
};

/** SDP of exactly so many bytes, filled with one character. */
function fill(character, bytes) {
  const start = sdp("x");
  const room = bytes - Buffer.byteLength(start);
  const size = Buffer.byteLength(character);
  return start + character.repeat(Math.floor(room / size)) + "x".repeat(room % size);
}

const BAD = {
  missing: undefined,
  null: null,
  empty: "",
  "a number": 5,
  true: true,
  "an array": [sdp("x")],
  "an object": { sdp: sdp("x") },
  "any text": "hello",
  "JSON of its own": JSON.stringify({ type: "offer", sdp: sdp("x") }),
  "without v=": lines("o", "s", "t", "m"),
  "without o=": lines("v", "s", "t", "m"),
  "without s=": lines("v", "o", "t", "m"),
  "without t=": lines("v", "o", "s", "m"),
  "without m=": lines("v", "o", "s", "t"),
  "with m= inside a line only": `${lines("v", "o", "s", "t")}a=m=x\r\n`,
  "with all in one line": "v=0 o=1 s=- t=0 m=x",
  "in upper case": lines("V", "O", "S", "T", "M"),
};

for (const [type, send] of Object.entries(SIDES)) {
  describe(`the SDP of an ${type}`, { concurrency: true }, () => {
    for (const [says, text] of Object.entries(GOOD))
      test(`may have ${says}, and comes back as it was`, async () => {
        const { answered, host, guest } = await send({ sdp: text });
        assertDone(answered);
        for (const player of [host, guest])
          assert.deepEqual((await player.room())[type], { type, sdp: text });
      });

    for (const [says, text] of Object.entries(BAD))
      test(`that is ${says} is 400, and nothing is stored`, async () => {
        const { answered, host } = await send({ sdp: text });
        assertRoomError(answered, 400, "bad_sdp");
        assert.equal((await host.room())[type], null);
      });

    for (const [says, text] of Object.entries({
      "20481 bytes": sdp("long", SDP_MAX + 1),
      "20481 bytes in fewer characters": fill("é", SDP_MAX + 1),
      "20481 bytes in far fewer characters": fill("😀", SDP_MAX + 1),
      "60000 bytes": sdp("long", 60_000),
    }))
      test(`that has ${says} is 413, and nothing is stored`, async () => {
        const { answered, host } = await send({ sdp: text });
        assertRoomError(answered, 413, "bad_sdp");
        assert.equal((await host.room())[type], null);
      });
  });

  describe(`the type of an ${type}`, { concurrency: true }, () => {
    const wrong = [undefined, null, "", 5, true, [type], {}, type.toUpperCase(), `${type} `];
    wrong.push(type === "offer" ? "answer" : "offer", "pranswer", "rollback");
    for (const other of wrong)
      test(`that is ${JSON.stringify(other)} is 400`, async () => {
        const { answered, host } = await send({ type: other });
        assertRoomError(answered, 400, "bad_sdp");
        assert.equal((await host.room())[type], null);
      });
  });
}

describe("an offer", { concurrency: true }, () => {
  test("may come before anybody joins, and stays when somebody does", async () => {
    const { host, stranger, made } = await openRoom();
    assertDone(await host.offer({ sdp: sdp("early") }));
    assert.equal((await host.room()).status, "open");
    const { body } = await stranger.join({ joinCode: made.joinCode });
    const room = await host.but({ token: body.guestToken }).room();
    assert.deepEqual([room.status, room.offer.sdp], ["joined", sdp("early")]);
  });

  test("may be replaced until the room is paired, which then shows the one that was answered", async () => {
    const { host, guest } = await joinedRoom();
    for (const tag of ["one", "two", "three"]) {
      assertDone(await host.offer({ sdp: sdp(tag) }));
      for (const player of [host, guest]) {
        const room = await player.room();
        assert.deepEqual([room.offer.sdp, room.generation], [sdp(tag), 1]);
      }
    }
    assertDone(await guest.answer());
    assertRoomError(await host.offer({ sdp: sdp("four") }), 409, "already_paired");
    assert.equal((await host.room()).offer.sdp, sdp("three"));
  });

  test("of several at once is one of them, and the same one for both", async () => {
    const { host, guest } = await joinedRoom();
    const tags = ["a", "b", "c", "d", "e", "f"];
    for (const generation of [1, 2]) {
      const offers = await inParallel(tags, (tag) => host.offer({ sdp: sdp(tag), generation }), 6);
      offers.forEach(assertDone);
      const { offer, ...room } = await host.room();
      assert.ok(tags.some((tag) => sdp(tag) === offer.sdp));
      assert.deepEqual([room.generation, room.answer], [generation, null]);
      assertDone(await guest.answer({ generation }));
      for (const player of [host, guest]) assert.deepEqual((await player.room()).offer, offer);
    }
  });

  test("after pairing is 409 and changes nothing, the same one too", async () => {
    const room = await pairedRoom();
    const before = await stateOf(room);
    for (const fields of [{}, { sdp: sdp("new") }, { generation: null }, { generation: 1 }])
      assertRoomError(await room.host.offer(fields), 409, "already_paired");
    assert.deepEqual(await stateOf(room), before);
  });
});

describe("an answer", { concurrency: true }, () => {
  test("pairs the room, and both see it", async () => {
    const { host, guest } = await offeredRoom();
    const before = Date.now();
    assertDone(await guest.answer({ sdp: sdp("answer") }));
    for (const player of [host, guest]) {
      const room = await player.room();
      assert.equal(room.status, "paired");
      assert.deepEqual(room.answer, { type: "answer", sdp: sdp("answer") });
      assert.ok(room.expiresAt >= before + LIFE.paired);
      assert.ok(room.expiresAt <= Date.now() + LIFE.paired);
    }
  });

  test("before the offer is 409, and the room stays joined", async () => {
    const { guest } = await joinedRoom();
    assertRoomError(await guest.answer(), 409, "no_offer");
    const room = await guest.room();
    assert.deepEqual([room.status, room.answer], ["joined", null]);
  });

  test("after pairing is 409 and changes nothing, the same one too", async () => {
    const room = await pairedRoom();
    const before = await stateOf(room);
    for (const fields of [{}, { sdp: sdp("new") }, { generation: 1 }, { generation: 2 }])
      assertRoomError(await room.guest.answer(fields), 409, "already_paired");
    assert.deepEqual(await stateOf(room), before);
  });

  test("of several at once is one of them, and stays that one", async () => {
    const { host, guest } = await offeredRoom();
    const tags = ["a", "b", "c", "d", "e", "f"];
    const answers = await inParallel(tags, (tag) => guest.answer({ sdp: sdp(tag) }), 6);
    for (const answer of answers)
      if (answer.status !== 204) assertRoomError(answer, 409, "already_paired");
    const { sdp: won } = (await host.room()).answer;
    const winner = tags.findIndex((tag) => sdp(tag) === won);
    assert.equal(answers[winner].status, 204);
    for (const player of [guest, host, guest]) assert.equal((await player.room()).answer.sdp, won);
  });
});

describe("the snapshot", { concurrency: true }, () => {
  test("shows the room as it goes from open to paired", async () => {
    const { host, stranger, made } = await openRoom();
    let { updatedAt, ...room } = await host.room();
    assert.deepEqual(room, {
      status: "open",
      offer: null,
      answer: null,
      expiresAt: made.expiresAt,
    });
    assert.ok(!("generation" in room));
    const { body } = await stranger.join({ joinCode: made.joinCode });
    const guest = host.but({ token: body.guestToken });
    room = await guest.room();
    assert.deepEqual([room.status, room.offer, room.answer], ["joined", null, null]);
    assert.ok(!("generation" in room));
    await host.offer();
    room = await guest.room();
    assert.deepEqual([room.status, room.answer, room.generation], ["joined", null, 1]);
    await guest.answer();
    room = await host.room();
    assert.deepEqual([room.status, room.generation], ["paired", 1]);
    assert.equal(room.answer.type, "answer");
  });

  test("is the same for host and guest", async () => {
    const { host, guest } = await pairedRoom();
    assert.deepEqual(await host.room(), await guest.room());
  });

  test("says in updatedAt when status, offer or answer changed, and nothing else moves it", async () => {
    const { host, stranger, made } = await openRoom();
    const guest = host.but({ token: undefined });
    const join = async () => {
      guest.token = (await stranger.join({ joinCode: made.joinCode })).body.guestToken;
    };
    const steps = [
      join,
      () => host.offer({ sdp: sdp("one") }),
      () => host.offer({ sdp: sdp("two") }),
      () => guest.answer(),
      () => host.offer({ generation: 2 }),
      () => guest.answer({ generation: 2 }),
    ];
    let { updatedAt } = await host.room();
    for (const step of steps) {
      const before = Date.now();
      await step();
      const room = await host.room();
      assert.ok(room.updatedAt > updatedAt, "it does not grow");
      assert.ok(room.updatedAt >= before && room.updatedAt <= Date.now());
      ({ updatedAt } = room);
    }
    await host.candidate({ candidate: "a" });
    await host.offer(); // refused
    assert.equal((await host.room()).updatedAt, updatedAt);
  });

  test("says in expiresAt that each change renews the time, and no read and no refusal does", async () => {
    const { host, guest } = await offeredRoom();
    const answered = async (send, life) => {
      const before = Date.now();
      assertDone(await send());
      const { expiresAt } = await host.room();
      assert.ok(expiresAt >= before + life && expiresAt <= Date.now() + life);
      return expiresAt;
    };
    await answered(() => host.offer(), LIFE.joined);
    await answered(() => host.candidate({ candidate: "a" }), LIFE.joined);
    await answered(() => guest.candidate({ candidate: "b" }), LIFE.joined);
    await answered(() => guest.answer(), LIFE.paired);
    await answered(() => guest.candidate({ candidate: "c" }), LIFE.paired);
    await answered(() => host.offer({ generation: 2 }), LIFE.paired);
    await answered(() => guest.answer({ generation: 2 }), LIFE.paired);
    const expiresAt = await answered(() => host.candidate({ candidate: "d" }), LIFE.paired);
    await host.offer();
    await guest.answer();
    await guest.close();
    await host.candidate({ candidate: "" });
    await host.get("/candidates");
    assert.equal((await guest.room()).expiresAt, expiresAt);
  });
});

describe("a renegotiation", { concurrency: true }, () => {
  test("takes the answer away until the guest answers, and the room stays paired", async () => {
    const { host, guest } = await pairedRoom();
    const first = await host.room();
    assertDone(await host.offer({ sdp: sdp("restart"), generation: 2 }));
    for (const player of [host, guest]) {
      const room = await player.room();
      assert.deepEqual(room.offer, { type: "offer", sdp: sdp("restart") });
      assert.deepEqual([room.status, room.answer, room.generation], ["paired", null, 2]);
      assert.ok(room.updatedAt > first.updatedAt);
    }
    assertDone(await guest.answer({ sdp: sdp("again"), generation: 2 }));
    for (const player of [host, guest]) {
      const room = await player.room();
      assert.deepEqual([room.status, room.generation], ["paired", 2]);
      assert.deepEqual([room.offer.sdp, room.answer.sdp], [sdp("restart"), sdp("again")]);
    }
  });

  test("may be repeated, each with a generation of its own", async () => {
    const { host, guest } = await pairedRoom();
    for (let generation = 2; generation <= 5; generation++) {
      assertDone(await host.offer({ sdp: sdp(`offer ${generation}`), generation }));
      assertDone(await guest.answer({ sdp: sdp(`answer ${generation}`), generation }));
      const room = await guest.room();
      assert.equal(room.generation, generation);
      assert.equal(room.offer.sdp, sdp(`offer ${generation}`));
      assert.equal(room.answer.sdp, sdp(`answer ${generation}`));
    }
  });

  test("lets the host replace its offer until the answer, and not after it", async () => {
    const { host, guest } = await pairedRoom();
    for (const tag of ["one", "two", "three"]) {
      assertDone(await host.offer({ sdp: sdp(tag), generation: 2 }));
      const room = await guest.room();
      assert.deepEqual([room.offer.sdp, room.answer], [sdp(tag), null]);
    }
    assertDone(await guest.answer({ generation: 2 }));
    assertRoomError(await host.offer({ generation: 2 }), 409, "already_paired");
    assert.equal((await host.room()).offer.sdp, sdp("three"));
  });

  test("takes no offer without its generation, or with any other number", async () => {
    const room = await pairedRoom();
    const before = await stateOf(room);
    for (const generation of [undefined, null, 1, 3, 4, 100, 2 ** 31, 2 ** 53 - 1])
      assertRoomError(await room.host.offer({ generation }), 409, "already_paired");
    assert.deepEqual(await stateOf(room), before);
    assertDone(await room.host.offer({ generation: 2 }));
    for (const generation of [undefined, null, 1, 3, 4])
      assertRoomError(await room.host.offer({ generation }), 409, "already_paired");
  });

  test("takes no answer without its generation, or with any other number", async () => {
    const { host, guest } = await pairedRoom();
    assertDone(await host.offer({ generation: 2 }));
    for (const generation of [undefined, null, 1, 3, 2 ** 31])
      assertRoomError(await guest.answer({ generation }), 409, "already_paired");
    assert.equal((await host.room()).answer, null);
    assertDone(await guest.answer({ generation: 2 }));
    assertRoomError(await guest.answer({ generation: 2 }), 409, "already_paired");
    assertRoomError(await guest.answer({ generation: 3 }), 409, "already_paired");
  });

  test("is the host's to begin", async () => {
    const { guest } = await pairedRoom();
    assertForbidden(await guest.offer({ generation: 2 }), guest.token);
    assert.equal((await guest.room()).generation, 1);
  });

  for (const generation of [1, null, undefined])
    test(`has not begun before pairing: there generation ${generation} is fine`, async () => {
      const { host, guest } = await joinedRoom();
      assertDone(await host.offer({ generation }));
      assert.equal((await host.room()).generation, 1);
      assertDone(await guest.answer({ generation }));
      assert.deepEqual((({ status, generation }) => [status, generation])(await host.room()), [
        "paired",
        1,
      ]);
    });

  test("has not begun before pairing: there any other generation is 409", async () => {
    const { host, guest } = await joinedRoom();
    for (const generation of [2, 3, 2 ** 40])
      assertRoomError(await host.offer({ generation }), 409, "already_paired");
    assert.equal((await host.room()).offer, null);
    assertDone(await host.offer());
    for (const generation of [2, 3])
      for (const send of [host.offer({ generation }), guest.answer({ generation })])
        assertRoomError(await send, 409, "already_paired");
    const room = await guest.room();
    assert.deepEqual([room.status, room.answer, room.generation], ["joined", null, 1]);
  });

  for (const generation of [0, -1, 1.5, "2", "", true, [], {}, [2]])
    test(`with the generation ${JSON.stringify(generation)} is 400`, async () => {
      const { host, guest } = await pairedRoom();
      for (const send of [host.offer({ generation }), guest.answer({ generation })])
        assertRoomError(await send, 400, "bad_request");
      assert.equal((await host.room()).generation, 1);
    });
});
