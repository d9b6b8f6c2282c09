// GET /topics: the directory of one origin.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, assertWrong, inParallel, offerPath } from "./helpers.mjs";

const names = (topics) => topics.map((entry) => entry.topic);
const encode = encodeURIComponent;
/** Long names as they can be read in a report. */
const brief = (topics) =>
  topics.map((name) => (name.length < 20 ? name : `${[...name].length} to ${[...name].at(-1)}`));

/** A caller with a session under each of the topics. */
async function withTopics(...topics) {
  const api = new Api();
  await inParallel(topics, (topic) => api.offer(topic));
  return api;
}

describe("the directory", { concurrency: true }, () => {
  test("of an origin without sessions is empty", async () => {
    const { status, body } = await new Api().get("/topics");
    assert.equal(status, 200);
    assert.deepEqual(body, {
      topics: [],
      pagination: { page: 1, limit: 100, total: 0, hasMore: false },
      total: 0,
      limit: 100,
      offset: 0,
    });
  });

  test("has a topic with its count and its peers", async () => {
    const api = new Api();
    for (const info of ["ann", "bob", "ann"]) await api.offer("my-room", { info });
    assert.deepEqual((await api.get("/topics")).body, {
      topics: [{ topic: "my-room", count: 3, activePeers: 2 }],
      pagination: { page: 1, limit: 100, total: 1, hasMore: false },
      total: 1,
      limit: 100,
      offset: 0,
    });
  });

  test("counts each session without info as a peer of its own", async () => {
    const api = new Api();
    for (const fields of [{}, {}, { info: "" }, { info: "ann" }, { info: "ann" }])
      await api.offer("a", fields);
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 5, activePeers: 4 }]);
  });

  test("counts peerId as info", async () => {
    const api = new Api();
    for (const fields of [{ info: "ann" }, { peerId: "ann" }, { peerId: "bob" }])
      await api.offer("a", fields);
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 3, activePeers: 2 }]);
  });

  test("counts a peer in every topic where it is", async () => {
    const api = new Api();
    for (const topic of ["a", "b"]) await api.offer(topic, { info: "ann" });
    assert.deepEqual(
      (await api.topics()).map((entry) => entry.activePeers),
      [1, 1],
    );
  });

  test("tells infos apart that differ in their last character of 1024", async () => {
    const api = new Api();
    for (const last of ["a", "b"]) await api.offer("a", { info: "x".repeat(1023) + last });
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 2, activePeers: 2 }]);
  });

  test("loses an answered session, and its topic with the last one", async () => {
    const api = new Api();
    const codes = await api.offers("a", 2);
    await api.answer(codes[0], "an answer");
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 1, activePeers: 1 }]);
    await api.answer(codes[1], "an answer");
    assert.deepEqual(await api.topics(), []);
  });

  test("loses a withdrawn session, and its topic with the last one", async () => {
    const api = new Api();
    const codes = await api.offers("a", 2);
    await api.withdraw(codes[0]);
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 1, activePeers: 1 }]);
    await api.withdraw(codes[1]);
    assert.deepEqual(await api.topics(), []);
  });

  test("loses an expired session, and its topic with the last one", async () => {
    const api = new Api("short");
    const first = await api.offer("a");
    const [{ expiresAt }] = await api.sessions("a");
    await sleep(500);
    await api.offer("a");
    assert.equal((await api.topics())[0].count, 2);
    await sleep(expiresAt - Date.now() + 20);
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 1, activePeers: 1 }], first);
    const [{ expiresAt: later }] = await api.sessions("a");
    await sleep(later - Date.now() + 20);
    const { body } = await api.get("/topics");
    assert.deepEqual([body.topics, body.total], [[], 0]);
  });

  test("keeps a session that has candidates and no answer", async () => {
    const api = new Api();
    const code = await api.offer("a");
    await api.candidate(code, "offerer", "one");
    await api.candidate(code, "answerer", "two");
    assert.deepEqual(await api.topics(), [{ topic: "a", count: 1, activePeers: 1 }]);
  });
});

const SORTED = [
  // Prefixes of one another, and what sorts below and above the separators one might use.
  ["a", "a b", "a!", "a/b", "a0", "aa", "ab", "b"],
  // Code units would put the emoji before the others.
  ["Z", "a", "~", "é", "中", "\uFF01", "\uFFFD", "😀", "😀a", "😁"],
  // What JSON and paths write as several characters.
  ["a\u0001", "a\t", "a\n", "a\u001f", "a ", 'a"', "a#", "a%", "a?", "aZ", "a\\", "a]", "a\u007f"],
  ["1", "10", "100", "2", "A", "B", "_", "a"],
  // Longer than a storage key may be, and different only at the end.
  [
    "x",
    "x".repeat(256),
    "😀",
    ...["", "0", "a", "é", "😀", "😁", "😂"].map((end) => "😀".repeat(255) + end),
  ],
];

describe("topics are sorted by name in byte order:", { concurrency: true }, () => {
  for (const sorted of SORTED)
    test(JSON.stringify(brief(sorted)), async () => {
      const bytes = sorted.map((name) => Buffer.from(name));
      assert.deepEqual(bytes.toSorted(Buffer.compare), bytes, "the test's own order");
      const api = await withTopics(...sorted.toReversed());
      assert.deepEqual(brief(names(await api.topics())), brief(sorted));
      const paged = [];
      for (let page = 1; page <= sorted.length; page++)
        paged.push(...names(await api.topics(`?page=${page}&limit=1`)));
      assert.deepEqual(brief(paged), brief(sorted));
    });
});

describe("pages of topics", { concurrency: true }, () => {
  test("follow one another, and say whether more follow", async () => {
    const api = await withTopics("a", "b", "c", "d", "e");
    for (const [page, topics, hasMore] of [
      [1, ["a", "b"], true],
      [2, ["c", "d"], true],
      [3, ["e"], false],
      [4, [], false],
    ]) {
      const { body } = await api.get(`/topics?page=${page}&limit=2`);
      assert.deepEqual(names(body.topics), topics);
      assert.deepEqual(body.pagination, { page, limit: 2, total: 5, hasMore });
      assert.deepEqual([body.total, body.limit, body.offset], [5, 2, (page - 1) * 2]);
    }
  });

  test("end where the last one is full", async () => {
    const api = await withTopics("a", "b", "c", "d");
    const { body } = await api.get("/topics?page=2&limit=2");
    assert.deepEqual(names(body.topics), ["c", "d"]);
    assert.equal(body.pagination.hasMore, false);
  });

  test("hold 100 topics, or 50 by offset, when nothing is said, and 1000 or 200 at most", async () => {
    const topics = Array.from({ length: 210 }, (_, i) => `t${String(i).padStart(3, "0")}`);
    const api = await withTopics(...topics);
    for (const [query, limit, count] of [
      ["", 100, 100],
      ["?page=1", 100, 100],
      ["?limit=1000", 1000, 210],
      ["?limit=1001", 1000, 210],
      ["?limit=150", 150, 150],
      ["?offset=0", 50, 50],
      ["?startsWith=t", 50, 50],
      ["?offset=0&limit=200", 200, 200],
      ["?offset=0&limit=201", 200, 200],
      ["?startsWith=t&limit=1000", 200, 200],
    ]) {
      const { body } = await api.get(`/topics${query}`);
      assert.deepEqual(names(body.topics), topics.slice(0, count), query);
      assert.deepEqual([body.limit, body.pagination.limit], [limit, limit], query);
      assert.deepEqual([body.total, body.pagination.total], [210, 210], query);
      assert.equal(body.pagination.hasMore, count < 210, query);
    }
  });

  test("are as by default where a parameter is empty", async () => {
    const api = await withTopics("a", "b");
    const plain = (await api.get("/topics")).text;
    for (const query of [
      "page=",
      "limit=",
      "page=&limit=",
      "offset=",
      "startsWith=",
      "offset=&startsWith=",
    ])
      assert.equal((await api.get(`/topics?${query}`)).text, plain, query);
  });

  test("ignore parameters that they do not know", async () => {
    const api = await withTopics("a");
    const plain = (await api.get("/topics")).text;
    for (const query of ["x=1", "Limit=0", "%ff=1", "&&", "=", "limitx=0"])
      assert.equal((await api.get(`/topics?${query}`)).text, plain, query);
  });
});

describe("topics by offset", { concurrency: true }, () => {
  test("begin where the offset says", async () => {
    const api = await withTopics("a", "b", "c", "d", "e");
    for (const [offset, limit, topics, hasMore] of [
      [0, 2, ["a", "b"], true],
      [1, 2, ["b", "c"], true],
      [3, 2, ["d", "e"], false],
      [4, 2, ["e"], false],
      [5, 2, [], false],
      [100, 2, [], false],
    ]) {
      const { body } = await api.get(`/topics?offset=${offset}&limit=${limit}`);
      assert.deepEqual(names(body.topics), topics);
      assert.deepEqual([body.total, body.limit, body.offset], [5, limit, offset]);
      assert.deepEqual([body.pagination.total, body.pagination.hasMore], [5, hasMore]);
    }
  });

  test("are those that start with a text, which is echoed", async () => {
    const api = await withTopics("game", "game/1", "game/2", "gamma", "Game", "a game");
    const { body } = await api.get("/topics?startsWith=game&limit=2");
    assert.deepEqual(names(body.topics), ["game", "game/1"]);
    assert.deepEqual([body.total, body.offset, body.limit], [3, 0, 2]);
    assert.equal(body.startsWith, "game");
    assert.equal(body.pagination.hasMore, true);
    const rest = (await api.get("/topics?startsWith=game&limit=2&offset=2")).body;
    assert.deepEqual(names(rest.topics), ["game/2"]);
    assert.deepEqual([rest.total, rest.pagination.hasMore], [3, false]);
  });

  test("echo startsWith only when it is given", async () => {
    const api = new Api();
    for (const query of ["", "?offset=0", "?offset=0&startsWith="])
      assert.ok(!("startsWith" in (await api.get(`/topics${query}`)).body), query);
  });

  test("are none where nothing starts so", async () => {
    const api = await withTopics("a", "b");
    const { body } = await api.get("/topics?startsWith=c");
    assert.deepEqual([body.topics, body.total], [[], 0]);
    assert.equal(body.pagination.hasMore, false);
  });

  const STARTS = [
    "a b",
    "a!",
    "a/",
    "a+",
    "a%",
    "a%2f",
    "a&",
    "a=",
    'a"',
    "a\\",
    "a\n",
    "aé",
    "a😀",
    "a_",
    "a*",
  ];
  STARTS.push("😀".repeat(255), "😀".repeat(256));
  for (const start of STARTS)
    test(`may start with ${JSON.stringify(start.slice(0, 8))}`, async () => {
      const found = start.length < 500 ? [start, `${start}x`] : ["😀".repeat(256)];
      const api = await withTopics("a", "ab", "zz", ...found);
      const query = { coded: encode(start), form: `${new URLSearchParams({ s: start })}`.slice(2) };
      for (const coded of Object.values(query)) {
        const { body } = await api.get(`/topics?startsWith=${coded}`);
        assert.deepEqual(names(body.topics), found);
        assert.equal(body.total, found.length);
        assert.equal(body.startsWith, start);
      }
    });
});

const NOT_A_NUMBER = [
  "-1",
  "1.5",
  "1.0",
  "1e3",
  "0x10",
  "abc",
  "1a",
  "%201",
  "1%20",
  "%2B1",
  "--1",
];
NOT_A_NUMBER.push("%C2%B2", "Infinity", "NaN", "null", "1,000", "%00", "%ff", "-0");

describe("a query is 400 and names the parameter:", { concurrency: true }, () => {
  const rows = [];
  for (const value of ["0", ...NOT_A_NUMBER])
    for (const name of ["page", "limit"]) rows.push([name, value, ""]);
  for (const value of NOT_A_NUMBER) rows.push(["offset", value, ""]);
  for (const value of ["0", "-1", "x"]) rows.push(["limit", value, "&offset=0"]);
  for (const value of ["%ff", "%00", "%c0%80", "%ed%a0%80", "a%zz", "a%", "a%4"])
    rows.push(["startsWith", value, ""]);
  for (const [name, value, rest] of rows)
    test(`${name}=${value}${rest}`, async () => {
      assertWrong(await new Api().get(`/topics?${name}=${value}${rest}`), name);
    });
});

const HUGE = [
  "4294967296",
  "2147483648",
  "9007199254740993",
  "9223372036854775808",
  "9".repeat(400),
];

describe("a huge number in a query", { concurrency: true }, () => {
  for (const huge of HUGE)
    test(`${huge.slice(0, 20)} is a number, and past the end`, async () => {
      const api = await withTopics("a");
      const limited = (await api.get(`/topics?limit=${huge}`)).body;
      assert.deepEqual([names(limited.topics), limited.limit], [["a"], 1000]);
      for (const query of [`page=${huge}`, `offset=${huge}`, `page=${huge}&limit=${huge}`]) {
        const { status, body } = await api.get(`/topics?${query}`);
        assert.equal(status, 200, query);
        assert.deepEqual([body.topics, body.total], [[], 1], query);
        assert.equal(body.pagination.hasMore, false, query);
      }
    });
});

test("a topic in the directory leads to its sessions", async () => {
  const odd = ["a b", "a/b", "a?b#c", "100%", "ü", "😀", "\u0001", "..a", "a+b", "%2f"];
  const api = await withTopics(...odd);
  assert.deepEqual(new Set(names(await api.topics())), new Set(odd));
  for (const topic of odd) assert.equal((await api.sessions(topic)).length, 1, topic);
});

test("a topic may be called as a route is, when its name is not reserved", async () => {
  const free = ["answer", "demo", "health", "poll", "topics", "Rooms", "room", "sessions2"];
  const api = new Api();
  for (const topic of free)
    assert.equal((await api.post(offerPath(topic), { offer: "o" })).status, 200);
  assert.deepEqual(names(await api.topics()), free.toSorted());
  for (const topic of free) assert.equal((await api.sessions(topic)).length, 1, topic);
});
