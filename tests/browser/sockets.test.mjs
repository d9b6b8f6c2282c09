// Two browsers that meet over sockets alone: nobody polls, and a socket may break at every message.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { STORE } from "../server.mjs";
import { openStage } from "./raw/stage.mjs";

const TIMEOUT = 60_000;

const skip =
  STORE === "kv" && "Workers KV does not push; tests/api/sockets.mjs shows what it answers";

let stage;
before(async () => {
  if (!skip) stage = await openStage({ scripts: ["page.js", "../sockets/page.js"] });
});
after(() => stage?.close());

/** How two users meet, and what each asks for by requests of its own. */
const FAMILIES = {
  "in a room": {
    meet: async (ann, bob) => {
      const room = await ann.evaluate((its) => its.makeRoom());
      await bob.evaluate((its, code) => its.joinRoom(code), room);
      return { ann: ["POST /rooms"], bob: [`POST /rooms/${room.code}/join`] };
    },
  },
  "in a session": {
    meet: async (ann, bob) => {
      const code = await ann.evaluate((its) => its.offerSession("a-topic"));
      await bob.evaluate((its, which) => its.answerSession(which), code);
      return { ann: ["POST /a-topic/offer"], bob: ["POST /answer"] };
    },
  },
  "by an offer": {
    meet: async (ann, bob) => {
      const offer = await ann.evaluate((its) => its.offer("a topic"));
      await bob.evaluate((its, found) => its.answerOffer(found), offer);
      return {
        ann: ["POST /register", "POST /offers"],
        bob: ["POST /register", `POST /offers/${offer.id}/answer`],
      };
    },
  },
};

/** Their candidates have come, each once, in their order; and a line each way. */
async function assertTalking(users) {
  await Promise.all(users.map((user) => user.evaluate((its) => its.connected())));
  for (const [from, to] of [users, users.toReversed()]) {
    const sent = await from.evaluate((its) => its.allSent());
    assert.ok(sent.length > 0, "no candidate was left");
    const received = await to.evaluate((its, count) => its.allReceived(count), sent.length);
    assert.deepEqual(received, sent);
    const line = `ping ${Math.random()} é中😀`;
    await from.evaluate((its, text) => its.say(text), line);
    assert.deepEqual(await to.evaluate((its) => its.hear()), [line]);
  }
}

for (const breaks of [false, true])
  describe(`two browsers whose sockets ${breaks ? "break at every message" : "last"}`, () => {
    for (const [where, { meet }] of Object.entries(FAMILIES))
      test(`meet ${where}, and ask for nothing`, { skip, timeout: TIMEOUT }, async (t) => {
        const users = await Promise.all([1, 2].map(() => stage.enter("PushedUser", breaks)));
        const requests = await meet(...users);
        await assertTalking(users);
        const [ann, bob] = await Promise.all(
          users.map((user) => user.evaluate((its) => its.tally())),
        );
        assert.deepEqual({ ann: ann.requests, bob: bob.requests }, requests);
        t.diagnostic(`sockets opened: ${ann.sockets} and ${bob.sockets}`);
        assert.ok(breaks ? ann.sockets > 1 && bob.sockets > 1 : ann.sockets + bob.sockets === 2);
        await Promise.all(users.map((user) => user.evaluate((its) => its.close())));
      });
  });
