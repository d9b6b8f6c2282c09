// Whoever asks for what does not exist, or is not theirs, leaves nothing behind: no object that stores anything, and no fact in one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Peer, allUnderTopic, randomTopic } from "../api/peers/peer.mjs";
import { Player, candidate, everyCall, pairedRoom, strangeToken } from "../api/rooms/room.mjs";
import { FQN, Owner, published, service } from "../api/services/owner.mjs";
import { Caller, TOPIC, openOffer, openSession, peers } from "./stage.mjs";
import { startWorkerd, stateFolder, storedObjects } from "./workerd.mjs";

const NO_CODE = "00000000-0000-4000-8000-000000000000";
const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** What the objects have stored once the story has been told. @param {(api: Caller) => Promise<any>} story */
async function storedAfter(folder, place, story) {
  const server = await startWorkerd(folder);
  Object.assign(place, server);
  await story(new Caller(place)).finally(() => server.stop());
  return storedObjects(folder);
}

/** None of them did anything. */
async function assertRefused(asked) {
  for (const { status, text } of await Promise.all(asked))
    assert.ok(status >= 400 && status < 500, `${status} ${text}`);
}

async function openSocket(api, path, credential) {
  const headers = { ...UPGRADE, "Sec-WebSocket-Protocol": `rondevu, ${credential}` };
  return api.raw([await api.head("GET", path, headers)]);
}

async function askForNothing(api) {
  const [ann, bob] = await peers(2, api);
  const room = new Player(api, "ZZZZZZZZ", strangeToken());
  const offer = `${bob.id}${"0".repeat(32)}`;
  const owner = await Owner.unknown(api);
  await assertRefused([
    ...everyCall({ made: { joinCode: "123456" }, host: room, stranger: room }),
    room.get("?wait=25"),
    openSocket(api, "/rooms/ZZZZZZZZ/socket", `token.${room.token}`),
    api.answer(NO_CODE, "an answer"),
    api.candidate(NO_CODE, "offerer", "a candidate"),
    api.poll(NO_CODE, "offerer", { wait: 25 }),
    api.withdraw(NO_CODE),
    openSocket(api, `/sessions/${NO_CODE}/socket`, "side.offerer"),
    ann.answer(offer),
    ann.trickle(offer, "a candidate"),
    ann.candidates(offer, "?wait=25"),
    ann.delete(offer),
    ann.publish({ serviceId: NO_CODE, topics: [randomTopic()] }),
    ann.but({ secret: "wrong" }).publish({ topics: [randomTopic()] }),
    owner.publish(ann),
    owner.unpublish(NO_CODE),
    owner.query(FQN),
    service(api, NO_CODE),
  ]);
  assert.deepEqual(await api.sessions(TOPIC), []);
  assert.deepEqual(await allUnderTopic(randomTopic(), {}, api), []);
  assert.deepEqual([await api.topics(), await ann.mine(), await ann.answers()], [[], [], []]);
}

test("what does not exist leaves nothing behind, however it is asked for", async () => {
  const stored = await storedAfter(stateFolder("nothing"), {}, askForNothing);
  assert.deepEqual(stored, []);
});

/** One of each family, with both sides in it. */
async function everything(api) {
  const [room, another] = [await pairedRoom(api), await pairedRoom(api)];
  const session = await openSession(api);
  const offer = await openOffer(api, { secret: "hush" });
  const owned = await published({}, { api, owner: await Owner.claimed(api) });
  return { api, room, another, session, offer, ...owned };
}

async function reachForIt({ api, room, another, session, offer, owner, peer, uuid }) {
  const mallory = await Peer.register(api);
  const thief = owner.but({ keys: (await Owner.unknown(api)).keys });
  const stranger = room.host.but({ token: another.host.token });
  const elsewhere = api.from();
  await assertRefused([
    stranger.offer(),
    stranger.answer(),
    stranger.candidate(candidate("of a stranger")),
    stranger.close(),
    room.guest.close(),
    stranger.get("?wait=25"),
    openSocket(api, `/rooms/${room.code}/socket`, `token.${stranger.token}`),
    elsewhere.answer(session.code, "an answer"),
    elsewhere.candidate(session.code, "answerer", "a candidate"),
    elsewhere.poll(session.code, "answerer", { wait: 25 }),
    elsewhere.withdraw(session.code),
    mallory.answer(offer.id),
    mallory.trickle(offer.id, "a candidate"),
    mallory.candidates(offer.id, "?wait=25"),
    mallory.delete(offer.id),
    mallory.publish({ serviceId: uuid }),
    openSocket(api, "/offers/socket", `peer.${peer.id}.${mallory.secret}`),
    thief.claim(),
    thief.publish(mallory),
    thief.unpublish(uuid),
  ]);
}

test("who has no right to it changes nothing of what is stored, and adds nothing", async () => {
  const folder = stateFolder("everything");
  const place = {};
  let made;
  const before = await storedAfter(folder, place, async (api) => (made = await everything(api)));
  assert.ok(before.length > 5);
  assert.deepEqual(await storedAfter(folder, place, () => reachForIt(made)), before);
});
