// What an attacker tries, each of it refused and without effect; and what another peer, another owner
// and a passer-by see of a private service: its uuid.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertError } from "../helpers.mjs";
import { NO_OFFER, Peer, WRONG, assertStatus } from "../peers/peer.mjs";
import {
  FQN,
  NOT_SIGNED,
  NO_SERVICE,
  HELD,
  Owner,
  SKEW,
  USED,
  caller,
  now,
  offersOf,
  published,
  randomName,
  service,
  taken,
  unpublishAs,
} from "./owner.mjs";

const ZEROS = { key: Buffer.alloc(32).toString("base64"), signature: `${"A".repeat(86)}==` };

/** A victim with a private service, an answered offer and an open one; an attacker with a service. */
async function scene() {
  const metadata = { room: "the metadata" };
  const offers = [{ sdp: "first" }, { sdp: "second" }];
  const victim = await published({ sdp: undefined, offers, metadata }, { fqn: FQN });
  const partner = await Peer.register();
  const [{ offerId: answered }, { offerId: open }] = victim.made.offers;
  assertStatus(await partner.answer(answered, { sdp: "an answer" }), 200);
  for (const side of [victim.peer, partner])
    assertStatus(await side.trickle(answered, "a candidate"), 200);
  return { victim, partner, answered, open, attacker: await published() };
}

/** All that the victim has. */
async function allOf({ victim, partner, answered }) {
  const { owner, peer, api, uuid } = victim;
  const seen = [await owner.status(), await owner.services(), [...(await offersOf(peer)).values()]];
  for (const side of [peer, partner])
    seen.push(assertStatus(await side.candidates(answered), 200).body);
  seen.push(assertStatus(await peer.get("/offers/answers"), 200).body);
  return [...seen, assertStatus(await owner.query(FQN), 200).body, await taken(api, uuid)];
}

/** The calls of a peer that need its credentials, as they would be right but for those. */
const callsAs = (peer, { victim, answered, open }) => [
  peer.get("/offers/mine"),
  peer.get("/offers/answers"),
  peer.candidates(answered),
  peer.trickle(answered, "forged"),
  peer.post("/offers", { offers: [{ sdp: "forged", serviceId: victim.uuid }] }),
  peer.answer(open),
  peer.delete(open),
  unpublishAs(peer, victim.uuid, { username: victim.owner.name }),
  victim.owner.publish(peer),
];

async function assertNobody(peer, all) {
  for (const call of callsAs(peer, all)) {
    const answer = await call;
    assertError(answer, 401);
    assert.ok(!answer.text.includes(all.victim.peer.secret), "a secret is echoed");
  }
}

/** The bytes of base64url or hexadecimal, whichever the text is, with one bit changed. */
function bitChanged(secret, at) {
  const code = secret.charCodeAt(at) ^ 1;
  return secret.slice(0, at) + String.fromCharCode(code) + secret.slice(at + 1);
}

/** What is tried, by its name; every one gets the scene, and asserts that it is refused. */
const ATTACKS = {
  "somebody else's peer id with one's own secret": async (all) => {
    const { attacker, victim } = all;
    const posing = new Peer(caller(), victim.peer.id, attacker.peer.secret);
    assertError(await posing.get("/offers/mine"), 401, WRONG);
    await assertNobody(posing, all);
  },
  "one's own peer id with somebody else's secret": async (all) => {
    const { attacker, victim } = all;
    await assertNobody(new Peer(caller(), attacker.peer.id, victim.peer.secret), all);
  },
  "a secret with one bit changed": async (all) => {
    const { id, secret } = all.victim.peer;
    for (const at of [0, Math.floor(secret.length / 2), secret.length - 1])
      await assertNobody(new Peer(caller(), id, bitChanged(secret, at)), all);
  },
  "truncated credentials": async (all) => {
    const { id, secret } = all.victim.peer;
    await assertNobody(new Peer(caller(), id, secret.slice(0, -1)), all);
    await assertNobody(new Peer(caller(), id, secret[0]), all);
    await assertNobody(new Peer(caller(), id.slice(0, -1), secret), all);
  },
  "empty credentials": async (all) => {
    const { id, secret } = all.victim.peer;
    for (const peer of [
      ["", ""],
      [id, ""],
      ["", secret],
    ])
      await assertNobody(new Peer(caller(), ...peer), all);
  },
  "reading candidates as a third party": async ({ attacker, answered, open }) => {
    for (const id of [answered, open]) assertStatus(await attacker.peer.candidates(id), 403);
  },
  "writing candidates as a third party": async ({ attacker, answered, open }) => {
    for (const id of [answered, open]) assertStatus(await attacker.peer.trickle(id, "forged"), 403);
  },
  "answering an offer that is answered": async ({ attacker, answered }) =>
    assertError(await attacker.peer.answer(answered), 400, "Offer already answered"),
  "deleting another's offer": async ({ attacker, answered, open }) => {
    for (const id of [answered, open]) assertError(await attacker.peer.delete(id), 404, NO_OFFER);
  },
  "deleting another's service with one's own credentials": async ({ attacker, victim }) => {
    for (const { name: username } of [victim.owner, attacker.owner])
      assertError(await unpublishAs(attacker.peer, victim.uuid, { username }), 404, NO_SERVICE);
  },
  "deleting another's service with one's own key": async ({ attacker, victim }) => {
    assertError(await attacker.owner.unpublish(victim.uuid), 404, NO_SERVICE);
    const posing = attacker.owner.but({ name: victim.owner.name });
    assertError(await posing.unpublish(victim.uuid), 403, NOT_SIGNED);
  },
  "deleting another's service with its owner's name alone": async ({ victim }) => {
    const body = JSON.stringify({ username: victim.owner.name });
    assertStatus(await caller().del(`/services/${victim.uuid}`, { body }), 401);
  },
  "claiming a held name": async ({ attacker, victim }) => {
    const posing = attacker.owner.but({ name: victim.owner.name });
    assertError(await posing.claim(), 409, HELD);
    const { publicKey } = victim.owner;
    assertError(await posing.claim({ publicKey }), 400, "Invalid signature");
  },
  "publishing under a held name": async ({ attacker, victim }) => {
    const posing = attacker.owner.but({ name: victim.owner.name });
    for (const fqn of [FQN, "files@1.0.0"])
      assertError(await posing.publish(attacker.peer, fqn), 403, NOT_SIGNED);
  },
  "posting an offer for another's service": async ({ attacker, victim }) => {
    const offers = [{ sdp: "forged", serviceId: victim.uuid }];
    assertError(await attacker.peer.post("/offers", { offers }), 404, NO_SERVICE);
  },
  "a signature for another name": async ({ victim, attacker }) => {
    const other = victim.owner.but({ name: randomName() });
    const { owner, uuid } = victim;
    const claim = await other.proof(["claim"]);
    assertStatus(await owner.claim(claim), 400);
    const posted = await other.proof(["publish", FQN]);
    assertError(await owner.publish(attacker.peer, FQN, posted), 403, NOT_SIGNED);
    const deleted = await other.proof(["unpublish", FQN]);
    assertError(await owner.unpublish(uuid, FQN, deleted), 403, NOT_SIGNED);
  },
  "a signature for another service": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    for (const fqn of ["files@1.0.0", "chat@1.0.1", "chat@1.0.0-beta", "chat@1.0.0+build"]) {
      const posted = await owner.proof(["publish", fqn]);
      assertError(await owner.publish(attacker.peer, FQN, posted), 403, NOT_SIGNED);
      const deleted = await owner.proof(["unpublish", fqn]);
      assertError(await owner.unpublish(uuid, FQN, deleted), 403, NOT_SIGNED);
    }
  },
  "a signature for another time": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    const time = now();
    for (const other of [time - 1, time + 1, time * 10]) {
      const { signature: claimed } = await owner.proof(["claim"], { time: other });
      assertStatus(await owner.claim({ time, signature: claimed }), 400);
      const { signature: posted } = await owner.proof(["publish", FQN], { time: other });
      const asPosted = { time, signature: posted };
      assertError(await owner.publish(attacker.peer, FQN, asPosted), 403, NOT_SIGNED);
      const { signature: deleted } = await owner.proof(["unpublish", FQN], { time: other });
      const asDeleted = { time, signature: deleted };
      assertError(await owner.unpublish(uuid, FQN, asDeleted), 403, NOT_SIGNED);
    }
  },
  "a signature of long ago, or of the future": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    for (const off of [-SKEW - 10_000, SKEW + 10_000]) {
      const time = now() + off;
      assertStatus(await owner.claim({ time }), 400);
      assertError(await owner.publish(attacker.peer, FQN, { time }), 403, NOT_SIGNED);
      assertError(await owner.unpublish(uuid, FQN, { time }), 403, NOT_SIGNED);
    }
  },
  "a signature for another verb": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    const claim = await owner.proof(["claim"]);
    const posted = await owner.proof(["publish", FQN]);
    const deleted = await owner.proof(["unpublish", FQN]);
    for (const proof of [posted, deleted]) assertStatus(await owner.claim(proof), 400);
    for (const proof of [claim, deleted])
      assertError(await owner.publish(attacker.peer, FQN, proof), 403, NOT_SIGNED);
    for (const proof of [claim, posted])
      assertError(await owner.unpublish(uuid, FQN, proof), 403, NOT_SIGNED);
  },
  "a signature that went by on the wire, used by another peer": async ({ attacker }) => {
    const owner = await Owner.claimed();
    const proof = await owner.proof(["publish", FQN]);
    const { uuid, made, api } = await published(proof, { owner });
    assertError(await owner.publish(attacker.peer, FQN, proof), 409, USED);
    assert.equal((await taken(api, uuid)).offerId, made.offerId);
  },
  "a signature used twice": async () => {
    const owner = await Owner.claimed();
    const claim = await owner.proof(["claim"]);
    assertStatus(await owner.claim(claim), 200);
    assertError(await owner.claim(claim), 409, USED);
    const posted = await owner.proof(["publish", FQN]);
    const { peer, uuid } = await published(posted, { owner });
    assertError(await owner.publish(peer, FQN, posted), 409, USED);
    const deleted = await owner.proof(["unpublish", FQN]);
    assertStatus(await owner.unpublish(uuid, FQN, deleted), 200);
    assertError(await owner.publish(peer, FQN, posted), 409, USED);
    await published({}, { owner, peer });
    assertError(await owner.unpublish(uuid, FQN, deleted), 409, USED);
  },
  "a message with extra colons": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    const spoilt = (message) => [`${message}:`, `:${message}`, message.replace(":", "::")];
    const { name } = owner;
    for (const message of spoilt(`claim:${name}:${now()}`))
      assertStatus(await owner.claim({ message }), 400);
    for (const message of spoilt(`publish:${name}:${FQN}:${now()}`))
      assertError(await owner.publish(attacker.peer, FQN, { message }), 403, NOT_SIGNED);
    for (const message of spoilt(`unpublish:${name}:${FQN}:${now()}`))
      assertError(await owner.unpublish(uuid, FQN, { message }), 403, NOT_SIGNED);
    // What is signed for one service must not be read as said of another.
    const fqn = `chat@1.0.0:${now()}`;
    assertStatus(await owner.publish(attacker.peer, fqn), 400);
  },
  "an all-zero key": async () => {
    const owner = await Owner.unknown();
    for (const signature of [ZEROS.signature, undefined]) {
      const change = { publicKey: ZEROS.key, ...(signature && { signature }) };
      assertStatus(await owner.claim(change), 400);
    }
  },
  "a non-canonical key": async () => {
    const owner = await Owner.unknown();
    const one = Buffer.from(`ee${"ff".repeat(30)}7f`, "hex").toString("base64");
    const signature = Buffer.from(`01${"00".repeat(63)}`, "hex").toString("base64");
    const change = { publicKey: one, signature };
    assertStatus(await owner.claim(change), 400);
  },
  "an all-zero signature": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    const { signature } = ZEROS;
    assertError(await owner.claim({ signature }), 400, "Invalid signature");
    assertError(await owner.publish(attacker.peer, FQN, { signature }), 403, NOT_SIGNED);
    assertError(await owner.unpublish(uuid, FQN, { signature }), 403, NOT_SIGNED);
  },
  "a non-canonical signature": async ({ victim, attacker }) => {
    const { owner, uuid } = victim;
    const claim = await owner.proof(["claim"]);
    assertError(await owner.claim(unreduced(claim)), 400, "Invalid signature");
    const posted = await owner.proof(["publish", FQN]);
    const asPosted = unreduced(posted);
    assertError(await owner.publish(attacker.peer, FQN, asPosted), 403, NOT_SIGNED);
    const deleted = await owner.proof(["unpublish", FQN]);
    assertError(await owner.unpublish(uuid, FQN, unreduced(deleted)), 403, NOT_SIGNED);
  },
};

/** The proof with the order of the base point added to S. */
function unreduced({ message, signature }) {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const bytes = Buffer.from(signature, "base64");
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + order;
  const other = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  const signed = Buffer.concat([bytes.subarray(0, 32), other]);
  return { message, signature: signed.toString("base64") };
}

// One after the other: the first that has an effect is named.
describe("refused, and without effect, is", () => {
  let all;
  let state;
  before(async () => {
    all = await scene();
    state = await allOf(all);
  });

  for (const [says, attack] of Object.entries(ATTACKS))
    test(says, async () => {
      await attack(all);
      assert.deepEqual(await allOf(all), state);
    });
});

describe("of a private service", { concurrency: true }, () => {
  /** Where a service might show, to somebody who does not know what to look for. */
  const places = ({ owner, peer }, answers) => [
    ...answers,
    `/usernames/${owner.name}`,
    `/usernames/${owner.name}/services`,
    `/peers/${peer.id}/offers`,
    "/topics",
    "/",
  ];

  test("others see nothing but its uuid, and how many there are", async () => {
    const fqn = "com.example.hidden@3.1.4";
    const metadata = { note: "hidden metadata" };
    const mine = await published({ metadata }, { fqn });
    const other = await published();
    for (const path of places(mine, ["/offers/mine", "/offers/answers"])) {
      const { text } = assertStatus(await other.peer.get(path), 200);
      for (const secret of ["hidden", "3.1.4"]) assert.ok(!text.includes(secret), path);
      if (!path.endsWith("/services")) assert.ok(!text.includes(mine.uuid), path);
    }
    assert.deepEqual(await mine.owner.services(other.api), [{ uuid: mine.uuid, isPublic: false }]);
  });

  test("a refusal tells no more than that of a service that never was", async () => {
    const mine = await published({}, { fqn: "hidden@1.0.0" });
    const other = await published();
    const { name: username } = other.owner;
    const never = mine.uuid.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    for (const ask of [
      (uuid) => unpublishAs(other.peer, uuid, { username }),
      (uuid) => other.owner.unpublish(uuid, "hidden@1.0.0"),
      (uuid) => other.peer.post("/offers", { offers: [{ sdp: "x", serviceId: uuid }] }),
    ]) {
      const [there, nowhere] = [await ask(mine.uuid), await ask(never)];
      assert.deepEqual([there.status, there.text], [nowhere.status, nowhere.text]);
    }
  });

  test("the uuid is not what a name or a look at one's own would lead to", async () => {
    const one = await published();
    const two = await published({}, { ...one, fqn: "chat@1.0.1" });
    const three = await published({}, { peer: one.peer });
    const uuids = [one, two, three].map(({ uuid }) => uuid.replaceAll("-", ""));
    for (const [i, uuid] of uuids.entries())
      for (const other of uuids.slice(i + 1)) {
        const same = [...uuid].filter((c, at) => c === other[at]).length;
        assert.ok(same < uuid.length / 2, `${uuid} and ${other}`);
      }
    for (const uuid of uuids) assert.ok(!uuid.includes(one.peer.id.slice(0, 8)));
  });

  test("nothing is left to see when it is gone, its owner's name is", async () => {
    const mine = await published({}, { fqn: "hidden@1.0.0" });
    assertStatus(await mine.owner.unpublish(mine.uuid, "hidden@1.0.0"), 200);
    for (const path of places(mine, [])) {
      const { text } = assertStatus(await caller().get(path), 200);
      assert.ok(!text.includes("hidden") && !text.includes(mine.uuid), path);
    }
    assertError(await service(caller(), mine.uuid), 404, NO_SERVICE);
    assert.equal((await mine.owner.status()).available, false);
  });
});
