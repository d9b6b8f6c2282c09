// What each route of peers, offers, names and services costs on Workers KV, in calls: the figures of
// docs/keys.md. Counted over a namespace in memory that is as kind as the real one can be.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, mock, test } from "node:test";
import { FQN, SDP, Stage, post, times, topics } from "./calls-stage.mjs";
import { row } from "./figures.mjs";

const COMMON_MAX = 10; // calls
const FREE_MAX = 50; // of one invocation, on the free plan

afterEach(() => mock.restoreAll());

/** Route, case, [lists, reads, writes, deletes], how they come about, and why it is not so yet. */
const COMMON = [
  ["POST /register", "", [0, 0, 0, 0], (stage) => stage.cost(["POST", "/register"])],
  [
    "POST /offers",
    "1 offer, 1 topic",
    [1, 0, 3, 0],
    async (stage) => stage.cost(post([{ topics: ["t"] }]), await stage.register()),
  ],
  [
    "POST /offers",
    "1 offer of a service",
    [2, 0, 3, 0],
    async (stage) => {
      const { ann, uuid } = await stage.published();
      return stage.cost(post([{ serviceId: uuid }]), ann);
    },
  ],
  [
    "GET /offers/by-topic/:topic",
    "1 offer",
    [2, 1, 0, 0],
    async (stage) => (await stage.met(), stage.cost(["GET", "/offers/by-topic/t"])),
  ],
  [
    "GET /topics",
    "1 offer",
    [3, 0, 0, 0],
    async (stage) => (await stage.met(), stage.cost(["GET", "/topics"])),
  ],
  [
    "GET /peers/:peerId/offers",
    "1 offer",
    [1, 1, 0, 0],
    async (stage) => {
      const { ann } = await stage.met();
      return stage.cost(["GET", `/peers/${ann.peerId}/offers`]);
    },
  ],
  [
    "GET /offers/mine",
    "1 offer",
    [2, 1, 0, 0],
    async (stage) => stage.cost(["GET", "/offers/mine"], (await stage.met()).ann),
  ],
  [
    "DELETE /offers/:id",
    "1 topic",
    [2, 1, 2, 0],
    async (stage) => {
      const { ann, id } = await stage.met();
      return stage.cost(["DELETE", `/offers/${id}`], ann);
    },
  ],
  [
    "DELETE /offers/:id",
    "answered",
    [1, 0, 3, 0],
    async (stage) => {
      const { ann, id } = await stage.answered();
      return stage.cost(["DELETE", `/offers/${id}`], ann);
    },
  ],
  [
    "POST /offers/:id/answer",
    "1 topic",
    [3, 1, 5, 0],
    async (stage) => {
      const { bob, id } = await stage.met();
      return stage.cost(["POST", `/offers/${id}/answer`, { sdp: SDP }], bob);
    },
  ],
  [
    "GET /offers/answers",
    "none",
    [1, 0, 0, 0],
    async (stage) => stage.cost(["GET", "/offers/answers"], (await stage.met()).ann),
  ],
  [
    "GET /offers/answers",
    "1 answer",
    [1, 1, 0, 0],
    async (stage) => stage.cost(["GET", "/offers/answers"], (await stage.answered()).ann),
  ],
  [
    "POST /offers/:id/ice-candidates",
    "before the answer",
    [2, 0, 1, 0],
    async (stage) => {
      const { ann, id } = await stage.met();
      return stage.cost(["POST", `/offers/${id}/ice-candidates`, { candidates: ["c"] }], ann);
    },
  ],
  [
    "POST /offers/:id/ice-candidates",
    "after it",
    [1, 0, 1, 0],
    async (stage) => {
      const { bob, id } = await stage.answered();
      return stage.cost(["POST", `/offers/${id}/ice-candidates`, { candidates: ["c"] }], bob);
    },
  ],
  [
    "GET /offers/:id/ice-candidates",
    "10 requests",
    [1, 0, 0, 0],
    async (stage) => {
      const { ann, bob, id } = await stage.answered();
      const path = `/offers/${id}/ice-candidates`;
      for (const candidate of topics(10))
        await stage.send(["POST", path, { candidates: [candidate] }], ann);
      return stage.cost(["GET", path], bob);
    },
  ],
  [
    "POST /usernames/claim",
    "",
    [1, 0, 1, 0],
    (stage) => stage.cost(["POST", "/usernames/claim", stage.owner.claim("ann")]),
  ],
  [
    "GET /usernames/:username",
    "",
    [1, 0, 0, 0],
    async (stage) => (await stage.published(), stage.cost(["GET", "/usernames/ann"])),
  ],
  [
    "GET /usernames/:username/services",
    "1 service",
    [1, 0, 0, 0],
    async (stage) => (await stage.published(), stage.cost(["GET", "/usernames/ann/services"])),
  ],
  [
    "POST /services",
    "new, 1 offer",
    [3, 0, 6, 0],
    async (stage) => {
      await stage.send(["POST", "/usernames/claim", stage.owner.claim("ann")]);
      return stage.cost(stage.publish(1), await stage.register());
    },
  ],
  [
    "POST /services",
    "again, 1 offer",
    [3, 0, 7, 0],
    async (stage) => {
      const { ann } = await stage.published();
      return stage.cost(stage.publish(1), ann);
    },
  ],
  [
    "GET /services/:uuid",
    "pool of 10",
    [1, 1, 1, 0],
    async (stage) => {
      const { uuid } = await stage.published(10);
      return stage.cost(["GET", `/services/${uuid}`]);
    },
  ],
  [
    "GET /services/:uuid",
    "all handed out",
    [2, 1, 1, 0],
    async (stage) => {
      const { uuid } = await stage.published(2);
      for (let i = 0; i < 2; i++) await stage.send(["GET", `/services/${uuid}`]);
      return stage.cost(["GET", `/services/${uuid}`]);
    },
  ],
  [
    "DELETE /services/:serviceId",
    "by its peer",
    [1, 0, 4, 0],
    async (stage) => {
      const { ann, uuid } = await stage.published();
      return stage.cost(["DELETE", `/services/${uuid}`, { username: "ann" }], ann);
    },
  ],
  [
    "DELETE /services/:serviceId",
    "by signature",
    [2, 0, 5, 0],
    async (stage) => {
      const { uuid } = await stage.published();
      const body = { username: "ann", ...stage.owner.sign("unpublish", "ann", FQN) };
      return stage.cost(["DELETE", `/services/${uuid}`, body]);
    },
  ],
  [
    "POST /index/:username/query",
    "1 service",
    [1, 0, 0, 0],
    async (stage) => {
      await stage.published();
      return stage.cost(["POST", "/index/ann/query", { serviceFqn: "chat@^1.0.0" }]);
    },
  ],
];

const WORST = [
  [
    "POST /offers",
    "100 offers, 1 topic",
    [1, 0, 3, 0],
    async (stage) =>
      stage.cost(post(times(100, () => ({ topics: ["t"] }))), await stage.register()),
  ],
  [
    "POST /offers",
    "100 offers, 100 topics",
    [1, 0, 18, 0],
    async (stage) =>
      stage.cost(post(times(100, (i) => ({ topics: [`t ${i}`] }))), await stage.register()),
  ],
  [
    "POST /offers",
    "1 offer, 16 topics",
    [1, 0, 18, 0],
    async (stage) => stage.cost(post([{ topics: topics(16) }]), await stage.register()),
  ],
  [
    "POST /offers",
    "1 offer, 50 topics",
    [1, 0, 18, 0],
    async (stage) => stage.cost(post([{ topics: topics(50) }]), await stage.register()),
  ],
  [
    "POST /offers",
    "100 offers, 5,000 topics",
    [1, 0, 18, 0],
    async (stage) => {
      const offers = times(100, (i) => ({
        sdp: "s",
        topics: topics(50, `${i} ${"x".repeat(160)}`),
      }));
      return stage.cost(post(offers), await stage.register());
    },
  ],
  [
    "POST /offers",
    "10 offers of 10 services",
    [11, 0, 12, 0],
    async (stage) => {
      const ann = await stage.register();
      await stage.send(["POST", "/usernames/claim", stage.owner.claim("ann")]);
      const offers = [];
      for (let i = 0; i < 10; i++) {
        const service = stage.owner.publish("ann", `chat@1.0.${i}`, { sdp: "s" });
        offers.push({ serviceId: (await stage.send(["POST", "/services", service], ann)).uuid });
      }
      return stage.cost(post(offers), ann);
    },
  ],
  [
    "GET /offers/by-topic/:topic",
    "1,000 offers of as many peers, limit=200",
    [2, 2, 0, 0],
    async (stage) => {
      for (let i = 0; i < 1000; i++) await stage.met();
      return stage.cost(["GET", "/offers/by-topic/t?limit=200"]);
    },
  ],
  [
    "GET /offers/by-topic/:topic",
    "400 requests of many long topics",
    [2, 7, 0, 0],
    async (stage) => {
      await stage.manyTopics(400);
      const answer = await stage.cost(["GET", "/offers/by-topic/t"]);
      assert.ok(stage.answer.total > 200);
      return answer;
    },
  ],
  [
    "GET /topics",
    "1,000 offers, 1,000 topics",
    [3, 0, 0, 0],
    async (stage) => {
      const ann = await stage.register();
      for (let i = 0; i < 1000; i += 10)
        await stage.send(post(times(10, (j) => ({ sdp: "s", topics: [`t ${i + j}`] }))), ann);
      const answer = await stage.cost(["GET", "/topics"]);
      assert.equal(stage.answer.total, 1000);
      return answer;
    },
  ],
  [
    "GET /topics",
    "400 peers under the same 50 topics",
    [10, 0, 0, 0],
    async (stage) => {
      const same = post([{ sdp: "s", topics: topics(50, "x".repeat(30)) }]);
      for (let i = 0; i < 400; i++) await stage.send(same, await stage.register());
      const answer = await stage.cost(["GET", "/topics"]);
      assert.equal(stage.answer.total, 50);
      for (const { count } of stage.answer.topics) assert.equal(count, 400);
      return answer;
    },
  ],
  [
    "GET /topics",
    "400 requests of many long topics",
    [5, 22, 0, 0],
    async (stage) => {
      await stage.manyTopics(400);
      return stage.cost(["GET", "/topics"]);
    },
  ],
  [
    "GET /peers/:peerId/offers",
    "1,000 offers, limit=200",
    [1, 2, 0, 0],
    async (stage) => stage.cost(["GET", `/peers/${(await stage.manyOffers()).peerId}/offers`]),
  ],
  [
    "GET /offers/mine",
    "1,000 offers, limit=200",
    [2, 2, 0, 0],
    async (stage) => stage.cost(["GET", "/offers/mine"], await stage.manyOffers()),
  ],
  [
    "DELETE /offers/:id",
    "50 topics",
    [2, 1, 17, 0],
    async (stage) => {
      const { ann, id } = await stage.met({ topics: topics(50) });
      return stage.cost(["DELETE", `/offers/${id}`], ann);
    },
  ],
  [
    "POST /offers/:id/answer",
    "50 topics",
    [3, 1, 20, 0],
    async (stage) => {
      const { bob, id } = await stage.met({ topics: topics(50) });
      return stage.cost(["POST", `/offers/${id}/answer`, { sdp: SDP }], bob);
    },
  ],
  [
    "GET /offers/answers",
    "100 answers",
    [1, 1, 0, 0],
    async (stage) => {
      const [ann, bob] = [await stage.register(), await stage.register()];
      const { offers } = await stage.send(post(times(100, () => ({ sdp: "s" }))), ann);
      for (const { id } of offers)
        await stage.send(["POST", `/offers/${id}/answer`, { sdp: "s" }], bob);
      return stage.cost(["GET", "/offers/answers"], ann);
    },
  ],
  [
    "GET /offers/:id/ice-candidates",
    "1,000 a side, large",
    [1, 2, 0, 0],
    async (stage) => {
      const { ann, bob, id } = await stage.answered();
      const path = `/offers/${id}/ice-candidates`;
      for (const peer of [ann, bob])
        for (let i = 0; i < 10; i++)
          await stage.send(["POST", path, { candidates: times(100, () => "c".repeat(500)) }], peer);
      return stage.cost(["GET", path], bob);
    },
  ],
  [
    "POST /offers/:id/ice-candidates",
    "990 there, large",
    [1, 1, 1, 0],
    async (stage) => {
      const { ann, id } = await stage.answered();
      const path = `/offers/${id}/ice-candidates`;
      for (let i = 0; i < 99; i++)
        await stage.send(["POST", path, { candidates: times(10, () => "c".repeat(150)) }], ann);
      return stage.cost(["POST", path, { candidates: ["c"] }], ann);
    },
  ],
  [
    "POST /usernames/claim",
    "the 200th",
    [1, 0, 1, 0],
    async (stage) => {
      for (let i = 0; i < 199; i++)
        await stage.send(["POST", "/usernames/claim", stage.owner.claim("ann")]);
      return stage.cost(["POST", "/usernames/claim", stage.owner.claim("ann")]);
    },
  ],
  [
    "POST /usernames/claim",
    "5 signatures, long ago",
    [1, 0, 1, 5],
    async (stage) => {
      for (let i = 0; i < 6; i++)
        await stage.send(["POST", "/usernames/claim", stage.owner.claim("ann")]);
      const later = Date.now() + 20 * 60_000;
      mock.method(Date, "now", () => later);
      return stage.cost(["POST", "/usernames/claim", stage.owner.claim("ann")]);
    },
  ],
  [
    "POST /services",
    "100 over a pool of 100",
    [3, 0, 7, 0],
    async (stage) => {
      const { ann } = await stage.published(100);
      return stage.cost(stage.publish(100), ann);
    },
  ],
  [
    "GET /services/:uuid",
    "pool of 100, 900 loose",
    [2, 1, 1, 0],
    async (stage) => {
      const { ann, uuid } = await stage.published(100);
      for (let i = 0; i < 9; i++) await stage.send(post(times(100, () => ({ sdp: "s" }))), ann);
      for (let i = 0; i < 100; i++) await stage.send(["GET", `/services/${uuid}`]);
      return stage.cost(["GET", `/services/${uuid}`]);
    },
  ],
  [
    "DELETE /services/:serviceId",
    "pool of 100, 100 joined",
    [1, 0, 6, 0],
    async (stage) => {
      const { ann, uuid } = await stage.published(100);
      await stage.send(post(times(100, () => ({ serviceId: uuid, sdp: "s" }))), ann);
      return stage.cost(["DELETE", `/services/${uuid}`, { username: "ann" }], ann);
    },
  ],
  [
    "DELETE /services/:serviceId",
    "100 joined, under topics",
    [1, 1, 7, 0],
    async (stage) => {
      const { ann, uuid } = await stage.published(1);
      const joined = times(100, () => ({ serviceId: uuid, sdp: "s", topics: ["t"] }));
      await stage.send(post(joined), ann);
      return stage.cost(["DELETE", `/services/${uuid}`, { username: "ann" }], ann);
    },
  ],
  [
    "GET /usernames/:username/services",
    "100 services",
    [1, 0, 0, 0],
    async (stage) => {
      const { ann } = await stage.published();
      for (let i = 0; i < 99; i++) {
        const service = stage.owner.publish("ann", `chat@2.0.${i}`, { sdp: "s", metadata: { i } });
        await stage.send(["POST", "/services", service], ann);
      }
      return stage.cost(["GET", "/usernames/ann/services"]);
    },
  ],
];

for (const [title, rows] of [
  ["calls of a request as a rule: lists, reads, writes, deletes", COMMON],
  ["the same at worst, and at most", WORST],
])
  describe(title, () => {
    for (const [route, what, documented, run] of rows)
      test(`${route}${what && `: ${what}`}`, async (t) => {
        const counted = await run(new Stage());
        t.diagnostic(row(`${route}  ${what}`, counted, 72));
        const most = counted.map((calls, i) => Math.min(calls, documented[i]));
        assert.deepEqual(counted, rows === COMMON ? documented : most);
        const sum = counted.reduce((a, b) => a + b);
        assert.ok(sum <= (rows === COMMON ? COMMON_MAX : FREE_MAX), `${sum} calls`);
      });
  });

test("no route is missing here", () => {
  const source = readFileSync("src/routes.c", "utf8");
  const all = [...source.matchAll(/\{"(\w+)", "([^"]+)", \w+, OTHER_BODY,/g)];
  const routes = all.map(([, method, path]) => `${method} ${path}`);
  const known = new Set(COMMON.map(([route]) => route));
  const others = ["GET /", "GET /health", "GET /offers/socket", "POST /test/trap"]; // no sockets on Workers KV
  assert.deepEqual(new Set(routes), new Set([...known, ...others]));
});
