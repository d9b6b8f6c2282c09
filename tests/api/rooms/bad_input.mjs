// What a client may get wrong in the bodies of rooms' routes: a clear 4xx as rooms say it, and nothing
// stored. The parser's own cases are in ../bad_input.mjs.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { example } from "../document.mjs";
import { Api } from "../helpers.mjs";
import {
  BODY_MAX,
  NO_SUCH_ROOM,
  VERSION,
  assertDone,
  assertRoomError,
  candidate,
  joinedRoom,
  offeredRoom,
  stateOf,
} from "./room.mjs";

const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);
const MB = 1024 * 1024;

/** The routes that read their body: a good one, and who sends it where. */
const ROUTES = {
  "POST /rooms": {
    good: example("createRoom", "host"),
    send: ({ api }, body) => api.post("/rooms", body, VERSION),
  },
  "POST join": {
    good: example("joinRoom", "guest"),
    send: ({ stranger }, body) => stranger.post("join", body),
  },
  "POST offer": {
    good: example("postRoomOffer", "first"),
    send: ({ host }, body) => host.post("offer", body),
  },
  "POST answer": {
    good: example("postRoomAnswer", "first"),
    send: ({ guest }, body) => guest.post("answer", body),
  },
  "POST candidate": {
    good: example("postRoomCandidate", "one"),
    send: ({ host }, body) => host.post("candidate", body),
  },
};

/** Bodies that are not what every body must be, made from one that is. */
function badBodies(good) {
  const text = JSON.stringify(good);
  const around = (bad) => bytes(text.slice(0, -1), ',"x":', bad, "}");
  const [key] = Object.keys(good);
  return {
    nothing: "",
    spaces: " \n",
    text: "hello",
    "a form": "hostUserName=ann",
    "an array": "[]",
    "an array around a good one": `[${text}]`,
    "a number": "5",
    "a string": JSON.stringify(text),
    null: "null",
    true: "true",
    "half of it": text.slice(0, -1),
    "two of it": text + text,
    "a comma too many": `${text.slice(0, -1)},}`,
    "a key twice, without a colon": around('1,"y"'),
    "single quotes": text.replaceAll('"', "'"),
    "a byte order mark": `\ufeff${text}`,
    "U+0000 after it": `${text}\0`,
    "U+0000 escaped in an unknown field": around('"\\u0000"'),
    "U+0000 escaped in a known field": text.replace(`"${key}":`, `"${key}":"\\u0000","x":`),
    "U+0000 escaped in a key": around('1,"\\u0000":1'),
    "U+0000 raw": around('"\0"'),
    "a byte that is no UTF-8": around(bytes('"', [0xff], '"')),
    "an overlong NUL": around(bytes('"', [0xc0, 0x80], '"')),
    "a surrogate in UTF-8": around(bytes('"', [0xed, 0xa0, 0x80], '"')),
    "half a pair of surrogates": around('"\\ud800"'),
    "a character that does not end": around(bytes('"', [0xe2, 0x82], '"')),
    "33 levels": around(nested(32)),
    "33 levels of objects": around(`${'{"y":'.repeat(32)}1${"}".repeat(32)}`),
    "10000 levels": around(nested(10_000)),
    "10000 levels that do not end": `${text.slice(0, -1)},"x":${"[".repeat(10_000)}`,
  };
}

for (const [route, { good, send }] of Object.entries(ROUTES))
  describe(`${route} refuses a body`, { concurrency: 8 }, () => {
    let room;
    before(async () => (room = await offeredRoom()));

    for (const [says, body] of Object.entries(badBodies(good)))
      test(`of ${says}: 400 bad_json, and nothing changes`, async () => {
        const state = await stateOf(room);
        assertRoomError(await send(room, body), 400, "bad_json");
        assert.deepEqual(await stateOf(room), state);
      });

    test(`of ${BODY_MAX + 1} bytes and more: 413 body_too_large, and nothing changes`, async () => {
      const state = await stateOf(room);
      for (const size of [BODY_MAX + 1, 512 * 1024 + 1, MB, MB + 1, 3 * MB])
        assertRoomError(await send(room, padded(good, size)), 413, "body_too_large");
      assert.deepEqual(await stateOf(room), state);
    });
  });

/** The body with an unknown field that makes it exactly so many bytes. */
function padded(good, size) {
  const start = `${JSON.stringify(good).slice(0, -1)},"x":"`;
  return `${start}${"p".repeat(size - start.length - 2)}"}`;
}

describe("a body is fine", { concurrency: true }, () => {
  for (const [says, change] of Object.entries({
    [`of ${BODY_MAX} bytes`]: (good) => padded(good, BODY_MAX),
    "of 32 levels": (good) => `${JSON.stringify(good).slice(0, -1)},"x":${nested(31)}}`,
    "with unknown fields, of any kind": (good) => ({ ...good, x: [{}, null], __proto: 1, "": 2 }),
    "with spaces all around": (good) => ` \r\n\t${JSON.stringify(good, null, 3)}\n `,
    "with the key twice: the last wins": (good) => {
      const [key] = Object.keys(good);
      return JSON.stringify(good).replace("{", `{"${key}":5,`);
    },
  }))
    test(says, async () => {
      const room = await joinedRoom();
      const { "POST join": join, ...others } = ROUTES;
      for (const [route, { good, send }] of Object.entries(others)) {
        const { status, text } = await send(room, change(good));
        assert.ok(status === 201 || status === 204, `${route} ${status} ${text}`);
      }
      // A body that is read leads to what is wrong after it.
      assertRoomError(await join.send(room, change(join.good)), 409, "not_open");
    });

  test("whatever its Content-Type says", async () => {
    const { host, guest } = await joinedRoom();
    for (const [i, type] of ["text/plain", "application/json", "image/png", "x"].entries()) {
      const headers = { ...VERSION, "Content-Type": type };
      assertDone(await host.post("candidate", candidate(`candidate ${i}`), headers));
    }
    assert.equal((await guest.items()).length, 4);
  });
});

describe("where no body is needed, one", { concurrency: true }, () => {
  test("over 64 KB is 413 to close, and the room stays", async () => {
    const { host } = await joinedRoom();
    const large = await host.post("close", "x".repeat(BODY_MAX + 1));
    assertRoomError(large, 413, "body_too_large");
    assert.equal((await host.room()).status, "joined");
    assertDone(await host.post("close", "x".repeat(BODY_MAX)));
  });

  for (const rest of ["/public", "", "/candidates"])
    test(`over 64 KB is 413 to GET /rooms/:code${rest}, and one of 64 KB is ignored`, async () => {
      const api = new Api();
      const token = { "X-Access-Token": "x" };
      const path = `/rooms/${NO_SUCH_ROOM}${rest}`;
      for (const [size, status, code] of [
        [BODY_MAX, 404, "not_found"],
        [BODY_MAX + 1, 413, "body_too_large"],
        [MB + 1, 413, "body_too_large"],
      ]) {
        const head = await api.head("GET", path, { ...token, "Content-Length": size });
        assertRoomError(await api.raw([head, "x".repeat(size)]), status, code);
      }
    });
});

test("a header that is no text does the server no harm", async () => {
  const { host, api, code } = await joinedRoom();
  const good = JSON.stringify(candidate("a"));
  for (const name of ["X-Access-Token", "X-Registry-Version", "Idempotency-Key", "If-None-Match"])
    for (const value of [Buffer.from([0xff, 0xfe]), Buffer.from("x".repeat(5000))]) {
      const headers = { ...VERSION, "X-Access-Token": host.token, "Content-Length": good.length };
      delete headers[name];
      const [start] = (await api.head("POST", `/rooms/${code}/candidate`, headers)).split(
        "\r\n\r\n",
      );
      const { status } = await api.raw([`${start}\r\n${name}: `, value, "\r\n\r\n", good]);
      assert.ok(status === 204 || status === 403, `${name}: ${status}`);
      assert.equal((await host.get()).status, 200);
    }
});
