// What a client may get wrong on the routes of peers and offers: bodies, paths, methods; and what every
// answer has. The parser's own cases are in ../bad_input.mjs.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { Api, LISTED, assertDiscreet, assertError } from "../helpers.mjs";
import { MB, Peer, assertStatus, pair, randomTopic, underTopic } from "./peer.mjs";

const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);

/** The routes that read their body: a good one, and who sends it where. */
const READ_BODY = {
  "POST /offers": {
    good: { offers: [{ sdp: "an offer" }] },
    send: ({ ann }, body) => ann.post("/offers", body),
    status: 201,
  },
  "POST /offers/:id/answer": {
    good: { sdp: "an answer" },
    send: ({ bob, open }, body) => bob.post(`/offers/${open}/answer`, body),
    status: 200,
  },
  "POST /offers/:id/ice-candidates": {
    good: { candidates: ["a candidate"] },
    send: ({ ann, id }, body) => ann.post(`/offers/${id}/ice-candidates`, body),
    status: 200,
  },
};

/** Bodies that are not what every body must be, made from one that is. */
function badBodies(good) {
  const text = JSON.stringify(good);
  const around = (bad) => bytes(text.slice(0, -1), ',"x":', bad, "}");
  const [start, end] = text.split(/(?<="an?) /); // in the middle of a text of it
  const within = (bad) => bytes(start, bad, end);
  return {
    nothing: "",
    spaces: " \n",
    text: "hello",
    "a form": "sdp=x",
    "an array": "[]",
    "an array around a good one": `[${text}]`,
    "a number": "5",
    "a string": JSON.stringify(text),
    null: "null",
    true: "true",
    "half of it": text.slice(0, -1),
    "two of it": text + text,
    "a comma too many": `${text.slice(0, -1)},}`,
    "single quotes": text.replaceAll('"', "'"),
    "a byte order mark": `\ufeff${text}`,
    "U+0000 after it": `${text}\0`,
    "U+0000 escaped in an unknown field": around('"\\u0000"'),
    "U+0000 escaped in a known field": within("\\u0000"),
    "U+0000 escaped in a key": around('{"\\u0000":1}'),
    "U+0000 raw": around('"\0"'),
    "a byte that is no UTF-8": within([0xff]),
    "a surrogate in UTF-8": within([0xed, 0xa0, 0x80]),
    "half a pair of surrogates": within("\\ud800"),
    "33 levels": around(nested(32)),
    "33 levels of objects": around(`${'{"y":'.repeat(32)}1${"}".repeat(32)}`),
    "10000 levels that do not end": `${text.slice(0, -1)},"x":${"[".repeat(10_000)}`,
  };
}

/** An answered offer, and an open one. */
async function stage() {
  const made = await pair();
  return { ...made, open: (await made.ann.offer({ topics: [randomTopic()] })).id };
}

/** What a change would move. */
const stateOf = async ({ ann, bob, id }) =>
  JSON.stringify([await ann.mine(), await ann.answers(), await bob.received(id)]);

for (const [route, { good, send, status }] of Object.entries(READ_BODY))
  describe(`${route} refuses a body`, { concurrency: 4 }, () => {
    let on, state;
    before(async () => {
      on = await stage();
      state = await stateOf(on);
    });

    for (const [says, body] of Object.entries(badBodies(good)))
      test(`of ${says}: 400, and nothing changes`, async () => {
        assertError(await send(on, body), 400);
        assert.equal(await stateOf(on), state);
      });

    test("of more than 1 MiB: 413, and nothing changes", async () => {
      for (const size of [MB + 1, 2 * MB]) assertError(await send(on, padded(good, size)), 413);
      assert.equal(await stateOf(on), state);
    });

    test("and not one of 1 MiB, of 32 levels, with unknown fields, or with spaces all around", async () => {
      const fine = [
        padded(good, MB),
        `${JSON.stringify(good).slice(0, -1)},"x":${nested(31)}}`,
        { ...good, x: [{}, null], __proto: 1, "": 2 },
        ` \r\n\t${JSON.stringify(good, null, 3)}\n `,
      ];
      for (const body of fine) assertStatus(await send(await stage(), body), status);
    });
  });

/** The body with an unknown field that makes it exactly so many bytes. */
function padded(good, size) {
  const start = `${JSON.stringify(good).slice(0, -1)},"x":"`;
  return `${start}${"p".repeat(size - start.length - 2)}"}`;
}

const ID = "0123456789abcdef".repeat(4);
const PEER = ID.slice(0, 32);

describe("a body that a route ignores is 413 over 1 MiB", { concurrency: true }, () => {
  for (const [method, path, status] of [
    ["GET", `/offers/by-topic/a`, 200],
    ["GET", `/peers/${PEER}/offers`, 200],
    ["GET", "/offers/mine", 200],
    ["GET", "/offers/answers", 200],
    ["GET", `/offers/${ID}/ice-candidates`, 404],
    ["DELETE", `/offers/${ID}`, 404],
  ])
    test(`${method} ${path.replace(ID, ":id")}`, async () => {
      const ann = await Peer.register();
      for (const [size, expected] of [
        [MB, status],
        [MB + 1, 413],
      ]) {
        const headers = { ...ann.headers, "Content-Length": size };
        const head = await ann.api.head(method, path, headers);
        const answer = await ann.api.raw([head, "x".repeat(size)]);
        assert.equal(answer.status, expected, answer.text);
      }
    });
});

describe("a body that takes more memory than a request may have", { concurrency: true }, () => {
  test("does no harm, and nothing of it is stored", async () => {
    const ann = await Peer.register();
    const topic = randomTopic();
    const tiny = "0,".repeat(510_000);
    const body = `{"offers":[{"sdp":"an offer","topics":["${topic}"]}],"x":[${tiny}0]}`;
    const answer = await ann.post("/offers", body);
    assertError(answer, 503);
    assertDiscreet(answer);
    assert.deepEqual(await underTopic(topic), []);
    await ann.offer();
  });
});

const METHODS = [
  { path: "/register", has: ["POST"] },
  { path: "/offers", has: ["POST"] },
  { path: "/offers/by-topic/a", has: ["GET"] },
  { path: `/peers/${PEER}/offers`, has: ["GET"] },
  { path: "/offers/mine", has: ["GET", "DELETE"] }, // an id is none here, but the path may have one
  { path: "/offers/answers", has: ["GET", "DELETE"] },
  { path: `/offers/${ID}`, has: ["DELETE"] },
  { path: `/offers/${ID}/answer`, has: ["POST"] },
  { path: `/offers/${ID}/ice-candidates`, has: ["GET", "POST"] },
];

describe("a path that has no such method", { concurrency: true }, () => {
  for (const { path, has } of METHODS)
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((m) => !has.includes(m)))
      test(`${method} ${path.replace(ID, ":id")} is 405, and Allow says ${has}`, async () => {
        const answer = await new Api("peers").request(method, path);
        assertError(answer, 405);
        const allowed = answer.headers.get("Allow").split(/\s*,\s*/);
        assert.deepEqual(
          allowed.filter((name) => name !== "OPTIONS" && name !== "HEAD").toSorted(),
          has.toSorted(),
        );
      });

  for (const path of ["/register", "/offers", `/offers/${ID}`, `/offers/${ID}/answer`])
    test(`HEAD ${path.replace(ID, ":id")} is 405`, async () => {
      assert.equal((await new Api("peers").request("HEAD", path)).status, 405);
    });
});

describe("a path that no route has is 404:", { concurrency: true }, () => {
  for (const path of [
    "/register/a",
    "/peers",
    `/peers/${PEER}`,
    `/peers/${PEER}/offers/a`,
    "/offers/by-topic/a/b",
    `/offers/${ID}/candidates`,
    `/offers/${ID}/answer/a`,
    `/offers/${ID}/ice-candidates/a`,
    "/Offers/mine",
  ])
    for (const method of ["GET", "POST", "DELETE"])
      test(`${method} ${path.replace(ID, ":id")}`, async () => {
        assertError(await new Api("peers").request(method, path), 404);
      });
});

describe("HEAD answers as GET does, without the body:", { concurrency: true }, () => {
  for (const path of [
    "/offers/by-topic/a",
    "/offers/by-topic/a?limit=0",
    `/peers/${PEER}/offers`,
    "/peers/x/offers",
    "/offers/mine",
    "/offers/answers",
    `/offers/${ID}/ice-candidates`,
  ])
    test(path.replace(ID, ":id"), async () => {
      const ann = await Peer.register();
      for (const headers of [ann.headers, {}]) {
        const got = await ann.api.get(path, headers);
        const head = await ann.api.request("HEAD", path, { headers });
        assert.deepEqual([head.status, head.text], [got.status, ""]);
        for (const name of ["Content-Type", "Cache-Control", "WWW-Authenticate"])
          assert.equal(head.headers.get(name), got.headers.get(name), name);
      }
    });
});

describe("a page of another origin", { concurrency: true }, () => {
  for (const { path, has } of METHODS)
    test(`may send credentials to ${path.replace(ID, ":id")}`, async () => {
      const api = new Api("peers");
      for (const method of has) {
        const { status, headers } = await api.request("OPTIONS", path, {
          headers: {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type",
          },
        });
        assert.equal(status, 204);
        assert.equal(headers.get("Access-Control-Allow-Origin"), "*");
        assert.match(headers.get("Access-Control-Allow-Headers"), /(^|, )Authorization(,|$)/);
        assert.match(headers.get("Access-Control-Allow-Methods"), new RegExp(`\\b${method}\\b`));
        assert.equal(headers.get("Access-Control-Allow-Credentials"), null);
      }
    });

  test("may read every answer, the failures too", async () => {
    const { ann, id } = await stage();
    for (const answer of [
      await ann.get("/offers/mine"),
      await ann.publish({}),
      await ann.publish({ sdp: "" }),
      await ann.but({ secret: "x" }).get("/offers/mine"),
      await ann.answer(id),
      await ann.delete(ID),
      await ann.delete(id),
    ]) {
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*", answer.text);
      assert.equal(answer.headers.get("Cache-Control"), "no-store");
      assert.equal(answer.headers.get("Content-Type"), "application/json; charset=utf-8");
    }
  });

  test("may read none of them where it is not on the list", async () => {
    const ann = await Peer.register(new Api("listed"));
    assert.equal((await ann.get("/offers/mine")).headers.get("Access-Control-Allow-Origin"), null);
    const listed = ann.but({ api: new Api("listed", LISTED[0]) });
    const { headers } = await listed.get("/offers/mine");
    assert.equal(headers.get("Access-Control-Allow-Origin"), LISTED[0]);
  });
});

test("a header that is no text does the server no harm", async () => {
  const { api } = await Peer.register();
  for (const value of [Buffer.from([0xff, 0xfe]), Buffer.from(`Bearer ${"x".repeat(5000)}:x`)]) {
    const [start] = (await api.head("GET", "/offers/mine")).split("\r\n\r\n");
    const answer = await api.raw([`${start}\r\nAuthorization: `, value, "\r\n\r\n"]);
    assertError(answer, 401);
  }
});
