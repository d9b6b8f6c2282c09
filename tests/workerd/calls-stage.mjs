// A server over a namespace in memory, which counts what it is asked, and those who come to it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MemoryKv } from "../../bench/memory-kv.js";
import { WorkersKv } from "../../kv/workers-kv.js";
import { Server } from "../../worker/serve.js";
import { Owner } from "./peers.mjs";

const module = new WebAssembly.Module(readFileSync("build/core.wasm"));
export const SDP = "v=0\r\na=mid:0\r\n".repeat(150); // like a real one, too large for an entry's metadata
export const FQN = "chat@1.0.0";

const Clock = {
  get now() {
    return Date.now();
  },
};

/** A server over a namespace of its own, and what that was asked. */
export class Stage {
  calls = { lists: 0, reads: 0, writes: 0, deletes: 0 };
  #kv = new MemoryKv();
  #server = new Server(module, { AUTH_SECRET: "the secret of the tests".repeat(2) });
  #store = new Proxy(this.#kv, {
    get: (kv, name) => {
      const kind = { list: "lists", put: "writes", delete: "deletes" }[name] ?? "reads";
      return (...given) => (this.calls[kind]++, kv[name](...given));
    },
  });
  owner = new Owner({ seed: 0, time: Clock }, 1);

  async send([method, path, body], peer) {
    const url = `https://rondevu.example${path}`;
    const headers = peer && { Authorization: `Bearer ${peer.peerId}:${peer.secret}` };
    const request = new Request(url, { method, headers, body: JSON.stringify(body) });
    const response = await this.#server.serve(request, new WorkersKv(this.#store));
    const json = await response.json();
    assert.ok(response.status < 300, `${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  }

  /** [lists, reads, writes, deletes] of one request. */
  async cost(request, peer) {
    for (const kind of Object.keys(this.calls)) this.calls[kind] = 0;
    this.answer = await this.send(request, peer);
    return Object.values(this.calls);
  }

  register() {
    return this.send(["POST", "/register"]);
  }

  /** Ann, who has posted one offer, and Bob. */
  async met(offer = { topics: ["t"] }) {
    const [ann, bob] = [await this.register(), await this.register()];
    const { offers } = await this.send(post([offer]), ann);
    return { ann, bob, id: offers[0].id };
  }

  /** The same, and Bob has answered. */
  async answered(offer) {
    const met = await this.met(offer);
    await this.send(["POST", `/offers/${met.id}/answer`, { sdp: SDP }], met.bob);
    return met;
  }

  /** Ann, who has published a service with so many offers. */
  async published(size = 1) {
    const ann = await this.register();
    await this.send(["POST", "/usernames/claim", this.owner.claim("ann")]);
    const { uuid } = await this.send(this.publish(size), ann);
    return { ann, uuid };
  }

  /** Peers with two offers each, which come in many topics: of each list an entry too large for its metadata. */
  async manyTopics(peers) {
    const long = (i) => ["t", ...topics(49, `${i} ${"x".repeat(200)}`)];
    for (let i = 0; i < peers; i++)
      await this.send(
        post(times(2, (j) => ({ sdp: "s", topics: long(j) }))),
        await this.register(),
      );
  }

  /** A peer with 1,000 offers, the newest of which were posted one at a time. */
  async manyOffers() {
    const ann = await this.register();
    for (const size of [...Array(7).fill(100), ...Array(300).fill(1)])
      await this.send(post(times(size, () => ({ sdp: "s" }))), ann);
    return ann;
  }

  publish(size) {
    const offers = Array.from({ length: size }, () => ({ sdp: SDP }));
    return ["POST", "/services", this.owner.publish("ann", FQN, { offers, isPublic: true })];
  }
}

export const post = (offers) => [
  "POST",
  "/offers",
  { offers: offers.map((one) => ({ sdp: SDP, ...one })) },
];
export const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
export const topics = (count, prefix = "") => times(count, (i) => `${prefix}topic ${i}`);
