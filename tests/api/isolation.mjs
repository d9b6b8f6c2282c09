// Sessions of one origin do not exist for another.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Api, NO_SESSION, assertError, randomOrigin } from "./helpers.mjs";

const name = randomOrigin().slice("https://".length);
const DIFFERENT = [
  `https://${name}`,
  `http://${name}`,
  `https://${name}:8443`,
  `https://x.${name}`,
  `https://${name}.evil.example`,
];

describe("another origin", { concurrency: true }, () => {
  test("sees no topic, no count and no session", async () => {
    const api = new Api();
    await api.offers("a", 2);
    const stranger = api.from();
    const { body } = await stranger.get("/topics");
    assert.deepEqual([body.topics, body.total, body.pagination.total], [[], 0, 0]);
    assert.equal(body.pagination.hasMore, false);
    assert.deepEqual((await stranger.get("/a/sessions")).body, { sessions: [] });
    assert.deepEqual((await stranger.get("/")).body.topics, []);
    assert.deepEqual((await stranger.get("/topics?startsWith=a")).body.topics, []);
  });

  test("has its own sessions under the same topic", async () => {
    const one = new Api();
    const two = one.from();
    const mine = await one.offer("a", { info: "ann" });
    const theirs = await two.offer("a", { info: "ann" });
    for (const [api, code] of [
      [one, mine],
      [two, theirs],
    ]) {
      assert.deepEqual(await api.topics(), [{ topic: "a", count: 1, activePeers: 1 }]);
      assert.deepEqual(
        (await api.sessions("a")).map((session) => session.code),
        [code],
      );
    }
  });

  test("can do nothing with a code, and changes nothing by trying", async () => {
    const api = new Api();
    const code = await api.offer("a");
    const stranger = api.from();
    await stranger.offer("a"); // the topic is there for it as well
    for (const answer of [
      await stranger.answer(code, "theirs"),
      await stranger.candidate(code, "offerer", "theirs"),
      await stranger.candidate(code, "answerer", "theirs"),
      await stranger.poll(code, "offerer"),
      await stranger.poll(code, "answerer"),
      await stranger.withdraw(code),
    ])
      assertError(answer, 404, NO_SESSION);
    assert.equal((await api.sessions("a")).length, 1);
    const { body } = await api.poll(code, "offerer");
    assert.deepEqual([body.answer, body.answerCandidates], [null, []]);
    assert.deepEqual((await api.poll(code, "answerer")).body.offerCandidates, []);
  });

  test("cannot page into a list that is not its own", async () => {
    const api = new Api();
    await api.offers("a", 3);
    const { next } = (await api.get("/a/sessions?limit=1")).body;
    const { body } = await api.from().get(`/a/sessions?after=${encodeURIComponent(next)}`);
    assert.deepEqual(body.sessions ?? [], []);
  });

  test("is one that differs in scheme, port or host", async () => {
    for (const origin of DIFFERENT) await new Api("default", origin).offer("a");
    for (const origin of DIFFERENT)
      assert.deepEqual(
        await new Api("default", origin).topics(),
        [{ topic: "a", count: 1, activePeers: 1 }],
        origin,
      );
  });
});

describe("a caller without Origin", { concurrency: true }, () => {
  test("belongs to the server's own origin", async () => {
    const curl = new Api("default", null);
    const page = curl.from(await curl.url());
    const topic = `own ${randomOrigin()}`;
    const code = await curl.offer(topic, { offer: "from curl" });
    assert.equal((await page.sessions(topic))[0].code, code);
    assert.equal((await page.answer(code, "from the page")).status, 200);
    assert.equal((await curl.poll(code, "offerer")).body.answer, "from the page");
    const back = await page.offer(topic);
    assert.equal((await curl.sessions(topic))[0].code, back);
    const query = `/topics?startsWith=${encodeURIComponent(topic)}`;
    assert.equal((await curl.get(query)).text, (await page.get(query)).text);
    assert.equal((await curl.withdraw(back)).status, 200);
  });

  test("sees nothing of an application, and the application nothing of it", async () => {
    const curl = new Api("default", null);
    const app = curl.from();
    const topic = `own ${randomOrigin()}`;
    const [ofCurl, ofApp] = [await curl.offer(topic), await app.offer(topic)];
    assert.deepEqual(
      (await curl.sessions(topic)).map((session) => session.code),
      [ofCurl],
    );
    assertError(await curl.poll(ofApp, "offerer"), 404, NO_SESSION);
    assertError(await app.poll(ofCurl, "offerer"), 404, NO_SESSION);
  });

  test("is not one whose Origin is null", async () => {
    const topic = `own ${randomOrigin()}`;
    const code = await new Api("default", "null").offer(topic);
    assertError(await new Api("default", null).poll(code, "offerer"), 404, NO_SESSION);
    assert.equal((await new Api("default", "null").sessions(topic)).length, 1);
  });
});
