// Registration, and credentials: who is let in, with what, and who is not.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "../../server.mjs";
import { Api, assertError, inParallel } from "../helpers.mjs";
import { FORMAT, MB, MISSING, Peer, WRONG, assertStatus, pair } from "./peer.mjs";

describe("registration", { concurrency: true }, () => {
  test("gives a peer id and a secret, each time others", async () => {
    const api = new Api("peers");
    const made = await inParallel(Array(50), async () => {
      return assertStatus(await api.post("/register", {}), 200).body;
    });
    assert.equal(new Set(made.map(({ peerId }) => peerId)).size, 50);
    assert.equal(new Set(made.map(({ secret }) => secret)).size, 50);
    for (const { peerId, secret } of made) assert.ok(!secret.includes(peerId));
  });

  for (const [says, body] of [
    ["nothing", undefined],
    ["no JSON", "hello"],
    ["an array", "[]"],
    ["a wish", JSON.stringify({ peerId: "0".repeat(32), secret: "x" })],
    ["bytes that are no text", Uint8Array.of(0xff, 0)],
    ["1 MiB", "x".repeat(MB)],
  ])
    test(`ignores a body of ${says}`, async () => {
      const api = new Api("peers");
      const { body: made } = assertStatus(await api.request("POST", "/register", { body }), 200);
      assert.notEqual(made.peerId, "0".repeat(32));
    });

  test("has a limit for the body that it ignores", async () => {
    const api = new Api("peers");
    assertError(await api.request("POST", "/register", { body: "x".repeat(MB + 1) }), 413);
  });

  test("needs no Origin, and what it gives works under every other", async () => {
    const ann = await Peer.register(new Api("peers", null));
    const { id } = await ann.but({ api: new Api("peers") }).offer();
    assert.deepEqual((await ann.but({ api: new Api("peers") }).mine())[0].id, id);
  });
});

const HEX = "0123456789abcdef";
const ID = HEX.repeat(4);

/** Every route that wants credentials, with what would be right but for them. */
const ROUTES = [
  ["POST", "/offers", { offers: [{ sdp: "an offer" }] }],
  ["GET", "/offers/mine"],
  ["DELETE", `/offers/${ID}`],
  ["POST", `/offers/${ID}/answer`, { sdp: "an answer" }],
  ["GET", "/offers/answers"],
  ["POST", `/offers/${ID}/ice-candidates`, { candidates: ["a candidate"] }],
  ["GET", `/offers/${ID}/ice-candidates`],
  ["POST", "/services", { username: "ann", serviceFqn: "chat@1.0.0", sdp: "an offer" }],
];

/** Text whose character at `at` is another one. */
const changed = (text, at, to) => text.slice(0, at) + to + text.slice(at + 1);
/** The digit with its lowest bit changed. */
const nextTo = (digit) => HEX[HEX.indexOf(digit) ^ 1];
/** The character with its lowest bit changed, which may not leave what a header can have. */
const bitChanged = (character) => String.fromCharCode(character.charCodeAt(0) ^ 1);

/** @returns {Record<string, [string | undefined, string]>} what is sent, and what is answered */
const refusedOf = ({ id, secret }, other) => ({
  nothing: [undefined, MISSING],
  "a scheme alone": ["Bearer", FORMAT],
  "another scheme": [`Basic ${id}:${secret}`, FORMAT],
  "no scheme": [`${id}:${secret}`, FORMAT],
  "a scheme that is not apart": [`Bearer${id}:${secret}`, FORMAT],
  "no colon": [`Bearer ${id}${secret}`, FORMAT],
  "an id alone": [`Bearer ${id}`, FORMAT],
  "an empty id": [`Bearer :${secret}`, FORMAT],
  "an empty secret": [`Bearer ${id}:`, FORMAT],
  "a colon alone": ["Bearer :", FORMAT],
  "somebody else's id": [`Bearer ${other.id}:${secret}`, WRONG],
  "somebody else's secret": [`Bearer ${id}:${other.secret}`, WRONG],
  "an id with a bit changed": [`Bearer ${changed(id, 31, nextTo(id[31]))}:${secret}`, WRONG],
  "a secret with a bit changed": [
    `Bearer ${id}:${changed(secret, 0, bitChanged(secret[0]))}`,
    WRONG,
  ],
  "an id cut short": [`Bearer ${id.slice(0, -1)}:${secret}`, WRONG],
  "a secret cut short": [`Bearer ${id}:${secret.slice(0, -1)}`, WRONG],
  "one character of the secret": [`Bearer ${id}:${secret[0]}`, WRONG],
  "an id that is longer": [`Bearer ${id}0:${secret}`, WRONG],
  "a secret that is longer": [`Bearer ${id}:${secret}A`, WRONG],
  "another colon": [`Bearer ${id}:${secret}:`, WRONG],
  "an id of all zeros": [`Bearer ${"0".repeat(32)}:${"A".repeat(43)}`, WRONG],
  "an id in capitals": [`Bearer ${id.toUpperCase()}:${secret}`, WRONG],
  "the two in the wrong order": [`Bearer ${secret}:${id}`, WRONG],
  "a secret of 8000 characters": [`Bearer ${id}:${secret.repeat(200).slice(0, 8000)}`, WRONG],
});

/** One whose id has letters. */
async function peerWithLetters() {
  for (;;) {
    const peer = await Peer.register();
    if (/[a-f]/.test(peer.id)) return peer;
  }
}

describe("a route that wants credentials refuses", { concurrency: true }, () => {
  let refused;
  before(async () => (refused = refusedOf(await peerWithLetters(), await Peer.register())));

  for (const [method, path, sent] of ROUTES)
    test(`${method} ${path.replace(ID, ":id")} all that are wrong`, async () => {
      const api = new Api("peers");
      for (const [says, [header, sentence]] of Object.entries(refused)) {
        const headers = header === undefined ? {} : { Authorization: header };
        const answer = await api.request(method, path, { headers, body: JSON.stringify(sent) });
        assert.equal(answer.status, 401, `${says}: ${answer.text}`);
        assertError(answer, 401, sentence);
        assert.equal(answer.headers.get("WWW-Authenticate"), "Bearer");
        assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
      }
    });

  test("a secret with any of its characters changed", async () => {
    const ann = await Peer.register();
    await inParallel([...ann.secret], async (character, at) => {
      for (const to of [bitChanged(character), character === "A" ? "B" : "A"]) {
        const guess = ann.but({ secret: changed(ann.secret, at, to) });
        assertError(await guess.get("/offers/mine"), 401, /[!-~]/.test(to) ? WRONG : undefined);
      }
    });
    assertStatus(await ann.get("/offers/mine"), 200);
  });

  test("an id with any of its digits changed", async () => {
    const ann = await Peer.register();
    await inParallel([...ann.id], async (digit, at) => {
      const guess = ann.but({ id: changed(ann.id, at, nextTo(digit)) });
      assertError(await guess.get("/offers/mine"), 401, WRONG);
    });
  });

  test("what it refuses, and does nothing", async () => {
    const { ann, bob, id } = await pair();
    const thief = ann.but({ secret: bob.secret });
    for (const answer of [
      await thief.publish({}),
      await thief.delete(id),
      await thief.trickle(id, "a candidate"),
    ])
      assertError(answer, 401, WRONG);
    assert.equal((await ann.mine()).length, 1);
    assert.deepEqual(await bob.received(id), []);
  });

  test("before it looks at anything else", async () => {
    const api = new Api("peers");
    for (const [path, body] of [
      ["/offers", "no JSON"],
      ["/offers", JSON.stringify({ offers: 5 })],
      ["/offers", "x".repeat(MB + 1)],
      ["/offers/%ff/answer", "{}"],
      ["/offers/no-id/answer", "{}"],
    ])
      assertError(await api.post(path, body), 401, MISSING);
  });

  test("nobody on routes that everybody may use, whatever they send", async () => {
    const api = new Api("peers");
    for (const Authorization of ["Bearer x", "", "Basic YTpi", `Bearer ${HEX}${HEX}:x`])
      for (const path of [`/offers/by-topic/a`, `/peers/${HEX}${HEX}/offers`, "/topics", "/health"])
        assertStatus(await api.get(path, { Authorization }), 200);
  });
});

describe("credentials are taken", { concurrency: true }, () => {
  for (const [says, header] of [
    ["in the usual form", ({ id, secret }) => `Bearer ${id}:${secret}`],
    ["with a scheme in small letters", ({ id, secret }) => `bearer ${id}:${secret}`],
    ["with a scheme in capitals", ({ id, secret }) => `BEARER ${id}:${secret}`],
  ])
    test(says, async () => {
      const ann = await Peer.register();
      const headers = { Authorization: header(ann) };
      assertStatus(await ann.api.request("GET", "/offers/mine", { headers }), 200);
    });

  test("by another server with the same AUTH_SECRET", async () => {
    const ann = await Peer.register();
    const there = ann.but({ api: new Api("brief") });
    await there.offer();
    assert.deepEqual([(await there.mine()).length, (await ann.mine()).length], [1, 0]);
  });
});

describe("AUTH_SECRET", () => {
  // Servers by the length of their AUTH_SECRET; they start at the same time.
  const servers = new Map();
  before(() => {
    for (const bytes of [0, 31, 32])
      servers.set(bytes, startServer({ vars: { AUTH_SECRET: "s".repeat(bytes) } }));
  });
  after(async () => {
    for (const server of await Promise.allSettled(servers.values())) await server.value?.stop();
  });

  describe("a server with another AUTH_SECRET, of 32 bytes,", () => {
    let server;
    before(async () => (server = await servers.get(32)));

    test("lets in its own peers alone", async () => {
      const ann = await Peer.register();
      const bob = await Peer.register(new Api(server));
      assertError(await ann.but({ api: bob.api }).get("/offers/mine"), 401, WRONG);
      assertError(await bob.but({ api: ann.api }).get("/offers/mine"), 401, WRONG);
      assertStatus(await bob.get("/offers/mine"), 200);
    });
  });

  for (const [says, bytes] of [
    ["no AUTH_SECRET", 0],
    ["an AUTH_SECRET of 31 bytes", 31],
  ])
    describe(`a server with ${says}`, () => {
      let server;
      before(async () => (server = await servers.get(bytes)));

      function assertNamesIt(answer) {
        assertError(answer, 503);
        assert.match(answer.body.error, /AUTH_SECRET/);
      }

      test("registers nobody, and says which variable it wants", async () => {
        assertNamesIt(await new Api(server).post("/register", {}));
      });

      for (const [method, path, sent] of ROUTES)
        test(`says so to ${method} ${path.replace(ID, ":id")} too, with credentials and without`, async () => {
          const api = new Api(server);
          const ann = await Peer.register();
          for (const headers of [ann.headers, {}]) {
            const body = JSON.stringify(sent);
            assertNamesIt(await api.request(method, path, { headers, body }));
          }
        });

      test("says so where credentials are one way of two", async () => {
        const api = new Api(server);
        const body = JSON.stringify({ username: "ann" });
        const { headers } = await Peer.register();
        assertNamesIt(await api.request("DELETE", "/services/a", { headers, body }));
      });

      test("still says that there is no such path or method", async () => {
        const api = new Api(server);
        assertError(await api.get("/offers/a/b"), 404);
        assertError(await api.request("PUT", "/offers"), 405);
      });

      test("does all else", async () => {
        const api = new Api(server);
        await api.offer("a");
        assert.equal((await api.sessions("a")).length, 1);
        assert.equal((await api.topics()).length, 1);
        for (const path of [
          "/health",
          "/",
          "/offers/by-topic/a",
          `/peers/${HEX}${HEX}/offers`,
          "/usernames/ann",
          "/usernames/ann/services",
        ])
          assertStatus(await api.get(path), 200);
        assertError(await api.get("/services/a"), 404, "Service not found");
        assertStatus(
          await api.post("/rooms", { hostUserName: "ann" }, { "X-Registry-Version": "1" }),
          201,
        );
      });
    });
});
