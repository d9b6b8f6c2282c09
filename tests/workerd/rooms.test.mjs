// Two guests who redeem one join code at the same moment, in places that see the store differently.
//
// Both may be let in. Which of them counts is settled by what the host is shown, and never changes after.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { World } from "./world.mjs";

const RACES = process.env.SOAK ? 10_000 : 150;
const STALE_MAX = 60_000; // ms
const ASK_EVERY = 1000; // ms
const PATIENCE = STALE_MAX + 5000; // ms
const GIVE_UP = 200_000; // ms; a room that was joined lives for 300 s
const PLACES = ["a", "b", "c"];
const SDP = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP x\r\n";
const LARGE = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n".repeat(100); // not in the metadata

/** How late writes are seen elsewhere, in ms, and how often their own place does not see them at once. */
const MOODS = [
  { lag: (random) => random.whole(0, 2000), ownAtOnce: 1 },
  { lag: (random) => random.pick([random.whole(0, 3000), random.whole(0, STALE_MAX), STALE_MAX]) },
  { lag: () => STALE_MAX, ownAtOnce: 0.5, cached: () => 1, emptyPage: 0.5 },
];

describe("two guests with one join code, in two places over Workers KV", () => {
  test(`leave one pair, the same for everybody, in every one of ${RACES} races`, async (t) => {
    const outcomes = { bothJoined: 0, bothAnswered: 0, paired: 0 };
    for (let seed = 0; seed < RACES; seed++) {
      const world = new World(seed, PLACES, MOODS[seed % MOODS.length]);
      const outcome = await world.run(() => race(world));
      for (const [name, was] of Object.entries(outcome)) outcomes[name] += Number(was);
    }
    t.diagnostic(`of ${RACES} races: ${JSON.stringify(outcomes)}`);
    assert.ok(outcomes.bothJoined > 0, "in some of them both were let in");
    assert.ok(outcomes.bothAnswered > 0, "in some of them both answered");
    assert.equal(outcomes.paired, RACES, "in all of them one was paired");
  });
});

async function race(world) {
  const host = new Player(world, "a", "host");
  const { status, json } = await host.send("POST", "/rooms", { hostUserName: "host" });
  assert.equal(status, 201);
  const { code, joinCode, ownerToken } = json;
  Object.assign(host, { code, token: ownerToken });
  const guests = ["b", "c"].map((place) => new Player(world, place, `guest-${place}`, code));

  const { random } = world;
  const sdp = SDP + (random.chance(0.5) ? LARGE : "");
  const shown = host.leave("offer", { type: "offer", sdp }).then(() => watch(host));
  const lateBy = random.pick([0, 2000]);
  await Promise.all(guests.map((guest) => play(guest, joinCode, sdp, lateBy)));
  const answers = await shown;
  await world.time.sleep(2 * STALE_MAX);

  // The stores agree. The host was never shown two.
  assert.ok(answers.size <= 1, [...answers].join(" and "));
  const working = guests.filter(({ token }) => token);
  const verdicts = await Promise.all(working.map((guest) => guest.verdict()));
  const winners = working.filter((_, i) => verdicts[i] === "works");
  assert.deepEqual(verdicts.filter((verdict) => verdict !== "works").length, working.length - 1);
  assert.equal(winners.length, 1, "the token of one of them works, everywhere");
  for (const answer of answers) assert.equal(winners[0].answer, answer);
  const { json: list } = await host.send("GET", `/rooms/${code}/candidates`);
  assert.deepEqual(
    list.items.map((item) => item.candidate),
    [`candidate of ${winners[0].name}`],
  );
  assert.equal(world.kv.counts.refused, 0, "writes that the store refused");
  return {
    bothJoined: working.length === 2,
    bothAnswered: guests.every(({ answered }) => answered),
    paired: answers.size === 1,
  };
}

/** The guest's part: joins, leaves a candidate, answers the offer; stops where it has long been told it is not the one.
 *  Its own place may not show for a while that it joined, and refuses its token as long. */
async function play(guest, joinCode, sdp, lateBy) {
  const { world } = guest;
  await world.time.sleep(world.random.whole(0, lateBy));
  const body = { joinCode, guestUserName: guest.name };
  const joined = await guest.until("POST", "join", body, () => true);
  assert.ok([200, 409].includes(joined.status), JSON.stringify(joined.json));
  if (joined.status === 409) return;
  guest.token = joined.json.guestToken;
  await guest.leave("candidate", { candidate: `candidate of ${guest.name}` });
  const hasOffer = ({ json }) => json.offer !== null;
  const { status } = await guest.until("GET", "", undefined, hasOffer);
  if (status !== 200) return;
  guest.answer = `${sdp}a=from:${guest.name}\r\n`;
  guest.answered = (await guest.leave("answer", { type: "answer", sdp: guest.answer })) === 204;
}

/** All answers that the host is shown, until long after the first. */
async function watch(host) {
  const { time } = host.world;
  const answers = new Set();
  const start = time.now;
  let end = start + GIVE_UP;
  while (time.now < end) {
    const { status, json } = await host.send("GET", `/rooms/${host.code}`);
    assert.ok([200, 404].includes(status), JSON.stringify(json));
    if (status === 200 && json.answer && answers.size === 0) end = time.now + 2 * STALE_MAX;
    if (status === 200 && json.answer) answers.add(json.answer.sdp);
    await time.sleep(ASK_EVERY);
  }
  return answers;
}

class Player {
  token = "";
  answer = "";
  answered = false;

  constructor(world, place, name, code = "") {
    Object.assign(this, { world, place, name, code });
  }

  send(method, path, body, place = this.place) {
    const headers = { "X-Registry-Version": "1", "X-Access-Token": this.token };
    return this.world.call(place, method, path, body, headers);
  }

  /** Asks each second until the answer will do, or the room, or this player, has not been known for too long. */
  async until(method, path, body, enough) {
    const { time } = this.world;
    const end = time.now + PATIENCE;
    for (;;) {
      const reply = await this.send(method, `/rooms/${this.code}${path && `/${path}`}`, body);
      const unknown = [403, 404].includes(reply.status);
      if (unknown ? time.now > end : enough(reply)) return reply;
      await time.sleep(ASK_EVERY);
    }
  }

  /** Leaves something, as soon as this place lets it; returns the status. */
  async leave(what, body) {
    const { status, json } = await this.until("POST", what, body, () => true);
    assert.ok([204, 403, 409].includes(status), JSON.stringify(json));
    return status;
  }

  /** What the token is good for, in all places and on all routes of a guest: "works" or "stopped". */
  async verdict() {
    const seen = new Set();
    for (const place of PLACES)
      for (const path of ["", "/candidates"]) {
        const { status } = await this.send("GET", `/rooms/${this.code}${path}`, undefined, place);
        seen.add(status);
      }
    const candidate = { candidate: "another" };
    if (seen.has(403))
      seen.add((await this.send("POST", `/rooms/${this.code}/candidate`, candidate)).status);
    assert.equal(seen.size, 1, [...seen].join(" and "));
    return seen.has(200) ? "works" : seen.has(403) ? "stopped" : String([...seen]);
  }
}
