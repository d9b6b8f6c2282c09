// The examples of docs/openapi.yaml: every request among them is sent as it is there, but for the codes
// and tokens that a server makes, and for names and what is signed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { document, example, requestExamples } from "./document.mjs";
import { Api } from "./helpers.mjs";
import { Peer, pair } from "./peers/peer.mjs";
import { assertDone, joinedRoom, offeredRoom, openRoom, pairedRoom } from "./rooms/room.mjs";
import { FQN, Owner, published, unpublishAs } from "./services/owner.mjs";

/** Sends an example, changed where the server has made something; by its operation. */
const SEND = {
  postOffer: (body) => new Api().post("/my-room/offer", body),
  postAnswer: async (body) => {
    const api = new Api();
    return api.post("/answer", { ...body, code: await api.offer("my-room") });
  },
  postPoll: async (body) => {
    const api = new Api();
    return api.post("/poll", { ...body, code: await api.offer("my-room") });
  },
  createRoom: (body) => new Api().post("/rooms", body, { "X-Registry-Version": "1" }),
  joinRoom: async (body) => {
    const { stranger, made } = await openRoom();
    return stranger.join({ ...body, joinCode: made.joinCode });
  },
  postRoomOffer: async (body) => {
    const { host } = await (body.generation ? pairedRoom : joinedRoom)();
    return host.post("offer", body);
  },
  postRoomAnswer: async (body) => {
    if (!body.generation) return (await offeredRoom()).guest.post("answer", body);
    const { host, guest } = await pairedRoom();
    assertDone(await host.offer(example("postRoomOffer", "restart")));
    return guest.post("answer", body);
  },
  postOffers: async (body) => (await Peer.register()).post("/offers", body),
  answerOffer: async (body) => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const { id } = await ann.offer({ secret: body.secret });
    return bob.post(`/offers/${id}/answer`, body);
  },
  postOfferCandidates: async (body) => {
    const { ann, id } = await pair();
    return ann.post(`/offers/${id}/ice-candidates`, body);
  },
  claimUsername: async (body) => {
    const owner = await Owner.unknown();
    const { name: username, publicKey } = owner;
    const proof = await owner.proof(["claim"]);
    return owner.api.post("/usernames/claim", { ...body, username, publicKey, ...proof });
  },
  publishService: async (body) => {
    const [owner, peer] = [await Owner.claimed(), await Peer.register()];
    const proof = await owner.proof(["publish", body.serviceFqn]);
    return peer.post("/services", { ...body, username: owner.name, ...proof });
  },
  deleteService: async (body) => {
    const { owner, peer, uuid } = await published();
    const username = owner.name;
    if (!body.signature) return unpublishAs(peer, uuid, { ...body, username });
    const proof = await owner.proof(["unpublish", FQN]);
    const sent = JSON.stringify({ ...body, username, ...proof });
    return owner.api.del(`/services/${uuid}`, { body: sent });
  },
  queryServices: async (body) => {
    const { owner } = await published();
    return owner.api.post(`/index/${owner.name}/query`, body);
  },
  postRoomCandidate: async (body) => (await joinedRoom()).host.post("candidate", body),
};

describe("an example of the document is a request that succeeds:", { concurrency: true }, () => {
  for (const { operationId, name, value } of requestExamples)
    test(`${name} of ${operationId}`, async () => {
      const { status, text } = await SEND[operationId](value);
      assert.ok(status >= 200 && status < 300, `${status} ${text}`);
    });
});

/** Every path of the document, with something in place of its parameters. */
const PATHS = Object.keys(document.paths).map((path) =>
  path
    .replace("/offers/{id}", `/offers/${"0".repeat(64)}`)
    .replace("{peerId}", "0".repeat(32))
    .replace(/\{\w+\}/, "abc123"),
);

describe("a path of the document answers a preflight:", { concurrency: true }, () => {
  for (const path of PATHS)
    test(path, async () => {
      const api = new Api();
      assert.equal((await api.request("OPTIONS", path)).status, 204);
      assert.equal((await api.request("PUT", path)).status, 405); // with the methods of the document
    });
});

test("services are answered as in the examples", async () => {
  const { isPublic, metadata } = example("publishService", "one");
  const { owner, peer, uuid } = await published({ isPublic, metadata });
  await published({}, { owner, peer, fqn: "com.example.chat@2.1.3-beta.1" });
  assert.equal((await owner.services()).length, 2);
  const { body } = await owner.api.get(`/services/${uuid}`);
  assert.deepEqual(body.metadata, metadata);
});

test("whether the name `claim` is free is asked with a small body", async () => {
  const api = new Api();
  const size = 1024 * 1024 + 1;
  const head = await api.head("GET", "/usernames/claim", { "Content-Length": size });
  assert.equal((await api.raw([head, "x".repeat(size)])).status, 413);
});

test("the directory is answered as in the example with startsWith", async () => {
  const api = new Api();
  await api.offer("game-1");
  const { body } = await api.get("/topics?startsWith=game");
  assert.deepEqual([body.startsWith, body.total], ["game", 1]);
});
