// How WebSockets are opened, and refused, on both stores. What they are sent is in tests/sockets.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, test } from "node:test";
import { startServer } from "../server.mjs";
import { Socket, upgrade } from "../sockets/client.mjs";
import { assertDocumented } from "./document.mjs";
import { Api, LISTED, NO_SESSION, assertError, assertWrong } from "./helpers.mjs";
import { FORMAT, MISSING, Peer, WRONG } from "./peers/peer.mjs";
import {
  NO_SUCH_ROOM,
  assertForbidden,
  assertNoRoom,
  assertRoomError,
  closedRoom,
  joinedRoom,
  openRoom,
  strangeToken,
} from "./rooms/room.mjs";

const POLLS = 20; // in 10 s, and openings
const NOT_LISTED = "Pages of this origin may not use this server";
const NO_WEBSOCKET = "Open a WebSocket here, or poll with wait";
const NO_PUSH = "This server does not push; poll with wait";
const NO_PROTOCOL = "Sec-WebSocket-Protocol must offer rondevu, and the credential";

const SERVERS = {
  durable: { storage: "durable", vars: { RATE_LIMITS: "off" } },
  listed: { storage: "durable", vars: { RATE_LIMITS: "off", CORS_ORIGINS: LISTED.join(",") } },
  limited: { storage: "durable", vars: { RATE_LIMITS: "on" } },
  kv: { storage: "kv", vars: { RATE_LIMITS: "off" } },
};
const started = new Map();
after(async () => {
  for (const { value } of await Promise.allSettled(started.values())) await value?.stop();
});

/** Somebody who calls that server. @param {keyof typeof SERVERS} name @param {string | null} [origin] */
async function caller(name = "durable", origin) {
  if (!started.has(name)) started.set(name, startServer(SERVERS[name]));
  const { url } = await started.get(name);
  return new Api({ url }, origin);
}

/** Asks for a WebSocket with these protocols; request and answer are as documented. */
async function open(api, path, protocols, { headers = {}, body } = {}) {
  const url = (await api.url()) + path;
  const sent = {
    ...(protocols && { "Sec-WebSocket-Protocol": protocols.join(", ") }),
    ...(api.origin !== null && { Origin: api.origin }),
    ...headers,
  };
  const answer = await upgrade(url, sent, body);
  answer.stream?.destroy();
  const asked = { Upgrade: "websocket", ...sent };
  assertDocumented({ method: "GET", url: new URL(url), headers: new Headers(asked) }, answer);
  return answer;
}

const openRoomSocket = ({ api, code, token }, query = "", options) =>
  open(api, `/rooms/${code}/socket${query}`, ["rondevu", `token.${token}`], options);
const openSession = (api, code, side = "offerer", query = "", options) =>
  open(api, `/sessions/${code}/socket${query}`, ["rondevu", `side.${side}`], options);
const openPeer = ({ api, id, secret }, query = "", options) =>
  open(api, `/offers/socket${query}`, ["rondevu", `peer.${id}.${secret}`], options);

function assertOpened(answer) {
  assert.equal(answer.status, 101, answer.text);
  assert.equal(answer.headers.get("Sec-WebSocket-Protocol"), "rondevu");
}

/** Something to open a socket of each family with, and what each refuses with. */
async function families(api) {
  const [{ host }, code, peer] = [
    await openRoom(api),
    await api.offer("a"),
    await Peer.register(api),
  ];
  return {
    rooms: {
      path: `/rooms/${host.code}/socket`,
      credential: `token.${host.token}`,
      refuses: (answer, status, roomCode) => {
        assert.deepEqual([answer.status, answer.body.error.code], [status, roomCode]);
        assert.equal(answer.body.error.retryable, false);
      },
    },
    sessions: {
      path: `/sessions/${code}/socket`,
      credential: "side.answerer",
      refuses: (answer, status, _, sentence) => assertError(answer, status, sentence),
    },
    offers: {
      path: "/offers/socket",
      credential: `peer.${peer.id}.${peer.secret}`,
      refuses: (answer, status, _, sentence) => assertError(answer, status, sentence),
    },
  };
}
const FAMILIES = ["rooms", "sessions", "offers"];

for (const family of FAMILIES)
  describe(`the socket of ${family}`, { concurrency: true }, () => {
    test("opens with the protocol rondevu and its credential", async () => {
      const api = await caller();
      const { path, credential } = (await families(api))[family];
      assertOpened(await open(api, path, ["rondevu", credential]));
      assertOpened(await open(api.from(api.origin), path, ["x", credential, "rondevu"]));
      assertOpened(
        await open(api, path, ["rondevu", credential], { headers: { Upgrade: "WebSocket" } }),
      );
    });

    test("is 426 where no WebSocket is asked for", async () => {
      const api = await caller();
      const { path, credential, refuses } = (await families(api))[family];
      const answer = await api.get(path);
      refuses(answer, 426, "upgrade_required", NO_WEBSOCKET);
      assert.equal((await api.request("HEAD", path)).status, 426);
      const other = await open(api, path, ["rondevu", credential], { headers: { Upgrade: "h2c" } });
      refuses(other, 426, "upgrade_required", NO_WEBSOCKET);
    });

    test("is 400 where the protocol is missing", async () => {
      const api = await caller();
      const { path, credential, refuses } = (await families(api))[family];
      for (const protocols of [undefined, [credential], ["rondevu2", credential]])
        refuses(await open(api, path, protocols), 400, "bad_protocol", NO_PROTOCOL);
    });

    test("is 405 for all but GET, HEAD and a preflight", async () => {
      const api = await caller();
      const { path, refuses } = (await families(api))[family];
      for (const method of ["POST", "PUT"])
        refuses(await api.request(method, path), 405, "method_not_allowed");
      assert.equal((await api.request("OPTIONS", path)).status, 204);
    });

    test("takes no body for a message", async () => {
      const api = await caller();
      const { path, credential } = (await families(api))[family];
      const headers = { "X-Socket-Seen": "1" }; // a header of the server's own
      const sent = { headers, body: '{"id":"a","candidate":"c"}' };
      assertOpened(await open(api, path, ["rondevu", credential], sent));
      const wrong = await open(api, path, ["rondevu", "x"], sent);
      assert.deepEqual(Object.keys(wrong.body), ["error"]);
    });

    test("is 403 for pages of an origin that is not on the list", async () => {
      const [own, listed] = [await caller("listed", null), await caller("listed", LISTED[0])];
      const { path, credential, refuses } = (await families(listed))[family];
      assertOpened(await open(listed, path, ["rondevu", credential]));
      const stranger = await open(own.from(), path, ["rondevu", credential]);
      refuses(stranger, 403, "forbidden", NOT_LISTED);
      const ofOwn = await caller("listed", await own.url());
      for (const api of [own, ofOwn]) {
        const { status } = await open(api, path, ["rondevu", credential]);
        assert.equal(status, family === "sessions" ? 404 : 101, "not refused for its origin");
      }
    });

    test("is 501 on a server that does not push, whatever else is wrong; polls go on there", async () => {
      const api = await caller("kv");
      const { path, credential, refuses } = (await families(api))[family];
      for (const protocols of [["rondevu", credential], ["rondevu"], undefined])
        refuses(await open(api, path, protocols), 501, "not_supported", NO_PUSH);
      refuses(await api.get(path), 501, "not_supported", NO_PUSH);
      const code = await api.offer("b");
      assert.equal((await api.poll(code, "answerer")).status, 200);
    });
  });

describe("the socket of a room is refused", { concurrency: true }, () => {
  test("without a token, with a wrong one, and with one of another room: 403, and nothing is echoed", async () => {
    const api = await caller();
    const [{ host }, other] = [await joinedRoom(api), await joinedRoom(api)];
    const path = `/rooms/${host.code}/socket`;
    for (const credential of [[], ["token."], ["token.x"], ["side.offerer"], [host.token]])
      assertForbidden(await open(api, path, ["rondevu", ...credential]), host.token);
    for (const { token } of [other.host, other.guest, { token: strangeToken() }])
      assertForbidden(await openRoomSocket(host.but({ token })), token);
    assertForbidden(await open(api, `${path}?token=${host.token}`, ["rondevu"]), host.token);
  });

  test("where there is no such room: 404", async () => {
    const api = await caller();
    const { host } = await closedRoom(api);
    assertNoRoom(await openRoomSocket(host));
    assertNoRoom(await openRoomSocket(host.but({ code: NO_SUCH_ROOM })));
  });

  test("where since is no number, or the path no text: 400", async () => {
    const { host } = await openRoom(await caller());
    for (const since of ["x", "-1", "1.5"])
      assertRoomError(await openRoomSocket(host, `?since=${since}`), 400, "bad_request");
    assertRoomError(await openRoomSocket(host.but({ code: "%ff" })), 400, "bad_request");
    assertOpened(await openRoomSocket(host, "?since="));
  });

  test(`the ${POLLS + 1}th time in 10 s: 429`, async () => {
    for (let tries = 0, status = 0; status !== 429; tries++) {
      assert.ok(tries < 3, "never limited");
      const address = `10.${[...randomBytes(3)].join(".")}`;
      const api = new (class extends Api {
        request(method, path, { headers, ...options } = {}) {
          const own = { "CF-Connecting-IP": address, ...headers };
          return super.request(method, path, { ...options, headers: own });
        }
      })({ url: await (await caller("limited")).url() });
      const { host } = await openRoom(api);
      let answer;
      for (let i = 0; i <= POLLS; i++) answer = await openRoomSocket(host);
      if ((status = answer.status) === 429) assertRoomError(answer, 429, "rate_limited");
    }
  });
});

describe("the socket of a session is refused", { concurrency: true }, () => {
  test("without a side: 400", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const path = `/sessions/${code}/socket`;
    for (const credential of [[], ["side."], ["side.host"], ["token.offerer"], ["offerer"]])
      assertWrong(await open(api, path, ["rondevu", ...credential]), "side");
  });

  test("where seen is none: 400", async () => {
    const api = await caller();
    assertWrong(await openSession(api, await api.offer("a"), "offerer", "?seen=x"), "seen");
  });

  test("where there is no such session for this Origin: 404", async () => {
    const api = await caller();
    const code = await api.offer("a");
    const gone = await api.offer("a");
    await api.withdraw(gone);
    for (const [who, which] of [
      [api.from(), code],
      [api, gone],
      [api, "x"],
      [api, code.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))],
    ])
      assertError(await openSession(who, which), 404, NO_SESSION);
    assertOpened(await openSession(api, code));
  });
});

describe("the socket of a peer is refused", { concurrency: true }, () => {
  test("without credentials, and with wrong ones: 401, and nothing is echoed", async () => {
    const peer = await Peer.register(await caller());
    const bare = await open(peer.api, "/offers/socket", ["rondevu"]);
    assertError(bare, 401, MISSING);
    assert.equal(bare.headers.get("WWW-Authenticate"), "Bearer");
    assertError(await openPeer(peer.but({ secret: "" })), 401, FORMAT);
    assertError(await openPeer(peer.but({ id: "x" })), 401, WRONG);
    const other = await Peer.register(peer.api);
    const wrong = await openPeer(peer.but({ secret: other.secret }));
    assertError(wrong, 401, WRONG);
    assert.ok(!wrong.text.includes(other.secret));
  });

  test("where since is no time: 400", async () => {
    const peer = await Peer.register(await caller());
    for (const since of ["x", "-1", "1.5"])
      assertError(await openPeer(peer, `?since=${since}`), 400, "since must be a time in ms");
  });
});

test("headers and a query as long as a server takes do no harm to the sockets that are open", async () => {
  const { host } = await openRoom(await caller());
  const url = `${await host.api.url()}/rooms/${host.code}/socket`;
  const socket = await Socket.open(url, ["rondevu", `token.${host.token}`]);
  const headers = { "If-None-Match": "x".repeat(8000), "Idempotency-Key": "x".repeat(8000) };
  const { status } = await openRoomSocket(host, "", { headers });
  assert.ok([101, 503].includes(status), `${status}`);
  await socket.next();
  assert.equal((await socket.ask({ candidate: "c" })).status, 204);
  socket.drop();
});
