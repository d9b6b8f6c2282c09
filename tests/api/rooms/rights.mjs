// Who may do what: tokens as an attacker would try them, and the order of checks, which is the same
// on every route: version, token there at all, body, room, token, status.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { example } from "../document.mjs";
import { Api } from "../helpers.mjs";
import {
  BODY_MAX,
  NO_SUCH_ROOM,
  VERSION,
  assertDone,
  assertForbidden,
  assertRoomError,
  candidate,
  joinedRoom,
  offeredRoom,
  openRoom,
  pairedRoom,
  stateOf,
  strangeToken,
} from "./room.mjs";

/** What needs a token: who has it, and the call. */
const CALLS = {
  "POST offer": { by: ["host"], send: (player) => player.offer({ generation: 2 }) },
  "POST answer": { by: ["guest"], send: (player) => player.answer({ generation: 2 }) },
  "POST candidate": { by: ["host", "guest"], send: (player) => player.candidate(candidate("a")) },
  "POST close": { by: ["host"], send: (player) => player.close() },
  "GET the room": { by: ["host", "guest"], send: (player) => player.get() },
  "GET candidates": { by: ["host", "guest"], send: (player) => player.get("/candidates") },
};

/** Of 43 digits the last holds two bits that say nothing: this one decodes to the same bytes. */
function sameBytes(token) {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = digits[digits.indexOf(token.at(-1)) ^ 1];
  const other = token.slice(0, -1) + last;
  assert.deepEqual(Buffer.from(other, "base64url"), Buffer.from(token, "base64url"));
  return other;
}

const flipCase = (text) =>
  text.replace(/[a-z]/i, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));

/** Tokens that open nothing here, some made from one that does. */
async function wrongTokens({ token }) {
  const elsewhere = await pairedRoom();
  return {
    none: undefined,
    "an empty one": "",
    "43 other characters": strangeToken(),
    "43 times the same": "A".repeat(43),
    "another room's host": elsewhere.host.token,
    "another room's guest": elsewhere.guest.token,
    "a character short": token.slice(0, -1),
    "a character long": `${token}A`,
    "padded as base64": `${token}=`,
    "in another case": flipCase(token),
    "of the same bytes": sameBytes(token),
    "its first character changed": (token[0] === "A" ? "B" : "A") + token.slice(1),
    "twice, with a comma": `${token},${token}`,
    "as a bearer": `Bearer ${token}`,
    "in quotes": `"${token}"`,
    "a join code": "042917",
    garbage: "x",
    "undefined as a text": "undefined",
    "null as a text": "null",
    "a long one": "A".repeat(5000),
    "no ASCII": "é".repeat(43),
  };
}

describe("a token that is not the right one opens nothing:", { concurrency: true }, () => {
  for (const [says, { by, send }] of Object.entries(CALLS))
    for (const role of by)
      test(`${says}, for the ${role}`, async () => {
        const room = await pairedRoom();
        assertDone(await room.host.candidate(candidate("of the host")));
        const before = await stateOf(room);
        for (const [kind, token] of Object.entries(await wrongTokens(room[role]))) {
          const answer = await send(room[role].but({ token }));
          assert.equal(answer.status, 403, kind);
          assertForbidden(answer, room.host.token, room.guest.token);
        }
        assert.deepEqual(await stateOf(room), before);
        assert.notEqual((await send(room[role])).status, 403);
      });

  for (const [says, { by, send }] of Object.entries(CALLS))
    for (const role of ["host", "guest"].filter((one) => !by.includes(one)))
      test(`${says}, with the ${role}'s`, async () => {
        const room = await pairedRoom();
        const before = await stateOf(room);
        assertForbidden(await send(room[role]), room[role].token);
        assert.deepEqual(await stateOf(room), before);
      });

  test("the right one in another room, whatever its status", async () => {
    const mine = await pairedRoom();
    for (const make of [openRoom, joinedRoom, offeredRoom, pairedRoom]) {
      const theirs = await make();
      for (const { send } of Object.values(CALLS))
        for (const player of [mine.host, mine.guest])
          assertForbidden(await send(player.but({ code: theirs.code })), player.token);
      assert.equal((await theirs.host.get()).status, 200);
    }
  });

  test("the guest's is none before somebody has joined", async () => {
    const { host } = await openRoom();
    for (const { send } of Object.values(CALLS))
      for (const token of [strangeToken(), "", "null"])
        assertForbidden(await send(host.but({ token })));
  });

  test("the right one in another header, in the query or in the body", async () => {
    const { host } = await pairedRoom();
    const nobody = host.but({ token: undefined });
    assertForbidden(await nobody.get("", { Authorization: `Bearer ${host.token}` }));
    assertForbidden(await nobody.get(`?token=${host.token}`));
    assertForbidden(await nobody.get(`?X-Access-Token=${host.token}`));
    assertForbidden(await nobody.offer({ token: host.token, ownerToken: host.token }));
  });

  test("and the refusal is the same whichever token is wrong", async () => {
    const room = await pairedRoom();
    const texts = new Set();
    for (const token of [strangeToken(), "x", (await pairedRoom()).host.token])
      texts.add((await room.host.but({ token }).get()).text);
    assert.equal(texts.size, 1);
  });

  test("the right one from any Origin and address is right", async () => {
    const { host, guest } = await offeredRoom();
    const elsewhere = new Api();
    assertDone(await guest.but({ api: elsewhere }).answer());
    assert.equal((await host.but({ api: new Api("default", null) }).get()).status, 200);
  });
});

describe("a mutation without X-Registry-Version", { concurrency: true }, () => {
  test("is 400 on every route, and changes nothing", async () => {
    const room = await pairedRoom();
    const before = await stateOf(room);
    const answers = [await room.api.post("/rooms", example("createRoom", "host"), {})];
    answers.push(await room.stranger.join({}, {}));
    for (const [action, body] of [
      ["offer", { ...example("postRoomOffer", "restart") }],
      ["candidate", candidate("a")],
      ["close"],
    ])
      answers.push(await room.host.post(action, body, {}));
    answers.push(await room.guest.post("answer", example("postRoomAnswer", "restart"), {}));
    for (const answer of answers) assertRoomError(answer, 400, "missing_version");
    assert.deepEqual(await stateOf(room), before);
  });

  test("is fine where nothing is changed", async () => {
    const { host, stranger } = await openRoom();
    for (const answer of [await stranger.lookUp(), await host.get(), await host.get("/candidates")])
      assert.equal(answer.status, 200);
  });
});

/** What may be wrong with a request, in the order in which it is noticed. */
const WRONG = {
  version: { change: { headers: {} }, status: 400, code: "missing_version" },
  "no token": { change: { token: undefined }, status: 403, code: "forbidden" },
  body: { change: { body: "[]" }, status: 400, code: "bad_json" },
  size: { change: { body: " ".repeat(BODY_MAX + 1) }, status: 413, code: "body_too_large" },
  field: { status: 400 },
  room: { change: { code: NO_SUCH_ROOM }, status: 404, code: "not_found" },
  token: { change: { token: strangeToken() }, status: 403, code: "forbidden" },
  status: { status: 409 },
  "join code": { status: 403, code: "bad_join_code" },
};

const ORDERS = {
  create: { has: ["version", "body", "size", "field"], field: ["bad_username", {}] },
  join: {
    has: ["version", "body", "size", "field", "room", "status", "join code"],
    field: ["bad_join_code", { joinCode: "x", guestUserName: "bob" }],
    conflict: "not_open",
  },
  offer: {
    has: ["version", "no token", "body", "size", "field", "room", "token", "status"],
    field: ["bad_sdp", { type: "offer", sdp: "" }],
    conflict: "already_paired",
  },
  answer: {
    has: ["version", "no token", "body", "size", "field", "room", "token", "status"],
    field: ["bad_sdp", { type: "answer", sdp: "" }],
    conflict: "already_paired",
  },
  candidate: {
    has: ["version", "no token", "body", "size", "field", "room", "token", "status"],
    field: ["bad_candidate", { candidate: "" }],
    conflict: "too_many_candidates",
  },
  close: { has: ["version", "no token", "size", "room", "token"] },
};

/** Requests that are right but for their status: one conflict each, in one paired and full room. */
async function conflicts() {
  const room = await pairedRoom();
  const { host, guest, stranger, made } = room;
  const many = { candidates: Array.from({ length: 40 }, (_, i) => candidate(`full ${i}`)) };
  assertDone(await host.candidate(many));
  return {
    create: { player: stranger, body: example("createRoom", "host") },
    join: { player: stranger, body: { ...example("joinRoom", "guest"), joinCode: made.joinCode } },
    offer: { player: host, body: example("postRoomOffer", "first") },
    answer: { player: guest, body: example("postRoomAnswer", "first") },
    candidate: { player: host, body: candidate("one more") },
    close: { player: host, body: {} },
  };
}

/** The request with some things wrong. */
function spoilt(action, { player, body }, wrongs) {
  const request = { headers: VERSION, token: player.token, code: player.code, body };
  // What is noticed first comes last, so that its change stands.
  for (const wrong of wrongs.toReversed())
    Object.assign(
      request,
      wrong === "field" ? { body: ORDERS[action].field[1] } : WRONG[wrong].change,
    );
  const { headers, ...changes } = request;
  return action === "create"
    ? player.api.post("/rooms", request.body, headers)
    : player.but(changes).post(action, request.body, headers);
}

describe("of two things that are wrong with a request", { concurrency: true }, () => {
  for (const [action, { has, field, conflict }] of Object.entries(ORDERS))
    test(`to ${action}, the first is told: ${has.join(", ")}`, async () => {
      const right = (await conflicts())[action];
      for (const [i, first] of has.entries()) {
        const expected = { ...WRONG[first] };
        if (first === "field") expected.code = field[0];
        if (first === "status") expected.code = conflict;
        if (first === "join code") continue; // the room is not open: 409, see "status"
        for (const second of [undefined, ...has.slice(i + 1)]) {
          const wrongs = second === undefined ? [first] : [first, second];
          const answer = await spoilt(action, right, wrongs);
          assert.equal(answer.body?.error?.code, expected.code, `${wrongs}: ${answer.text}`);
          assertRoomError(answer, expected.status, expected.code);
        }
      }
    });

  test("to join an open room, the join code is the last that is looked at", async () => {
    const { stranger, made } = await openRoom();
    const joinCode = made.joinCode === "000000" ? "000001" : "000000";
    assertRoomError(await stranger.join({ joinCode }), 403, "bad_join_code");
    assertRoomError(await stranger.join({ joinCode }, {}), 400, "missing_version");
    const nowhere = stranger.but({ code: NO_SUCH_ROOM });
    assertRoomError(await nowhere.join({ joinCode }), 404, "not_found");
    const badName = await stranger.join({ joinCode, guestUserName: "" });
    assertRoomError(badName, 400, "bad_username");
  });

  for (const rest of ["", "/candidates"])
    test(`in GET /rooms/:code${rest}: token there at all, query, room, token`, async () => {
      const { host } = await pairedRoom();
      const nobody = host.but({ token: undefined });
      const nowhere = { code: NO_SUCH_ROOM };
      const wrong = { token: strangeToken() };
      assertForbidden(await nobody.get(`${rest}?wait=x`));
      assertForbidden(await nobody.but(nowhere).get(rest));
      const badQuery = [host.but(nowhere), host.but(wrong), host.but({ ...nowhere, ...wrong })];
      for (const player of badQuery)
        assertRoomError(await player.get(`${rest}?wait=x`), 400, "bad_request");
      assertRoomError(await host.but({ ...nowhere, ...wrong }).get(rest), 404, "not_found");
    });
});
