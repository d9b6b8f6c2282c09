// What only one can have: many reach for it at the same moment, one gets it, and everybody is shown the same one.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError } from "../api/helpers.mjs";
import { TAKEN, assertStatus } from "../api/peers/peer.mjs";
import { assertDone, assertRoomError, openRoom, sdp } from "../api/rooms/room.mjs";
import { TOPIC, atOnce, caller, openOffer, openSession, peers, rounds } from "./stage.mjs";

const ROUNDS = rounds(10, 200);
const GUESTS = 100;
const ANSWERERS = 50;

let api;
before(async () => (api = await caller()));

/** The place of the one answer that is 200; each other one is refused as `refused` has it. */
function soleWinner(answers, refused) {
  const [winner, ...more] = answers.keys().filter((i) => answers[i].status === 200);
  assert.ok(winner !== undefined && more.length === 0, `${more.length + 1} winners`);
  for (const [i, answer] of answers.entries()) if (i !== winner) refused(answer);
  return winner;
}

async function redeem() {
  const { made, host, stranger } = await openRoom(api);
  const joins = await atOnce(GUESTS, (i) =>
    stranger.join({ joinCode: made.joinCode, guestUserName: `guest-${i}` }),
  );
  const winner = soleWinner(joins, (answer) => assertRoomError(answer, 409, "not_open"));
  assert.equal((await host.room()).status, "joined");
  const guest = host.but({ token: joins[winner].body.guestToken });
  assertDone(await host.offer());
  assertDone(await guest.answer({ sdp: sdp(`of ${winner}`) }));
  assert.equal((await host.room()).answer.sdp, sdp(`of ${winner}`));
}

async function answerSession() {
  const { api: ann, code } = await openSession(api);
  const answers = await atOnce(ANSWERERS, (i) => ann.answer(code, `answer ${i}`));
  const winner = soleWinner(answers, (answer) => assertError(answer, 409));
  for (let look = 0; look < 2; look++)
    assert.equal((await ann.poll(code, "offerer")).body.answer, `answer ${winner}`);
  assert.deepEqual(await ann.sessions(TOPIC), []);
  assert.deepEqual(await ann.topics(`?startsWith=${TOPIC}`), []);
}

async function answerOffer(others) {
  const { ann, id } = await openOffer(api);
  const answers = await atOnce(ANSWERERS, (i) => others[i].answer(id, { sdp: `answer ${i}` }));
  const winner = soleWinner(answers, (answer) => assertError(answer, 400, TAKEN));
  const [shown, ...more] = await ann.answers();
  assert.deepEqual([shown.answererId, shown.sdp], [others[winner].id, `answer ${winner}`]);
  assert.deepEqual(more, []);
  const trickled = await atOnce(ANSWERERS, (i) => others[i].trickle(id, `of ${i}`));
  assert.equal(
    winner,
    soleWinner(trickled, (answer) => assertError(answer, 403)),
  );
  assert.deepEqual(
    (await ann.received(id)).map(({ candidate }) => candidate),
    [`of ${winner}`],
  );
}

async function answerOften(bob) {
  const { ann, id } = await openOffer(api);
  const answers = await atOnce(ANSWERERS, (i) => bob.answer(id, { sdp: `answer ${i}` }));
  const winner = soleWinner(answers, (answer) => assertError(answer, 400, TAKEN));
  assert.deepEqual(
    (await ann.answers()).map((answer) => answer.sdp),
    [`answer ${winner}`],
  );
  const listed = assertStatus(await api.get(`/peers/${ann.id}/offers`), 200);
  assert.deepEqual(listed.body.offers, []);
}

describe(`at the same moment, ${ROUNDS} times over`, () => {
  test(`${GUESTS} guests redeem one join code: one is let in`, async () => {
    for (let round = 0; round < ROUNDS; round++) await redeem();
  });

  test(`${ANSWERERS} peers answer one session: it is one's`, async () => {
    for (let round = 0; round < ROUNDS; round++) await answerSession();
  });

  test(`${ANSWERERS} peers answer one offer: it is one's`, async () => {
    const others = await peers(ANSWERERS, api);
    for (let round = 0; round < ROUNDS; round++) await answerOffer(others);
  });

  test(`one peer answers an offer ${ANSWERERS} times: the first counts`, async () => {
    const [bob] = await peers(1, api);
    for (let round = 0; round < ROUNDS; round++) await answerOften(bob);
  });
});
