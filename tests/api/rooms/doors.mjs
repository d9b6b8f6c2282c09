// POST /rooms, GET /rooms/:code/public, POST /rooms/:code/join, POST /rooms/:code/close; and how a
// room's code may be written.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, inParallel } from "../helpers.mjs";
import { example } from "../document.mjs";
import {
  LIFE,
  NO_SUCH_ROOM,
  TOKEN,
  VERSION,
  assertDone,
  assertForbidden,
  assertNoRoom,
  assertRoomError,
  candidate,
  closedRoom,
  everyCall,
  joinedRoom,
  offeredRoom,
  openRoom,
  pairedRoom,
} from "./room.mjs";

const CODE = /^[2345679ACDEFGHJKMNPQRSTUVWXYZ]{8}$/;
const create = (body, headers = VERSION) => new Api().post("/rooms", body, headers);

const NAMES = ["a", "Z", "0", "_", "-", "ann_B-7", "x".repeat(32)];
const NO_NAMES = {
  missing: undefined,
  null: null,
  empty: "",
  "33 characters": "x".repeat(33),
  "a number": 5,
  true: true,
  "an array": ["ann"],
  "an object": { name: "ann" },
  "with a space": "ann b",
  "with a space at the end": "ann ",
  "with a newline at the end": "ann\n",
  "with a dot": "ann.b",
  "with an umlaut": "änn",
  "an emoji": "😀",
  "with markup": "<b>ann",
  "in full width": "ａｎｎ",
};

describe("a room that is made", { concurrency: true }, () => {
  test("has codes, a token, and 180 seconds", async () => {
    const before = Date.now();
    const { status, body } = await create(example("createRoom", "host"));
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(body).toSorted(), ["code", "expiresAt", "joinCode", "ownerToken"]);
    assert.match(body.code, CODE);
    assert.match(body.joinCode, /^\d{6}$/);
    assert.match(body.ownerToken, TOKEN);
    assert.ok(body.expiresAt >= before + LIFE.open && body.expiresAt <= Date.now() + LIFE.open);
  });

  test("has codes and a token of its own", async () => {
    const rooms = await inParallel(Array(40), async () => (await openRoom()).made);
    for (const field of ["code", "ownerToken"])
      assert.equal(new Set(rooms.map((room) => room[field])).size, rooms.length, field);
    // 40 of a million are all the same by no chance that matters.
    assert.ok(new Set(rooms.map((room) => room.joinCode)).size > 30);
  });

  test("draws its code from all 29 characters", async () => {
    const rooms = await inParallel(Array(60), async () => (await openRoom()).code);
    // 480 characters that leave one out: once in 10^6 runs.
    assert.equal(new Set(rooms.join("")).size, 29);
  });

  test("takes any value of X-Registry-Version", async () => {
    for (const version of ["1", "2", "0", "x", "a long one ".repeat(20).trim()])
      assert.equal(
        (await create(example("createRoom", "host"), { "X-Registry-Version": version })).status,
        201,
        version,
      );
  });

  for (const hostUserName of NAMES)
    test(`may be that of ${hostUserName}`, async () => {
      const { status, body } = await create({ hostUserName });
      assert.equal(status, 201);
      const { body: seen } = await new Api().get(`/rooms/${body.code}/public`);
      assert.equal(seen.hostUserName, hostUserName);
    });

  for (const [says, hostUserName] of Object.entries(NO_NAMES))
    test(`is not made where the name is ${says}`, async () => {
      assertRoomError(await create({ hostUserName }), 400, "bad_username");
    });

  test("ignores fields that are not known", async () => {
    const given = { code: "AAAAAAAA", joinCode: "000000", ownerToken: "x", expiresAt: 1, x: [{}] };
    const { status, body } = await create({ ...example("createRoom", "host"), ...given });
    assert.equal(status, 201);
    assert.notEqual(body.code, given.code);
    assert.match(body.ownerToken, TOKEN);
    assert.ok(body.expiresAt > Date.now());
  });
});

describe("the look-up of a room", { concurrency: true }, () => {
  test("says that it is open, until when, and whose it is, and needs no header", async () => {
    const { made, stranger } = await openRoom();
    const { status, body } = await stranger.lookUp();
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "open", expiresAt: made.expiresAt, hostUserName: "ann" });
  });

  test("is 404 for one that is joined, offered to, paired or closed, as for one that never was", async () => {
    const answers = [await openRoom().then(({ stranger }) => stranger.but({ code: NO_SUCH_ROOM }))];
    for (const make of [joinedRoom, offeredRoom, pairedRoom, closedRoom])
      answers.push((await make()).stranger);
    const texts = await inParallel(answers, async (stranger) => {
      const answer = await stranger.lookUp();
      assertNoRoom(answer);
      return answer.text;
    });
    assert.equal(new Set(texts).size, 1);
  });

  test("is not closed by offers and candidates of a host who waits", async () => {
    const { host, stranger } = await openRoom();
    assertDone(await host.offer());
    assertDone(await host.candidate(candidate("early")));
    assert.equal((await stranger.lookUp()).body.status, "open");
  });
});

describe("joining", { concurrency: true }, () => {
  test("gives a token, and 300 seconds", async () => {
    const { made, stranger, host } = await openRoom();
    const before = Date.now();
    const { status, body } = await stranger.join({ joinCode: made.joinCode });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).toSorted(), ["expiresAt", "guestToken"]);
    assert.match(body.guestToken, TOKEN);
    assert.notEqual(body.guestToken, made.ownerToken);
    assert.ok(body.expiresAt >= before + LIFE.joined && body.expiresAt <= Date.now() + LIFE.joined);
    const room = await host.room();
    assert.deepEqual([room.status, room.expiresAt], ["joined", body.expiresAt]);
  });

  test("works once: the same code again is 409, from the same guest too", async () => {
    const { made, stranger, guest } = await joinedRoom();
    for (const caller of [stranger, guest, stranger.but({ api: new Api() })])
      assertRoomError(await caller.join({ joinCode: made.joinCode }), 409, "not_open");
    assert.equal((await guest.room()).status, "joined");
  });

  test("is 409 in a paired room", async () => {
    const { made, stranger } = await pairedRoom();
    assertRoomError(await stranger.join({ joinCode: made.joinCode }), 409, "not_open");
  });

  test("says not_open whatever the join code, so that it cannot be guessed afterwards", async () => {
    const { made, stranger } = await joinedRoom();
    const wrong = made.joinCode === "000000" ? "000001" : "000000";
    const answers = [await stranger.join({ joinCode: wrong })];
    answers.push(await stranger.join({ joinCode: made.joinCode }));
    for (const answer of answers) assertRoomError(answer, 409, "not_open");
    assert.equal(answers[0].text, answers[1].text);
  });

  test("with a wrong code is 403, says nothing of the right one, and leaves the room open", async () => {
    const { made, stranger } = await openRoom();
    for (const joinCode of [
      String((Number(made.joinCode) + 1) % 1_000_000).padStart(6, "0"),
      String((Number(made.joinCode) + 500_000) % 1_000_000).padStart(6, "0"),
      [...made.joinCode].toReversed().join("").replace(made.joinCode, "999998"),
    ])
      assertRoomError(await stranger.join({ joinCode }), 403, "bad_join_code", made.joinCode);
    assert.equal((await stranger.lookUp()).status, 200);
    assert.equal((await stranger.join({ joinCode: made.joinCode })).status, 200);
  });

  test("with the code of another room is 403", async () => {
    const [one, two] = [await openRoom(), await openRoom()];
    if (one.made.joinCode === two.made.joinCode) return; // once in a million
    assertRoomError(await one.stranger.join({ joinCode: two.made.joinCode }), 403, "bad_join_code");
  });

  test("needs no Origin, and any Origin will do", async () => {
    const { made, stranger } = await openRoom(new Api("default", null));
    const answer = await stranger.but({ api: new Api() }).join({ joinCode: made.joinCode });
    assert.equal(answer.status, 200);
  });

  for (const [says, joinCode] of Object.entries({
    missing: undefined,
    null: null,
    empty: "",
    "5 digits": "12345",
    "7 digits": "1234567",
    letters: "abcdef",
    "5 digits and a letter": "12345a",
    "with a space": "123 456",
    "with a space at the end": "123456 ",
    "with a newline at the end": "123456\n",
    "with a sign": "+12345",
    "a number": 123456,
    "a fraction": "1234.5",
    "an array": ["123456"],
    "an object": {},
    true: true,
    "6 Arabic digits": "٠١٢٣٤٥",
    "6 digits in full width": "０１２３４５",
  }))
    test(`is 400 where the join code is ${says}, and the room stays open`, async () => {
      const { stranger } = await openRoom();
      assertRoomError(await stranger.join({ joinCode }), 400, "bad_join_code");
      assert.equal((await stranger.lookUp()).status, 200);
    });

  for (const guestUserName of NAMES)
    test(`may be done by ${guestUserName}`, async () => {
      const { made, stranger } = await openRoom();
      const answer = await stranger.join({ joinCode: made.joinCode, guestUserName });
      assert.equal(answer.status, 200, answer.text);
    });

  for (const [says, guestUserName] of Object.entries(NO_NAMES))
    test(`is 400 where the name is ${says}, and the code is still good`, async () => {
      const { made, stranger } = await openRoom();
      const { joinCode } = made;
      assertRoomError(await stranger.join({ joinCode, guestUserName }), 400, "bad_username");
      assert.equal((await stranger.join({ joinCode })).status, 200);
    });

  test("by several at once leaves one of them with a token that works", async () => {
    const { made, stranger, host } = await openRoom();
    const answers = await inParallel(Array(6), () => stranger.join({ joinCode: made.joinCode }), 6);
    const tokens = [];
    for (const answer of answers)
      if (answer.status === 200) tokens.push(answer.body.guestToken);
      else assertRoomError(answer, 409, "not_open");
    assert.ok(tokens.length >= 1);
    assertDone(await host.offer());
    const statuses = [];
    for (const token of tokens) statuses.push((await host.but({ token }).answer()).status);
    assert.deepEqual(statuses.toSorted(), [204, ...Array(tokens.length - 1).fill(403)]);
    const guest = host.but({ token: tokens[statuses.indexOf(204)] });
    assert.equal((await guest.room()).status, "paired");
    for (const token of tokens.filter((one) => one !== guest.token))
      for (const call of ["", "/candidates"])
        assertForbidden(await host.but({ token }).get(call), token);
  });
});

describe("closing", { concurrency: true }, () => {
  for (const [says, make] of Object.entries({ openRoom, joinedRoom, offeredRoom, pairedRoom }))
    test(`a room (${says}) leaves 404 for everyone`, async () => {
      const room = await make();
      assertDone(await room.host.close());
      for (const call of everyCall(room)) assertNoRoom(await call);
      for (const call of everyCall(room)) assertNoRoom(await call);
    });

  test("needs no body, and ignores one", async () => {
    for (const body of ["", "{}", "not JSON", "[]", '{"x":', "\u0000", '{"code":"x"}']) {
      const { host } = await openRoom();
      assertDone(await host.post("close", body));
      assertNoRoom(await host.get());
    }
  });

  test("is the host's: a guest is 403, and the room stays", async () => {
    const { guest } = await pairedRoom();
    assertForbidden(await guest.close(), guest.token);
    assert.equal((await guest.room()).status, "paired");
  });

  test("tells of a closed room what is told of one that never was, whoever asks", async () => {
    const { host, guest } = await closedRoom();
    const texts = [];
    for (const code of [host.code, NO_SUCH_ROOM])
      for (const player of [host, guest]) texts.push((await player.but({ code }).get()).text);
    assert.equal(new Set(texts).size, 1);
  });
});

const percent = (text) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
const WRITTEN = {
  "in lower case": (code) => code.toLowerCase(),
  "in mixed case": (code) => code.slice(0, 4).toLowerCase() + code.slice(4),
  "with a dash": (code) => `${code.slice(0, 4)}-${code.slice(4)}`,
  "in lower case with a dash": (code) => `${code.slice(0, 4)}-${code.slice(4)}`.toLowerCase(),
  "with many dashes": (code) => `--${[...code].join("-")}--`,
  "with spaces": (code) => encodeURIComponent(` ${[...code].join(" ")} `),
  "with spaces and dashes": (code) => encodeURIComponent([...code].join(" - ")),
  "in percent signs": percent,
  "in percent signs, small ones": (code) => percent(code.toLowerCase()),
  "with a percent-encoded dash": (code) => `${code.slice(0, 4)}%2D${code.slice(4)}`,
};

describe("a room's code may be written", { concurrency: true }, () => {
  for (const [says, write] of Object.entries(WRITTEN))
    test(`${says}, on every route`, async () => {
      const room = await openRoom();
      const code = write(room.code);
      const [host, stranger] = [room.host.but({ code }), room.stranger.but({ code })];
      assert.equal((await stranger.lookUp()).status, 200);
      const joined = await stranger.join({ joinCode: room.made.joinCode });
      assert.equal(joined.status, 200, joined.text);
      const guest = host.but({ token: joined.body.guestToken });
      assertDone(await host.offer());
      assertDone(await guest.answer());
      assertDone(await host.candidate(candidate("a")));
      assert.equal((await guest.items()).length, 1);
      assert.equal((await host.room()).status, "paired");
      assertDone(await host.close());
      assertNoRoom(await room.host.get());
    });

  const NO_CODES = {
    "5 characters": (code) => code.slice(0, 5),
    "6 characters of it": (code) => code.slice(0, 6),
    "7 characters of it": (code) => code.slice(0, 7),
    "9 characters": (code) => `${code}A`,
    "twice the code": (code) => code + code,
    "100 characters": (code) => code.repeat(13),
    "only dashes": () => "--------",
    "only spaces": () => "%20%20%20",
    "a plus, which is no space": (code) => `${code.slice(0, 4)}+${code.slice(4)}`,
    "a tab": (code) => `${code}%09`,
    "an underscore": (code) => `${code.slice(0, 4)}_${code.slice(4)}`,
    "an en dash": (code) => `${code.slice(0, 4)}%E2%80%93${code.slice(4)}`,
    "a no-break space": (code) => `${code}%C2%A0`,
    "a slash": (code) => `${code.slice(0, 4)}%2F${code.slice(4)}`,
    "a dot": (code) => `${code}.`,
    "letters in full width": () => "%EF%BC%A1".repeat(8),
    "a long s for a small s": () => "ABCDEFG%C5%BF",
    "percent signs twice": (code) => percent(code).replaceAll("%", "%25"),
  };
  for (const [says, write] of Object.entries(NO_CODES))
    test(`but one of ${says} is 404`, async () => {
      const room = await openRoom();
      const code = write(room.code);
      assertNoRoom(await room.stranger.but({ code }).lookUp());
      assertNoRoom(await room.host.but({ code }).get());
      assertNoRoom(await room.host.but({ code }).offer());
      assertNoRoom(await room.stranger.but({ code }).join({ joinCode: room.made.joinCode }));
      assert.equal((await room.stranger.lookUp()).status, 200);
    });

  for (const code of ["%00", "QK7M2XT%00", "%ff", "QK7M2XT%ff", "%c0%80", "%zz", "QK7M2XT%", "%4"])
    test(`but ${code} is no text: 400`, async () => {
      const { host, stranger } = await openRoom();
      assertRoomError(await stranger.but({ code }).lookUp(), 400, "bad_request");
      assertRoomError(await stranger.but({ code }).join(), 400, "bad_request");
      for (const call of [host.but({ code }).get(), host.but({ code }).get("/candidates")])
        assertRoomError(await call, 400, "bad_request");
      for (const call of ["offer", "answer", "candidate", "close"])
        assertRoomError(await host.but({ code }).post(call, {}), 400, "bad_request");
    });
});
