// What goes to the registry, what comes back, and what is asked again.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import {
  HttpClient,
  NetworkError,
  RegistryClient,
  RegistryError,
  TimeoutError,
} from "../../client/registry/dist/index.js";
import { FakeHttpClient, ManualClock, settled } from "../../client/registry/dist/testing.js";
import { rejection } from "./helpers.mjs";

const CREATED = { code: "QK7M2XTD", ownerToken: "own", joinCode: "123456", expiresAt: 1 };
const SNAPSHOT = { status: "open", offer: null, answer: null, updatedAt: 1, expiresAt: 2 };
const LIST = { items: [], mode: "full", lastSeq: 0 };
const OFFER = { type: "offer", sdp: "v=0" };
const CANDIDATE = { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 };

/** A registry client on a scripted HTTP client: answers[n] is what request n gets, the last for all others. */
function scripted(answers, config = {}) {
  const clock = new ManualClock();
  let n = 0;
  const http = new FakeHttpClient(() => {
    const answer = answers[Math.min(n++, answers.length - 1)];
    if (answer instanceof Error) throw answer;
    return typeof answer === "function" ? answer() : answer;
  });
  const client = new RegistryClient({
    registryApiUrl: "https://registry.example/",
    httpClient: http,
    clock,
    random: () => 0.5,
    ...config,
  });
  return { client, clock, http, requests: http.requests };
}

const refusal = (status, code, more) => ({
  status,
  body: { error: { code, message: code, ...more } },
});

/** Every method, with the request that it makes and an answer that it takes. */
const ROUTES = {
  createRoom: [["Alice"], "POST", "", undefined, { hostUserName: "Alice" }, CREATED],
  getPublicRoomInfo: [
    ["R"],
    "GET",
    "/R/public",
    undefined,
    undefined,
    { status: "open", expiresAt: 1, hostUserName: "A" },
  ],
  joinRoom: [
    ["R", "123456", "Bob"],
    "POST",
    "/R/join",
    undefined,
    { joinCode: "123456", guestUserName: "Bob" },
    { guestToken: "g", expiresAt: 1 },
  ],
  postOffer: [["R", "t", OFFER], "POST", "/R/offer", "t", { ...OFFER, generation: undefined }],
  postAnswer: [
    ["R", "t", { type: "answer", sdp: "v=0" }, { generation: 2 }],
    "POST",
    "/R/answer",
    "t",
    { type: "answer", sdp: "v=0", generation: 2 },
  ],
  postCandidate: [
    ["R", "t", { ...CANDIDATE, usernameFragment: "x" }],
    "POST",
    "/R/candidate",
    "t",
    CANDIDATE,
  ],
  postCandidates: [
    ["R", "t", [CANDIDATE]],
    "POST",
    "/R/candidate",
    "t",
    { candidates: [CANDIDATE] },
  ],
  getRoom: [["R", "t", { wait: 25 }], "GET", "/R?wait=25", "t", undefined, SNAPSHOT],
  getCandidates: [
    ["R", "t", { since: 0, wait: 5 }],
    "GET",
    "/R/candidates?since=0&wait=5",
    "t",
    undefined,
    LIST,
  ],
  closeRoom: [["R", "t"], "POST", "/R/close", "t", {}],
};

for (const [name, [args, method, path, token, body, answer]] of Object.entries(ROUTES)) {
  test(`${name} asks for ${method} /rooms${path}, with the headers that it needs`, async () => {
    const { client, requests } = scripted([{ status: answer ? 200 : 204, body: answer }]);
    await client[name](...args);
    assert.equal(requests.length, 1);
    const [request] = requests;
    assert.equal(request.method, method);
    assert.equal(request.url, `https://registry.example/rooms${path}`);
    assert.deepEqual(request.body, body);
    assert.equal(request.headers["X-Access-Token"], token);
    assert.equal(request.headers["X-Registry-Version"], method === "POST" ? "1" : undefined);
    const isCandidate = path.endsWith("/candidate");
    assert.equal("Idempotency-Key" in request.headers, isCandidate);
  });

  test(`${name} with an HTTP client that knows get and post only sends the same`, async () => {
    const seen = [];
    const httpClient = {
      get: async (url, headers) => (seen.push(["GET", url, undefined, headers]), answer),
      post: async (url, body, headers) => (seen.push(["POST", url, body, headers]), answer),
    };
    const { client } = scripted([], { httpClient });
    await client[name](...args);
    const [[seenMethod, url, sent, headers]] = seen;
    assert.deepEqual([seenMethod, url], [method, `https://registry.example/rooms${path}`]);
    assert.deepEqual(sent, body);
    assert.equal(headers["X-Access-Token"], token);
    assert.equal(headers["X-Registry-Version"], method === "POST" ? "1" : undefined);
  });

  test(`${name} ends when its signal aborts, and listens no more`, async () => {
    const { client, clock } = scripted([() => new Promise(() => {})]);
    const controller = new AbortController();
    const options = args.at(-1)?.wait || args.at(-1)?.generation ? args.slice(0, -1) : args;
    const ended = rejection(client[name](...options, { signal: controller.signal }));
    await settled();
    controller.abort(new Error("enough"));
    assert.equal((await ended).message, "enough");
    assert.equal(clock.pending, 0);
    assert.deepEqual(getEventListeners(controller.signal, "abort"), []);
  });

  if (answer)
    for (const field of Object.keys(answer).filter((field) => field !== "lastSeq"))
      test(`${name} takes no answer without a valid ${field}`, async () => {
        for (const wrong of [undefined, {}]) {
          const bad = { body: { ...answer, [field]: wrong } };
          const { client } = scripted([bad], { retry: { attempts: 1 } });
          const error = await rejection(client[name](...args));
          assert.ok(error instanceof RegistryError);
          assert.equal(error.code, "bad_response");
          assert.equal(error.message, field);
        }
      });
}

test("an error carries nothing of the answer that it is about", async () => {
  const { client } = scripted([{ body: { ...CREATED, expiresAt: "soon" } }]);
  const error = await rejection(client.createRoom("Alice"));
  assert.deepEqual(Object.keys(error).toSorted(), ["code", "name", "retryable", "status"]);
});

test("whatever is typed as a room code stays within its path", async () => {
  const { client, requests } = scripted([{ body: SNAPSHOT }]);
  await client.getRoom("../qk7m 2x/?#", "t");
  assert.equal(requests[0].url, "https://registry.example/rooms/..%2Fqk7m%202x%2F%3F%23");
});

test("no answer that is no object is taken", async () => {
  for (const body of [undefined, null, 5, "text", []]) {
    const { client } = scripted([{ body }], { retry: { attempts: 1 } });
    assert.equal((await rejection(client.createRoom("A"))).code, "bad_response");
  }
});

test("a lastSeq or a generation that is no number is not taken", async () => {
  const once = { retry: { attempts: 1 } };
  const list = scripted([{ body: { ...LIST, lastSeq: "7" } }], once);
  assert.equal((await rejection(list.client.getCandidates("R", "t"))).message, "lastSeq");
  const room = scripted([{ body: { ...SNAPSHOT, generation: "2" } }], once);
  assert.equal((await rejection(room.client.getRoom("R", "t"))).message, "generation");
});

test("descriptions are null, or have a type and an sdp", async () => {
  for (const offer of ["v=0", { type: "offer" }, { sdp: "v=0" }, 5]) {
    const { client } = scripted([{ body: { ...SNAPSHOT, offer } }], { retry: { attempts: 1 } });
    assert.equal((await rejection(client.getRoom("R", "t"))).message, "offer");
  }
});

test("items of a list that are no candidates are left out", async () => {
  const items = [null, 5, {}, { candidate: 7 }, CANDIDATE];
  const { client } = scripted([{ body: { ...LIST, items } }]);
  assert.deepEqual((await client.getCandidates("R", "t")).items, [CANDIDATE]);
});

test("what the registry says is wrong comes as a RegistryError with all it said", async () => {
  const more = { message: "Wait", retryable: true, retryAfterSec: 42 };
  const { client } = scripted([refusal(429, "rate_limited", more)]);
  const error = await rejection(client.joinRoom("R", "123456", "Bob"));
  assert.ok(error instanceof RegistryError);
  const { name, code, message, status, retryable, retryAfterSec } = error;
  assert.deepEqual(
    { name, code, message, status, retryable, retryAfterSec },
    {
      name: "RegistryError",
      code: "rate_limited",
      message: "Wait",
      status: 429,
      retryable: true,
      retryAfterSec: 42,
    },
  );
});

test("an error without the registry's envelope has the status for a code", async () => {
  const { client } = scripted([{ status: 404, body: undefined }]);
  const error = await rejection(client.getPublicRoomInfo("R"));
  assert.deepEqual([error.code, error.status, error.retryable], ["http_404", 404, false]);
});

test("an envelope that a simple HTTP client resolves to is an error all the same", async () => {
  const httpClient = { post: async () => ({ error: { code: "bad_username", message: "no" } }) };
  const { client } = scripted([], { httpClient });
  assert.equal((await rejection(client.createRoom("?"))).code, "bad_username");
});

test("what cannot be reached is a NetworkError without a secret in it", async () => {
  const { client } = scripted([new TypeError("fetch failed: token-123")], {
    retry: { attempts: 1 },
  });
  const error = await rejection(client.getRoom("R", "token-123"));
  assert.ok(error instanceof NetworkError);
  assert.equal(error.retryable, true);
  assert.doesNotMatch(`${error.message} ${error.stack}`, /token-123/);
});

test("a request that takes too long is a TimeoutError, the time it may wait not counted", async () => {
  const { client, clock } = scripted([() => new Promise(() => {})], {
    retry: { attempts: 1 },
    timeouts: { request: 1000 },
  });
  const failed = rejection(client.getRoom("R", "t", { wait: 25 }));
  await clock.advance(25_999);
  assert.equal(clock.pending, 1);
  await clock.advance(1);
  const error = await failed;
  assert.ok(error instanceof TimeoutError);
  assert.deepEqual([error.code, error.retryable], ["request_timeout", true]);
  assert.equal(clock.pending, 0);
});

test("a snapshot is asked for by its ETag, and comes back itself when nothing changed", async () => {
  const { client, requests } = scripted([
    { body: SNAPSHOT, headers: { ETag: 'W/"1"' } },
    { status: 304 },
    { body: { ...SNAPSHOT, status: "joined" }, headers: { ETag: 'W/"2"' } },
  ]);
  const first = await client.getRoom("R", "t");
  assert.equal(first.etag, 'W/"1"');
  assert.equal(await client.getRoom("R", "t", { known: first }), first);
  assert.equal(requests[1].headers["If-None-Match"], 'W/"1"');
  const third = await client.getRoom("R", "t", { known: first });
  assert.deepEqual([third.status, third.etag], ["joined", 'W/"2"']);
});

// Trying again

const lost = new TypeError("fetch failed");
const busy = refusal(503, "retry", { retryable: true });

test("the first retry comes at once, the others after a random time that doubles up to a limit", async () => {
  const { client, clock, requests } = scripted([lost], {
    retry: { attempts: 6, base: 100, max: 300 },
  });
  const failed = rejection(client.getRoom("R", "t"));
  await settled();
  assert.equal(requests.length, 2);
  for (const delay of [50, 100, 150, 150]) {
    assert.deepEqual(clock.delays, [delay]);
    await clock.advance(delay);
  }
  assert.ok((await failed) instanceof NetworkError);
  assert.equal(requests.length, 6);
});

test("a retry waits for as long as the registry says, by body or by header", async () => {
  for (const answer of [
    refusal(429, "rate_limited", { retryable: true, retryAfterSec: 3 }),
    { status: 429, headers: { "Retry-After": "3" } },
  ]) {
    const { client, clock, requests } = scripted([answer, { body: CREATED }]);
    const created = client.createRoom("Alice");
    await clock.advance(2999);
    assert.equal(requests.length, 1);
    await clock.advance(1000);
    assert.equal((await created).code, CREATED.code);
  }
});

test("a Retry-After longer than the policy allows is left to the application", async () => {
  const answer = refusal(429, "rate_limited", { retryable: true, retryAfterSec: 60 });
  const { client, requests } = scripted([answer]);
  assert.equal((await rejection(client.createRoom("Alice"))).retryAfterSec, 60);
  assert.equal(requests.length, 1);
});

for (const name of ["createRoom", "joinRoom"]) {
  const [args, , , , , answer] = ROUTES[name];

  test(`${name} is not repeated when its answer is lost, times out or is a 500`, async () => {
    const internal = refusal(500, "internal", { retryable: true });
    for (const answer of [lost, internal]) {
      const { client, requests } = scripted([answer]);
      await rejection(client[name](...args));
      assert.equal(requests.length, 1);
    }
    const { client, clock, requests } = scripted([() => new Promise(() => {})]);
    const failed = rejection(client[name](...args));
    await clock.advance(60_000);
    assert.ok((await failed) instanceof TimeoutError);
    assert.equal(requests.length, 1);
  });

  test(`${name} is repeated when the registry did not look at it`, async () => {
    for (const refused of [busy, refusal(429, "rate_limited", { retryable: true })]) {
      const { client, requests } = scripted([refused, { body: answer }]);
      await client[name](...args);
      assert.equal(requests.length, 2);
    }
  });
}

for (const [name, [args, , , , , answer]] of Object.entries(ROUTES))
  if (name !== "createRoom" && name !== "joinRoom")
    test(`${name} is repeated when its answer is lost, or is a 503`, async () => {
      const answers = [lost, busy, { status: answer ? 200 : 204, body: answer }];
      const { client, clock, requests } = scripted(answers);
      const done = client[name](...args);
      await clock.advance(1000);
      await done;
      assert.equal(requests.length, 3);
    });

test("what the client did wrong is not repeated", async () => {
  for (const status of [400, 403, 404, 409, 413]) {
    const { client, requests } = scripted([refusal(status, "no", { retryable: false })]);
    assert.equal((await rejection(client.getRoom("R", "t"))).status, status);
    assert.equal(requests.length, 1);
  }
});

test("a batch of candidates keeps its Idempotency-Key when repeated, and no two have the same", async () => {
  let random = 0.1;
  const { client, requests } = scripted([lost, { status: 204 }], { random: () => (random += 0.1) });
  await client.postCandidates("R", "t", [CANDIDATE]);
  await client.postCandidates("R", "t", [CANDIDATE]);
  const keys = requests.map(({ headers }) => headers["Idempotency-Key"]);
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[1], keys[2]);
});

test("a room that is gone when it is closed is closed", async () => {
  await scripted([refusal(404, "not_found")]).client.closeRoom("R", "t");
  const forbidden = scripted([refusal(403, "forbidden")]).client.closeRoom("R", "t");
  assert.equal((await rejection(forbidden)).code, "forbidden");
});

for (const [name, type] of [
  ["postOffer", "offer"],
  ["postAnswer", "answer"],
])
  // Whoever lost it: a browser repeats a POST by itself, so that the first answer may be a refusal.
  for (const answers of [
    [refusal(409, "already_paired")],
    [lost, refusal(409, "already_paired")],
  ]) {
    const shown = (sdp) => ({ body: { ...SNAPSHOT, status: "paired", [type]: { type, sdp } } });
    const times = answers.length === 1 ? "once" : "twice";

    test(`${name} sent ${times} has worked when the room that is paired shows what it posted`, async () => {
      const { client, requests } = scripted([...answers, shown("mine")]);
      await client[name]("R", "t", { type, sdp: "mine" });
      assert.equal(requests.at(-1).method, "GET");
    });

    test(`${name} sent ${times} has failed when the room that is paired shows another`, async () => {
      const { client } = scripted([...answers, shown("theirs")]);
      const error = await rejection(client[name]("R", "t", { type, sdp: "mine" }));
      assert.equal(error.code, "already_paired");
    });
  }

// The HTTP client

/** Runs one call on an HttpClient whose fetch answers so, and returns what fetch was asked. */
async function fetched(call, response = new Response("{}")) {
  const asked = [];
  const http = new HttpClient(async (url, init) => (asked.push({ url, ...init }), response));
  const result = await call(http).catch((error) => error);
  return { result, ...asked[0] };
}

test("the HTTP client sends no cookies, and cannot be made to", async () => {
  for (const call of [
    (http) => http.get("/x", { A: "1" }),
    (http) => http.post("/x", {}, { A: "1" }),
  ]) {
    const { mode, credentials, cache, headers } = await fetched(call);
    assert.deepEqual([mode, credentials, headers.A], ["cors", "omit", "1"]);
    assert.equal(cache, "no-store", "or a tab waits for another that reads the same");
  }
});

test("a request of one's own has X-Registry-Version too, where it is a POST", async () => {
  const ask = (method) =>
    fetched((http) => http.request({ method, url: "/x", headers: { A: "1" } }));
  const { headers } = await ask("POST");
  assert.deepEqual([headers.A, headers["X-Registry-Version"]], ["1", "1"]);
  assert.deepEqual((await ask("GET")).headers, { A: "1" });
});

test("every POST of the HTTP client has X-Registry-Version and a JSON body", async () => {
  const { headers, body, method } = await fetched((http) => http.post("/x"));
  assert.deepEqual(
    [method, body, headers["X-Registry-Version"], headers["Content-Type"]],
    ["POST", "{}", "1", "application/json"],
  );
});

test("the HTTP client resolves to the JSON, and rejects with the registry's error", async () => {
  assert.deepEqual((await fetched((http) => http.get("/x"), Response.json({ a: 1 }))).result, {
    a: 1,
  });
  const body = { error: { code: "not_found", message: "gone", retryable: false } };
  const { result } = await fetched((http) => http.get("/x"), Response.json(body, { status: 404 }));
  assert.ok(result instanceof RegistryError);
  assert.equal(result.code, "not_found");
  assert.equal(
    (await fetched((http) => http.post("/x"), new Response("<p>", { status: 502 }))).result.code,
    "http_502",
  );
});

test("fetch is called as a function, as a browser's wants to be", async () => {
  let self = "never called";
  const client = new RegistryClient({
    registryApiUrl: "https://registry.example",
    fetch: function () {
      self = this;
      return Promise.resolve(Response.json(CREATED, { status: 201 }));
    },
  });
  await client.createRoom("Alice");
  assert.equal(self, undefined);
});
