// No write is lost, and there is one order: candidates that are posted at the same moment are all there, for every reader
// in the same order, whether it asks for all of them or for what came since.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertStatus } from "../api/peers/peer.mjs";
import { assertDone, candidate, joinedRoom, openRoom } from "../api/rooms/room.mjs";
import { TOPIC, WAIT, atOnce, caller, openOffer, openSession, peers, rounds } from "./stage.mjs";

const ROUNDS = rounds(10, 100);
const COUNT = 40;

let api;
before(async () => (api = await caller()));

const texts = (name) => Array.from({ length: COUNT }, (_, i) => `${name} ${i}`);

/** Posts them all at once. @param {(text: string) => Promise<any>} post */
const postAll = (name, post) => Promise.all(texts(name).map(post));

/**
 * What somebody sees who was there before, and asks for what came since until all of it is there, or nothing comes any more.
 * @param {(since?: any) => Promise<{items: string[], since: any}>} read waits for news
 */
async function follow(read) {
  const seen = [];
  for (let since; seen.length < COUNT;) {
    const news = await read(since);
    if (news.items.length === 0) break;
    seen.push(...news.items);
    since = news.since;
  }
  return seen;
}

/** All readers have seen what was posted, in one order. */
function assertOneOrder(name, [first, ...others]) {
  assert.deepEqual(first.toSorted(), texts(name).toSorted());
  for (const order of others) assert.deepEqual(order, first);
}

const textsOf = (items) => items.map((item) => item.candidate);

/** A player's reads. */
const all = async (player) => textsOf(await player.items());
const news = (player) => async (since) => {
  const after = since === undefined ? "" : `&since=${since}`;
  const { body } = assertStatus(await player.get(`/candidates?wait=${WAIT}${after}`), 200);
  assert.equal(body.mode, since === undefined ? "full" : "delta");
  return { items: textsOf(body.items), since: body.lastSeq };
};

async function leaveAll(player, name) {
  for (const answer of await postAll(name, (text) => player.candidate(candidate(text))))
    assertDone(answer);
}

async function room() {
  const { made, host, stranger } = await openRoom(api);
  await leaveAll(host, "host");
  const { body } = assertStatus(await stranger.join({ joinCode: made.joinCode }), 200);
  const guest = host.but({ token: body.guestToken });
  assertOneOrder("host", [await all(guest), await follow(news(guest)), await all(guest)]);

  const [seen] = await Promise.all([follow(news(host)), leaveAll(guest, "guest")]);
  assertOneOrder("guest", [seen, await all(host), await follow(news(host)), await all(host)]);
}

async function roomOfBoth() {
  const { host, guest } = await joinedRoom(api);
  const [ofGuest, ofHost] = await Promise.all([
    follow(news(host)),
    follow(news(guest)),
    leaveAll(host, "host"),
    leaveAll(guest, "guest"),
  ]);
  assertOneOrder("guest", [ofGuest, await all(host)]);
  assertOneOrder("host", [ofHost, await all(guest)]);
}

/** What a side of a session is shown; always all of it, so what came since is behind what was there. */
const sessionNews = ({ api: own, code }, side, field) => {
  let known = [];
  return async (seen = side === "offerer" ? "0" : "1") => {
    const { body } = assertStatus(await own.poll(code, side, { seen, wait: WAIT }), 200);
    const before = known;
    known = body[field];
    assert.deepEqual(known.slice(0, before.length), before);
    return { items: known.slice(before.length), since: body.seen };
  };
};

async function session() {
  const made = await openSession(api);
  const { api: own, code } = made;
  const leave = async (side) => {
    for (const answer of await postAll(side, (text) => own.candidate(code, side, text)))
      assertStatus(answer, 200);
  };
  const [ofAnswerer, ofOfferer] = await Promise.all([
    follow(sessionNews(made, "offerer", "answerCandidates")),
    follow(sessionNews(made, "answerer", "offerCandidates")),
    leave("answerer"),
    leave("offerer"),
  ]);
  const all = async (side, field) => (await own.poll(code, side)).body[field];
  assertOneOrder("answerer", [ofAnswerer, await all("offerer", "answerCandidates")]);
  const [listed] = await own.sessions(TOPIC);
  const later = await all("answerer", "offerCandidates");
  assertOneOrder("offerer", [ofOfferer, listed.offerCandidates, later]);
}

const offerNews =
  (peer, id) =>
  async (since = 0) => {
    const items = await peer.received(id, `?wait=${WAIT}&since=${since}`);
    return { items: textsOf(items), since: items.at(-1)?.createdAt };
  };

async function offer() {
  const { ann, id } = await openOffer(api);
  const [bob] = await peers(1, api);
  await bob.answered(id);
  const leave = (name, peer) => postAll(name, (text) => peer.trickled(id, text));
  const [ofBob, ofAnn] = await Promise.all([
    follow(offerNews(ann, id)),
    follow(offerNews(bob, id)),
    leave("ann", ann),
    leave("bob", bob),
  ]);
  assertOneOrder("bob", [ofBob, textsOf(await ann.received(id))]);
  assertOneOrder("ann", [ofAnn, textsOf(await bob.received(id)), textsOf(await bob.received(id))]);
}

describe(`${COUNT} candidates at the same moment, ${ROUNDS} times over, are all there in one order`, () => {
  for (const [name, story] of Object.entries({
    "in a room, for a guest who comes later and for a host who waits": room,
    "in a room, of both sides, for both who wait": roomOfBoth,
    "in a session, of both sides": session,
    "at an offer, of both sides": offer,
  }))
    test(name, async () => {
      for (let round = 0; round < ROUNDS; round++) await story();
    });
});

test(`of ${2 * COUNT} candidates of one side of a room at the same moment, ${COUNT} are taken`, async () => {
  const { host, guest } = await joinedRoom(api);
  const answers = await atOnce(2 * COUNT, (i) => host.candidate(candidate(`${i}`)));
  const taken = answers.keys().filter((i) => answers[i].status === 204);
  assert.deepEqual((await all(guest)).toSorted(), [...taken].map(String).toSorted());
  assert.equal((await all(guest)).length, COUNT);
});

test("one candidate that is posted many times at the same moment is there once", async () => {
  const { host, guest } = await joinedRoom(api);
  for (const answer of await atOnce(COUNT, () => host.candidate(candidate("the same"))))
    assertDone(answer);
  const { api: own, code } = await openSession(api);
  await atOnce(COUNT, () => own.candidate(code, "answerer", "the same"));
  assert.deepEqual(await all(guest), ["the same"]);
  assert.deepEqual((await own.poll(code, "offerer")).body.answerCandidates, ["the same"]);
});
