// Nothing tells a client which store a server is on: the same tour over every route, right and wrong, is answered alike on
// both, and names neither.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { STORE, startServer } from "../server.mjs";
import { documentedOperations, operationsAt, shapeOf } from "./document.mjs";
import { Api, inParallel } from "./helpers.mjs";
import { Peer } from "./peers/peer.mjs";
import { VERSION, candidate, joinedRoom, openRoom, strangeToken } from "./rooms/room.mjs";
import { Owner, published } from "./services/owner.mjs";

const STORES = ["kv", "durable"];
const NO_STORE = /\b(kv|workers|durable|shards?|sqlite|namespaces?|outbox|cloudflare|alarm)\b/i;
const VARY = ["date", "content-length", "connection", "keep-alive", "transfer-encoding"];
const NOBODY = "0".repeat(64);

/** Calls, and remembers what was answered: to which request, and in what shape. */
class Tourist extends Api {
  seen = [];

  async request(method, path, options) {
    const answer = await super.request(method, path, options);
    const { pathname } = new URL(path, "http://tour/");
    this.seen.push({
      operations: operationsAt(method, pathname),
      status: answer.status,
      shape: `${method} ${pathname.split("/").length} ${answer.status} ${shapeOf(answer.body ?? null)}`,
      headers: [...answer.headers.keys()].filter((name) => !VARY.includes(name)),
      text: answer.text,
    });
    return answer;
  }
}

async function general(api) {
  await api.get("/");
  await api.get("/?limit=none");
  await api.get("/health");
  await api.get("/health", { Accept: "text/html" });
  await api.get("/no/such/path");
  await api.request("PUT", "/topics");
  await api.request("OPTIONS", "/topics");
  await api.request("HEAD", "/health");
}

async function sessions(api) {
  const code = await api.offer("tour", { info: "ann" });
  await api.offer("tour", { info: "bob" });
  await api.get("/tour/sessions");
  await api.get("/tour/sessions?limit=1");
  await api.get("/tour/sessions?limit=none");
  await api.get("/topics?startsWith=to");
  await api.get("/topics?limit=none");
  await api.post("/tour/offer", {});
  await api.post("/tour/offer", "no JSON");
  await api.poll(code, "offerer");
  await api.candidate(code, "answerer", "one");
  await api.candidate(code, "offerer", "two");
  await api.answer(code, "an answer");
  await api.answer(code, "another answer");
  await api.poll(code, "offerer", { wait: 1 });
  await api.poll(code, "answerer");
  await api.poll(code, "nobody");
  await api.poll(code, "answerer", { seen: 5 });
  await api.from().poll(code, "offerer");
  await api.withdraw(code);
  await api.withdraw(code);
  await api.poll(code, "offerer");
  await api.answer(code, "late");
}

async function rooms(api) {
  await api.post("/rooms", {}, VERSION);
  await api.post("/rooms", {});
  await (await openRoom(api)).stranger.lookUp();
  const { host, guest, stranger, made } = await joinedRoom(api);
  await stranger.join({ joinCode: "000000" });
  await stranger.join({ joinCode: made.joinCode });
  await guest.answer();
  await guest.offer();
  await host.offer();
  await host.offer({ sdp: "" });
  await guest.get("?wait=1");
  await guest.answer();
  await host.get();
  await host.candidate(candidate("one"), { "Idempotency-Key": "k" });
  await host.candidate(candidate("one"), { "Idempotency-Key": "k" });
  await guest.candidate({ candidate: 5 });
  await guest.get("/candidates");
  await guest.get("/candidates?since=none");
  const thief = host.but({ token: strangeToken() });
  await thief.get();
  await thief.get("/candidates");
  await thief.offer();
  await thief.answer();
  await thief.candidate(candidate("x"));
  await thief.close();
  await stranger.get();
  await host.close();
  const gone = host.but({ code: "ZZZZZZZZ" });
  await gone.lookUp();
  await gone.join();
  await gone.get("/candidates");
}

async function offers(api) {
  const [ann, bob] = [await Peer.register(api), await Peer.register(api)];
  await api.post("/register", "no JSON");
  const { id } = await ann.offer({ topics: ["tour", "other"], secret: "hush" });
  await ann.offer({ topics: ["tour"] });
  await ann.publish({ sdp: "" });
  for (const query of ["", "?limit=1", "?limit=none", "?bloom=-"])
    await api.get(`/offers/by-topic/tour${query}`);
  await api.get(`/peers/${ann.id}/offers`);
  await api.get("/peers/nobody/offers");
  await ann.get("/offers/mine");
  await ann.get("/offers/mine?limit=none");
  await bob.answer(id);
  await bob.answer(id, { secret: "hush" });
  await bob.answer(id, { secret: "hush" });
  await bob.answer(NOBODY);
  await ann.get("/offers/answers");
  await ann.get("/offers/answers?wait=1");
  await ann.get("/offers/answers?since=none");
  await ann.trickle(id, "one", { two: 2 });
  await ann.trickle(id);
  await bob.candidates(id);
  await bob.candidates(NOBODY);
  await ann.delete(id);
  await ann.delete(id);
  for (const path of ["/offers/mine", "/offers/answers", `/offers/${id}/ice-candidates`])
    await api.get(path);
}

async function services(api) {
  const { owner, peer, uuid } = await published({ isPublic: true }, { api });
  await owner.claim({ signature: "none" });
  await (await Owner.unknown(api, owner.name)).claim();
  await owner.status();
  await api.get("/usernames/nobody");
  await api.get("/usernames/-");
  await api.get("/usernames/claim");
  await owner.services();
  await api.get("/usernames/-/services");
  await owner.publish(peer, "no version");
  await owner.publish(peer.but({ secret: "" }));
  await owner.query("chat@^1.0.0");
  await owner.query("other@^1.0.0");
  await owner.query("");
  await api.get(`/services/${uuid}`);
  await api.get(`/services/${uuid}`);
  await api.get("/services/none");
  await owner.unpublish(uuid, undefined, { signature: "none" });
  await owner.unpublish(uuid);
  await owner.unpublish(uuid);
}

const PARTS = { general, sessions, rooms, offers, services };

describe(
  "on either store",
  { skip: STORE !== STORES[0] && `both are looked at in the run on ${STORES[0]}` },
  () => {
    /** What was answered on each, by part. @type {Record<string, any[]>[]} */
    let tours;
    let servers;

    before(async () => {
      const vars = { RATE_LIMITS: "off" };
      servers = await Promise.all(STORES.map((storage) => startServer({ storage, vars })));
      tours = await Promise.all(servers.map(tour));
    });
    after(async () => await Promise.all(servers.map((server) => server.stop())));

    async function tour(server) {
      const seen = await inParallel(Object.values(PARTS), async (walk) => {
        const tourist = new Tourist(server);
        await walk(tourist);
        return tourist.seen;
      });
      return Object.fromEntries(Object.keys(PARTS).map((name, i) => [name, seen[i]]));
    }

    const answers = (part) => tours.map((parts) => parts[part]);

    for (const part of Object.keys(PARTS)) {
      test(`${part}: every request has the same status, fields and headers`, () => {
        const [one, other] = answers(part);
        assert.equal(other.length, one.length);
        for (const [i, { shape, headers }] of one.entries())
          assert.deepEqual([other[i].shape, ...other[i].headers], [shape, ...headers]);
      });

      test(`${part}: no answer names a store`, () => {
        for (const { text } of answers(part).flat()) assert.doesNotMatch(text, NO_STORE);
      });
    }

    test("every route has been asked, and was answered well and badly", () => {
      const seen = Object.values(tours[0]).flat();
      for (const { operationId, statuses } of documentedOperations) {
        if (statuses.includes("101")) continue; // a socket: one store has it, the other says that it has not
        const own = seen.filter(({ operations }) => operations.includes(operationId));
        const well = (status) => Number(status) < 400;
        assert.ok(
          own.some(({ status }) => well(status)),
          `${operationId} was never answered well`,
        );
        if (statuses.some((status) => !well(status) && Number(status) < 413))
          assert.ok(!own.every(({ status }) => well(status)), `${operationId} never failed`);
      }
    });
  },
);
