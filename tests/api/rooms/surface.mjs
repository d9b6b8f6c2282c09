// What holds for every answer under /rooms: paths and methods that are not there, HEAD, CORS, headers,
// and that rooms and topics do not get into each other's way.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { example } from "../document.mjs";
import { Api, LISTED } from "../helpers.mjs";
import {
  NO_SUCH_ROOM,
  Player,
  VERSION,
  assertDone,
  assertRoomError,
  candidate,
  offeredRoom,
  openRoom,
} from "./room.mjs";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const PATHS = [
  ["/rooms", "POST"],
  ["/rooms/QK7M2XTD", "GET"],
  ["/rooms/QK7M2XTD/public", "GET"],
  ["/rooms/QK7M2XTD/join", "POST"],
  ["/rooms/QK7M2XTD/offer", "POST"],
  ["/rooms/QK7M2XTD/answer", "POST"],
  ["/rooms/QK7M2XTD/candidate", "POST"],
  ["/rooms/QK7M2XTD/candidates", "GET"],
  ["/rooms/QK7M2XTD/close", "POST"],
];

describe("under /rooms a path that no route has", { concurrency: true }, () => {
  for (const path of [
    "/rooms/QK7M2XTD/",
    "/rooms/QK7M2XTD/nothing",
    "/rooms/QK7M2XTD/Join",
    "/rooms/QK7M2XTD/join/",
    "/rooms/QK7M2XTD/join/now",
    "/rooms/QK7M2XTD/candidates/1",
    "/rooms/a/b/c/d",
    "/rooms//join/x",
  ])
    for (const method of METHODS)
      test(`${method} ${path} is 404 not_found`, async () => {
        const headers = { ...VERSION, "X-Access-Token": "x" };
        const answer = await new Api().request(method, path, { headers });
        assertRoomError(answer, 404, "not_found");
      });

  test("is 404 in the other families' way where it only begins like /rooms", async () => {
    for (const path of ["/Rooms", "/roomsx", "/roomsx/QK7M2XTD", "/room/QK7M2XTD"]) {
      const { status, body } = await new Api().get(path);
      assert.deepEqual([status, typeof body.error], [404, "string"], path);
    }
  });
});

describe("under /rooms a path that has no such method", { concurrency: true }, () => {
  for (const [path, has] of PATHS)
    for (const method of METHODS.filter((one) => one !== has))
      test(`${method} ${path} is 405 method_not_allowed, and Allow says ${has}`, async () => {
        const headers = { ...VERSION, "X-Access-Token": "x" };
        const answer = await new Api().request(method, path, { headers });
        assertRoomError(answer, 405, "method_not_allowed");
        const allowed = answer.headers.get("Allow").split(/\s*,\s*/);
        assert.deepEqual(
          allowed.filter((name) => name !== "OPTIONS" && name !== "HEAD"),
          [has],
        );
      });
});

describe("HEAD in rooms", { concurrency: true }, () => {
  test("answers as GET does, without the body", async () => {
    const { host, stranger, api } = await openRoom();
    for (const player of [host, stranger])
      for (const rest of ["", "/public", "/candidates"]) {
        const path = `/rooms/${host.code}${rest}`;
        const headers = player.token ? { "X-Access-Token": player.token } : {};
        const got = await api.get(path, headers);
        const head = await api.request("HEAD", path, { headers });
        assert.deepEqual([head.status, head.text], [got.status, ""], path);
        for (const name of ["ETag", "Content-Type", "Cache-Control"])
          assert.equal(head.headers.get(name), got.headers.get(name), name);
      }
  });

  test("is 405 where there is no GET", async () => {
    for (const [path, has] of PATHS.filter(([, has]) => has === "POST"))
      assert.equal((await new Api().request("HEAD", path)).status, 405, `${has} ${path}`);
  });
});

/** One answer of each kind, from a server. */
async function answers(server, origin) {
  const api = new Api(server, origin);
  const created = await api.post("/rooms", example("createRoom", "host"), VERSION);
  const { code, ownerToken } = created.body;
  const host = new Player(api, code, ownerToken);
  const got = await host.get();
  return {
    201: created,
    204: await host.offer(),
    200: got,
    304: await host.get("/candidates", { "If-None-Match": "*" }),
    400: await host.candidate({ candidate: "" }),
    403: await host.but({ token: "x" }).get(),
    404: await host.but({ code: NO_SUCH_ROOM }).lookUp(),
    405: await api.request("PUT", "/rooms"),
    409: await host.but({ token: ownerToken }).offer({ generation: 2 }),
    413: await host.post("offer", " ".repeat(65 * 1024)),
  };
}

const list = (answer, name) => (answer.headers.get(name) ?? "").split(/\s*,\s*/).filter(Boolean);

describe("a page of another origin", { concurrency: true }, () => {
  test("may read every answer, its ETag and its Retry-After", async () => {
    for (const [status, answer] of Object.entries(await answers())) {
      assert.equal(answer.status, Number(status), answer.text);
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*", status);
      assert.deepEqual(list(answer, "Access-Control-Expose-Headers"), ["ETag", "Retry-After"]);
      assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null);
      assert.equal(answer.headers.get("Cache-Control"), "no-store");
    }
  });

  test("may read them where it is on the list, and no other", async () => {
    for (const answer of Object.values(await answers("listed", LISTED[0]))) {
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), LISTED[0]);
      assert.ok(list(answer, "Vary").includes("Origin"));
    }
    for (const answer of Object.values(await answers("listed", "https://three.example"))) {
      const names = [...answer.headers.keys()].filter((name) => name.startsWith("access-control-"));
      assert.deepEqual(names, []);
    }
  });

  for (const [path, method] of PATHS)
    test(`gets a preflight of ${method} ${path}, with every header that rooms take`, async () => {
      const wanted = ["Content-Type", "X-Access-Token", "X-Registry-Version", "Idempotency-Key"];
      wanted.push("If-None-Match");
      const answer = await new Api().request("OPTIONS", path, {
        headers: {
          "Access-Control-Request-Method": method,
          "Access-Control-Request-Headers": wanted.join(",").toLowerCase(),
        },
      });
      assertDone(answer);
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
      assert.ok(list(answer, "Access-Control-Allow-Methods").includes(method));
      for (const name of wanted)
        assert.ok(list(answer, "Access-Control-Allow-Headers").includes(name), name);
      assert.equal(answer.headers.get("Access-Control-Max-Age"), "7200");
    });

  test("does nothing with a preflight alone", async () => {
    const { host } = await openRoom();
    await host.api.request("OPTIONS", `/rooms/${host.code}/close`);
    assert.equal((await host.get()).status, 200);
  });
});

describe("rooms and topics", { concurrency: true }, () => {
  test("do not show each other", async () => {
    const { host, api } = await offeredRoom();
    assertDone(await host.candidate(candidate("a")));
    assert.deepEqual(await api.topics(), []);
    await api.offer(host.code);
    assert.deepEqual(
      (await api.topics()).map(({ topic }) => topic),
      [host.code],
    );
    assert.equal((await host.room()).offer.type, "offer");
  });

  test("are not the same to an Origin: rooms belong to who has their codes", async () => {
    const { made, stranger } = await openRoom();
    const elsewhere = stranger.but({ api: new Api() });
    assert.equal((await elsewhere.lookUp()).status, 200);
    assert.equal((await elsewhere.join({ joinCode: made.joinCode })).status, 200);
  });
});
