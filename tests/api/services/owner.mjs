// What the tests of services share: owners of usernames, who sign what they do, and what is published.

import assert from "node:assert/strict";
import { randomBytes, webcrypto } from "node:crypto";
import { after, before } from "node:test";
import { Api, assertError } from "../helpers.mjs";
import { Peer, assertStatus } from "../peers/peer.mjs";

export const YEAR = 365 * 24 * 60 * 60 * 1000; // ms a name is kept after its last use
export const SKEW = 5 * 60 * 1000; // ms that a message's time may be off, either way
export const METADATA_MAX = 4096; // bytes
export const FQN = "chat@1.0.0";

export const HELD = "Username already claimed by different public key";
export const USED = "Signature already used";
export const UNCLAIMED = "Username not claimed";
export const NOT_SIGNED = "Invalid signature for username";
export const NO_SERVICE = "Service not found";
export const NO_OFFERS = "No available offers";

/** Somebody who calls the server where peers and services are. @param {string | null} [origin] */
export const caller = (origin) => new Api("peers", origin);

/** A name that nobody else has. */
export const randomName = () => `u-${randomBytes(8).toString("hex")}`;

let last = 0;
/** Now, each ms once: Ed25519 would sign the same message alike. */
export const now = () => (last = Math.max(Date.now(), last + 1));

/**
 * Somebody with a name and its key. What is sent may be changed field by field; `time` is that of the
 * message, and a `message` is signed as it is.
 */
export class Owner {
  constructor(api, name, keys, publicKey) {
    Object.assign(this, { api, name, keys, publicKey });
  }

  /** With a new key, and nothing claimed. */
  static async unknown(api = caller(), name = randomName()) {
    const keys = await webcrypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    const raw = await webcrypto.subtle.exportKey("raw", keys.publicKey);
    return new Owner(api, name, keys, Buffer.from(raw).toString("base64"));
  }

  static async claimed(api, name) {
    const owner = await Owner.unknown(api, name);
    assertStatus(await owner.claim(), 200);
    return owner;
  }

  /** The same key under another name, or the same name with another key. */
  but(changes) {
    const { api, name, keys, publicKey } = { ...this, ...changes };
    return new Owner(api, name, keys, publicKey);
  }

  async sign(message) {
    const bytes = Buffer.from(String(message));
    const signature = await webcrypto.subtle.sign("Ed25519", this.keys.privateKey, bytes);
    return Buffer.from(signature).toString("base64");
  }

  /** @returns a message of these parts, the name and the time, and its signature */
  async proof([verb, ...parts], { time = now(), ...changes } = {}) {
    const right = [verb, this.name, ...parts, time].join(":");
    const message = "message" in changes ? changes.message : right;
    const signature = "signature" in changes ? changes.signature : await this.sign(message);
    return { message, signature };
  }

  async claim({ time, ...changes } = {}) {
    const proof = await this.proof(["claim"], { time, ...changes });
    const { name, publicKey } = this;
    return this.api.post("/usernames/claim", { username: name, publicKey, ...proof, ...changes });
  }

  async publish(peer, serviceFqn = FQN, { time, ...changes } = {}) {
    const proof = await this.proof(["publish", serviceFqn], { time, ...changes });
    const right = { username: this.name, serviceFqn, sdp: "an offer", ...proof };
    return peer.post("/services", { ...right, ...changes });
  }

  async unpublish(uuid, serviceFqn = FQN, { time, ...changes } = {}) {
    const proof = await this.proof(["unpublish", serviceFqn], { time, ...changes });
    const body = { username: this.name, ...proof, ...changes };
    return this.api.del(`/services/${uuid}`, { body: JSON.stringify(body) });
  }

  /** The name as everybody sees it. */
  async status(api = this.api) {
    return assertStatus(await api.get(`/usernames/${this.name}`), 200).body;
  }

  /** What is listed under the name. */
  async services(api = this.api) {
    const { body } = assertStatus(await api.get(`/usernames/${this.name}/services`), 200);
    assert.equal(body.username, this.name);
    return body.services;
  }

  query(serviceFqn, api = this.api) {
    return api.post(`/index/${encodeURIComponent(this.name)}/query`, { serviceFqn });
  }
}

/** A peer's offers by their ids. */
export async function offersOf(peer) {
  return new Map((await peer.mine()).map((offer) => [offer.id, offer]));
}

/** Unpublishes with a peer's credentials. */
export const unpublishAs = (peer, uuid, body) =>
  peer.api.del(`/services/${uuid}`, { body: JSON.stringify(body), headers: peer.headers });

/** Publishes, as one who has claimed a name and registered, unless they are given. */
export async function published(fields = {}, { fqn = FQN, owner, peer, api = caller() } = {}) {
  owner ??= await Owner.claimed(api);
  peer ??= await Peer.register(api);
  const { body: made } = assertStatus(await owner.publish(peer, fqn, fields), 201);
  return { api, owner, peer, made, uuid: made.uuid };
}

/** Offers with SDPs that tell them apart. */
export const pool = (count, tag = "offer") =>
  Array.from({ length: count }, (_, i) => ({ sdp: `${tag} ${i}` }));

export const service = (api, uuid) => api.get(`/services/${uuid}`);

/** The offer that a caller is handed out, with its service. */
export async function taken(api, uuid) {
  return assertStatus(await service(api, uuid), 200).body;
}

/** The offers of so many callers, one after the other. */
export async function takenBy(count, api, uuid) {
  const ids = [];
  while (ids.length < count) ids.push((await taken(api, uuid)).offerId);
  return ids;
}

export function assertNoOffers(answer) {
  assertError(answer, 503, NO_OFFERS);
  assert.equal(answer.headers.get("Retry-After"), "1");
}

/**
 * In a group of tests: after them everything is as it was before. Hooks that make what `stateOf` looks
 * at come first.
 */
export function changesNothing(stateOf) {
  let state;
  before(async () => (state = await stateOf()));
  after(async () => assert.deepEqual(await stateOf(), state));
}

/** What others and the peer itself see of what is published. */
export const stateOf = async ({ owner, peer }) => [
  await owner.status(),
  await owner.services(),
  await peer.mine(),
];

/** Nothing leads to the service any more. */
export async function assertGone(owner, uuid, fqn = FQN) {
  assertError(await service(owner.api, uuid), 404, NO_SERVICE);
  assertError(await owner.query(fqn), 404, NO_SERVICE);
  const listed = await owner.services();
  assert.ok(!listed.some((entry) => entry.uuid === uuid));
}
