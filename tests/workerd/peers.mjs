// Peers and owners of names, each at a place of a world.

import { createPrivateKey, createPublicKey, sign } from "node:crypto";

/** How late writes are seen elsewhere, in ms, and how often their own place does not see them at once. */
export const STALE_MAX = 60_000; // ms
export const MOODS = [
  { lag: (random) => random.whole(0, 2000), ownAtOnce: 1 },
  { lag: (random) => random.pick([random.whole(0, 3000), random.whole(0, STALE_MAX), STALE_MAX]) },
  { lag: () => STALE_MAX, ownAtOnce: 0.5, cached: () => 1, emptyPage: 0.5 },
];
/** As kind as the store can be. */
export const KIND = { lag: () => 0, ownAtOnce: 1, cached: () => 0, emptyPage: 0 };

const PAUSE = 1000; // ms
const PAUSE_MAX = 8000; // ms
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex"); // of an Ed25519 seed

/** Someone who has registered. */
export class Peer {
  /** Answers that said there is no such thing, which there was */ notYet = 0;

  /** @param {import("./world.mjs").World} world @param {string} place @param {string} name */
  static async enter(world, place, name) {
    const { json } = await world.call(place, "POST", "/register");
    return new Peer(world, place, name, json);
  }

  constructor(world, place, name, { peerId, secret }) {
    Object.assign(this, { world, place, name, id: peerId });
    this.headers = { Authorization: `Bearer ${peerId}:${secret}` };
  }

  send(method, path, body, place = this.place) {
    return this.world.call(place, method, path, body, this.headers);
  }

  /** Asks until the answer's status is none of these, each time a little later. */
  async until(refusals, method, path, body) {
    for (let pause = PAUSE; ; pause = Math.min(2 * pause, PAUSE_MAX)) {
      const reply = await this.send(method, path, body);
      if (!refusals.includes(reply.status)) return reply;
      this.notYet++;
      await this.world.time.sleep(pause);
    }
  }
}

/** A key for names. Its messages never have the same time twice. */
export class Owner {
  #last = 0;

  /** @param {import("./world.mjs").World} world @param {number} number tells keys of one world apart */
  constructor(world, number) {
    const seed = Buffer.alloc(32);
    seed.writeUInt32LE(world.seed, 0);
    seed.writeUInt32LE(number, 4);
    const key = createPrivateKey({
      key: Buffer.concat([PKCS8, seed]),
      format: "der",
      type: "pkcs8",
    });
    Object.assign(this, { world, key });
    this.publicKey = Buffer.from(createPublicKey(key).export({ format: "jwk" }).x, "base64url");
    this.publicKey = this.publicKey.toString("base64");
  }

  /** @param {...string} parts of the message, but its time */
  sign(...parts) {
    this.#last = Math.max(this.world.time.now, this.#last + 1);
    const message = [...parts, this.#last].join(":");
    return { message, signature: sign(null, Buffer.from(message), this.key).toString("base64") };
  }

  claim(username) {
    return { username, publicKey: this.publicKey, ...this.sign("claim", username) };
  }

  publish(username, serviceFqn, rest) {
    return { username, serviceFqn, ...rest, ...this.sign("publish", username, serviceFqn) };
  }
}
