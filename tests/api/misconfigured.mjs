// A server whose variables make no sense says which.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { example } from "./document.mjs";
import { Api, assertDiscreet, assertError } from "./helpers.mjs";
import { startServer } from "../server.mjs";
import { VERSION, assertRoomError } from "./rooms/room.mjs";

describe("with SESSION_TIMEOUT=abc the server", () => {
  let server;
  before(async () => (server = await startServer({ vars: { SESSION_TIMEOUT: "abc" } })));
  after(() => server?.stop());

  for (const [method, path, body] of [
    ["GET", "/topics"],
    ["GET", "/a/sessions"],
    ["POST", "/a/offer", '{"offer":"o"}'],
    ["POST", "/poll", "{}"],
  ])
    test(`answers ${method} ${path} with 503 and the variable's name`, async () => {
      const answer = await new Api(server).request(method, path, { body });
      assertError(answer, 503);
      assert.match(answer.body.error, /SESSION_TIMEOUT/);
      assertDiscreet(answer);
      assert.equal(answer.headers.get("Cache-Control"), "no-store");
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
    });

  test("answers POST /rooms in the rooms' way", async () => {
    const answer = await new Api(server).post("/rooms", example("createRoom", "host"), VERSION);
    assertRoomError(answer, 503, "retry");
    assert.match(answer.body.error.message, /SESSION_TIMEOUT/);
    assertDiscreet(answer);
  });
});
