// Bodies at and over their limit, bodies that are not as long as they say, and what needs more memory
// than a request may have.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, KB, assertDiscreet, assertError, assertNothingStored } from "./helpers.mjs";

const MAX = 512 * KB; // of the sessions' routes
const MB = 1024 * KB;
const MAX_ELSEWHERE = MB;

/** A good offer of exactly so many bytes. */
function padded(size) {
  const [start, end] = ['{"info":"ann","offer":"o","x":"', '"}'];
  return start + "p".repeat(size - start.length - end.length) + end;
}

/** Without a length: fetch sends it in chunks. */
function chunked(text) {
  const bytes = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += 50_000)));
    },
  });
}

const WAYS = {
  "with its length": (text) => ({ body: text }),
  "in chunks": (text) => ({ body: chunked(text), duplex: "half" }),
};

for (const [way, send] of Object.entries(WAYS))
  describe(`a body sent ${way}`, { concurrency: true }, () => {
    test("may have 512 KB", async () => {
      const api = new Api();
      const answer = await api.request("POST", "/a/offer", send(padded(MAX)));
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await api.sessions("a")).length, 1);
    });

    for (const size of [MAX + 1, MAX_ELSEWHERE, MAX_ELSEWHERE + 1, 3 * MAX_ELSEWHERE])
      test(`of ${size} bytes is 413 and stores nothing`, async () => {
        const api = new Api();
        assertError(await api.request("POST", "/a/offer", send(padded(size))), 413);
        await assertNothingStored(api);
      });

    for (const path of ["/answer", "/poll"])
      test(`has the same limit on ${path}`, async () => {
        const api = new Api();
        assertError(await api.request("POST", path, send(padded(MAX))), 400);
        assertError(await api.request("POST", path, send(padded(MAX + 1))), 413);
      });

    test("has the same limit where it is ignored", async () => {
      const api = new Api();
      const code = await api.offer("a");
      assertError(await api.del(`/sessions/${code}`, send("x".repeat(MAX + 1))), 413);
      assert.equal((await api.sessions("a")).length, 1);
      const { status } = await api.del(`/sessions/${code}`, send("x".repeat(MAX)));
      assert.equal(status, 200);
    });

    // Who goes on sending may find the connection closed, as the proxy of wrangler does it.
    test("of 20 MB is never taken, and the next request works", async () => {
      const api = new Api();
      const upload = api.request("POST", "/a/offer", send(padded(20 * MB)));
      assert.notEqual((await upload.catch(() => ({ status: 413 }))).status, 200);
      await assertNothingStored(api);
      await api.offer("a");
    });
  });

describe("a body of 20 MB", { concurrency: true }, () => {
  for (const [says, fields, start] of [
    ["by its length", { "Content-Length": 20 * MB }, ""],
    ["in one chunk", { "Transfer-Encoding": "chunked" }, `${(20 * MB).toString(16)}\r\n`],
    ["in one chunk without an end", { "Transfer-Encoding": "chunked" }, "ffffffff\r\n"],
  ])
    test(`${says} is 413 before it has all been read`, async () => {
      const api = new Api();
      const head = await api.head("POST", "/a/offer", fields);
      assertError(await api.raw([head, start, padded(20 * MB).slice(0, 2 * MB)]), 413);
      await assertNothingStored(api);
      await api.offer("a");
    });
});

describe("the body of a GET", { concurrency: true }, () => {
  for (const [path, max] of [
    ["/a/sessions", MAX],
    ["/health", MAX_ELSEWHERE],
  ])
    test(`${path} is ignored up to ${max} bytes, and 413 over it`, async () => {
      const api = new Api();
      for (const [size, status] of [
        [0, 200],
        [10, 200],
        [max, 200],
        [max + 1, 413],
      ]) {
        const head = await api.head("GET", path, { "Content-Length": size });
        assert.equal((await api.raw([head, "x".repeat(size)])).status, status, `${size} bytes`);
      }
    });

  for (const path of ["/", "/topics"])
    test(`${path} is 413 where it is over any limit`, async () => {
      const api = new Api();
      const size = MAX_ELSEWHERE + 1;
      const head = await api.head("GET", path, { "Content-Length": size });
      assertError(await api.raw([head, "x".repeat(size)]), 413);
    });
});

describe("a body that is not as long as it says", { concurrency: true }, () => {
  const offer = '{"info":"ann","offer":"o"}';

  test("but longer is cut there: 400, and the server lives", async () => {
    const api = new Api();
    for (const short of [1, 10, offer.length - 1]) {
      const head = await api.head("POST", "/a/offer", { "Content-Length": short });
      assertError(await api.raw([head, offer]), 400);
    }
    await assertNothingStored(api);
    await api.offer("a");
  });

  test("but longer does not bring the next request of the connection into the wrong place", async () => {
    const api = new Api();
    const first = await api.head("POST", "/a/offer", { "Content-Length": offer.length });
    const second = await api.head("POST", "/b/offer", { "Content-Length": offer.length });
    const { status } = await api.raw([first, offer, second, offer.slice(0, 5)]);
    assert.equal(status, 200);
    assert.deepEqual(
      (await api.topics()).map((entry) => entry.topic),
      ["a"],
    );
  });

  test("but shorter, with nothing after it, stores nothing", async () => {
    const api = new Api();
    const head = await api.head("POST", "/a/offer", { "Content-Length": offer.length + 10 });
    await api.leave([head, offer]);
    await assertNothingStored(api);
    await api.offer("a");
  });

  test("in chunks that do not end stores nothing", async () => {
    const api = new Api();
    const head = await api.head("POST", "/a/offer", { "Transfer-Encoding": "chunked" });
    const chunk = `${offer.length.toString(16)}\r\n${offer}\r\n`;
    await api.leave([head, chunk]);
    await assertNothingStored(api);
    await api.offer("a");
  });
});

describe("a body that takes more memory than a request may have", { concurrency: true }, () => {
  const tiny = Array(Math.floor((MAX_ELSEWHERE - 60) / 2))
    .fill("0")
    .join();
  const bodies = {
    "a claim": ["/usernames/claim", `{"username":"ann","x":[${tiny}]}`],
    "a query": ["/index/ann/query", `{"serviceFqn":"chat","x":[${tiny}]}`],
  };
  for (const [says, [path, body]] of Object.entries(bodies))
    test(`${says} is 503, says so as any error does, and the next request works`, async () => {
      const api = new Api();
      const answer = await api.post(path, body);
      assertError(answer, 503);
      assertDiscreet(answer);
      assert.equal(answer.headers.get("Content-Type"), "application/json; charset=utf-8");
      assert.equal(answer.headers.get("Cache-Control"), "no-store");
      assert.equal(answer.headers.get("Access-Control-Allow-Origin"), "*");
      assert.equal(answer.headers.get("Access-Control-Expose-Headers"), "ETag, Retry-After");
      await assertNothingStored(api);
      await api.offer("a");
      assert.equal((await api.sessions("a")).length, 1);
    });

  test("costs others nothing that are under way", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const [path, body] = bodies["a claim"];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 2 ? api.post(path, body) : api.poll(code, "answerer"),
      ),
    );
    answers.forEach((answer, i) => assert.equal(answer.status, i % 2 ? 503 : 200));
    assert.equal((await api.sessions("a")).length, 1);
  });
});
