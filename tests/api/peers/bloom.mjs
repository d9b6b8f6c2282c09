// The bloom filter of GET /offers/by-topic/:topic, held against another implementation of it.

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { before, describe, test } from "node:test";
import { Api, assertError, inParallel } from "../helpers.mjs";
import {
  Peer,
  allUnderTopic,
  assertStatus,
  idsOf,
  pagesOf,
  randomTopic,
  sorted,
  topicPage,
} from "./peer.mjs";

// -- Another implementation: bits as an array

const PRIME = 16_777_619;
const BASIS = 2_166_136_261;

/** FNV-1a, 32 bits. */
function hash(text, seed) {
  let h = BASIS ^ seed;
  for (const byte of Buffer.from(text)) h = Math.imul(h ^ byte, PRIME);
  return h >>> 0;
}

const bitsOf = (id, m) => [0, 1, 2].map((seed) => hash(id, seed) % m);

class Filter {
  constructor(m, ids = []) {
    this.bits = Array(m).fill(false);
    for (const id of ids) for (const bit of bitsOf(id, m)) this.bits[bit] = true;
  }

  mayHave(id) {
    return bitsOf(id, this.bits.length).every((bit) => this.bits[bit]);
  }

  get bytes() {
    const values = Array(this.bits.length / 8).fill(0);
    this.bits.forEach((set, i) => set && (values[Math.floor(i / 8)] += 2 ** (i % 8)));
    return Buffer.from(values);
  }
}

// -- Through the API

const PEERS = 40;
const topic = randomTopic();
let peers; // ids, each with one offer under the topic

/** The peers that are listed with that text as the filter, as it stands in the query. */
async function listed(bloom) {
  const pages = await pagesOf((query) => topicPage(topic, `${query}&bloom=${bloom}`));
  for (const { total } of pages) assert.equal(total, PEERS);
  return sorted(pages.flatMap(({ offers }) => offers.map((offer) => offer.peerId)));
}

async function assertLeavesOut(filter) {
  const expected = peers.filter((id) => !filter.mayHave(id));
  assert.deepEqual(await listed(filter.bytes.toString("base64url")), sorted(expected));
  return peers.length - expected.length;
}

describe("a bloom filter", () => {
  before(async () => {
    peers = await inParallel(Array(PEERS), async () => {
      const peer = await Peer.register();
      await peer.offer({ topics: [topic], ttl: 600_000 });
      return peer.id;
    });
  });

  const SIZES = [8, 16, 24, 40, 64, 128, 1000, 1024, 4096, 8200, 32_768, 65_528, 65_536];

  describe(
    "a bloom filter leaves out the peers that may be in it, and no other:",
    { concurrency: 4 },
    () => {
      for (const m of SIZES)
        test(`${m} bits`, async () => {
          // Few and many ids for the size: no peer, some by chance, nearly all.
          for (const share of [0.02, 0.1, 0.3, 0.6]) {
            const others = Array.from({ length: Math.ceil(share * m) }, () =>
              randomBytes(16).toString("hex"),
            );
            await assertLeavesOut(new Filter(m, others));
          }
        });

      for (const m of SIZES)
        test(`${m} bits with peers in it, who are all left out`, async () => {
          const inside = peers.filter(() => randomInt(2));
          const filter = new Filter(m, inside);
          assert.ok((await assertLeavesOut(filter)) >= inside.length);
        });

      test("each peer alone, in a filter that is large enough to tell", async () => {
        await inParallel(peers.slice(0, 10), async (id) => {
          const filter = new Filter(65_536, [id]);
          assert.ok(!(await listed(filter.bytes.toString("base64url"))).includes(id));
          await assertLeavesOut(filter);
        });
      });

      test("all of them where all bits are set, none where none is", async () => {
        assert.deepEqual(await listed("_w"), []);
        assert.deepEqual(await listed("AA"), sorted(peers));
        assert.deepEqual(await listed(Buffer.alloc(8192, 255).toString("base64url")), []);
      });

      test("not where one of the three bits is missing", async () => {
        const [id] = peers;
        for (const bit of new Set(bitsOf(id, 65_536))) {
          const filter = new Filter(65_536, [id]);
          filter.bits[bit] = false;
          assert.ok((await listed(filter.bytes.toString("base64url"))).includes(id));
        }
      });
    },
  );

  describe("may be written", { concurrency: true }, () => {
    // Every character that the two alphabets write differently, and one or two of padding.
    const filters = [3, 4, 5].map((bytes) => {
      const filter = new Filter(8 * bytes);
      Buffer.from([0xfb, 0xef, 0xff, 0xfb, 0xf0]).forEach((byte, at) => {
        for (let i = 0; i < 8 && at < bytes; i++)
          filter.bits[8 * at + i] = Boolean(byte & (1 << i));
      });
      return filter;
    });
    const standard = (filter) => filter.bytes.toString("base64");

    for (const [says, write] of [
      ["in the standard alphabet", (filter) => encodeURIComponent(standard(filter))],
      ["without padding", (filter) => encodeURIComponent(standard(filter).replaceAll("=", ""))],
      ["in the URL-safe alphabet", (filter) => filter.bytes.toString("base64url")],
      [
        "in the URL-safe alphabet with padding",
        (filter) => standard(filter).replaceAll("+", "-").replaceAll("/", "_"),
      ],
      ["with a + that is not encoded", (filter) => standard(filter).replaceAll("/", "%2F")],
      ["with nothing encoded", standard],
    ])
      test(says, async () => {
        for (const filter of filters) {
          const expected = peers.filter((id) => !filter.mayHave(id));
          assert.deepEqual(await listed(write(filter)), sorted(expected));
        }
      });
  });

  test("is the same on every page", async () => {
    const filter = new Filter(2048, peers.slice(0, PEERS / 2));
    const parameters = { limit: 3, bloom: filter.bytes.toString("base64") };
    const pages = await pagesOf((query) => topicPage(topic, query), parameters);
    const found = pages.flatMap(({ offers }) => offers.map((offer) => offer.peerId));
    assert.deepEqual(sorted(found), sorted(peers.filter((id) => !filter.mayHave(id))));
    for (const { total, offers } of pages) assert.ok(total === PEERS && offers.length <= 3);
  });

  test("leaves out all offers of a peer", async () => {
    const [ann, bob] = [await Peer.register(), await Peer.register()];
    const name = randomTopic();
    const given = Array(7).fill({ topics: [name] });
    const kept = idsOf(await bob.offers(...given));
    await ann.offers(...given);
    const bloom = new Filter(65_536, [ann.id]).bytes.toString("base64url");
    const offers = await allUnderTopic(name, { limit: 2, bloom });
    assert.deepEqual(sorted(idsOf(offers)), sorted(kept));
  });

  describe("is 400", { concurrency: true }, () => {
    const path = `/offers/by-topic/${topic}?bloom=`;
    const FORMAT = "Invalid bloom filter format";
    for (const bloom of [
      "",
      "!",
      "A",
      "AAAAA",
      "AA*A",
      "A===",
      "AAA==",
      "AAAA=",
      "====",
      "=",
      "AA=A",
      "AAAA.AAAA",
      "%C3%A9%C3%A9",
      "AA%0AAA",
      "[]",
    ])
      test(`that is ${bloom || "empty"}`, async () => {
        assertError(await new Api("peers").get(path + bloom), 400, FORMAT);
      });

    for (const bloom of ["%ff", "%00", "%", "%zz"])
      test(`that is ${bloom}`, async () => {
        assertError(await new Api("peers").get(path + bloom), 400);
      });

    test("that has more than 8192 bytes", async () => {
      const api = new Api("peers");
      for (const size of [8193, 12_000]) {
        const answer = await api.get(path + Buffer.alloc(size).toString("base64url"));
        assertError(answer, 400);
        assert.match(answer.body.error, /^bloom\b/);
      }
      const largest = Buffer.alloc(8192).toString("base64");
      assertStatus(await api.get(path + encodeURIComponent(largest)), 200);
    });
  });
});
