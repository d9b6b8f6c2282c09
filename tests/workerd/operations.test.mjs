// What a handshake costs on each store, in what Cloudflare bills, and in dollars: the figures of the README's chapter
// "Deploying". Nothing that is included in a plan is subtracted; processor time ($0.02 for a million ms) is not counted.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { handshakeCost, minuteCost } from "./operations-script.mjs";
import { Stage } from "./operations-stage.mjs";

const STORES = { durable: ["socket", "wait", "poll"], kv: ["wait", "poll"] };
const FAMILIES = { session: "sessions", room: "rooms", offer: "offers of peers" };
const SAID = { socket: "socket", wait: "`wait`", poll: "polling" };
const KINDS = ["requests", "objects", "messages", "rowsRead", "rowsWritten", "alarms"];
KINDS.push("reads", "lists", "writes", "deletes");
const TITLES = [...KINDS, "held s", "$/1000", "$/minute", "free/day"];
const MB = 128; // of an object, whatever it uses

/** At most, in the order of KINDS; alarms that are set are among the rows written. Objects that are in memory read a row or two
 *  less, and a peer whose id begins with 0 does not ask the root of its topic. */
const MOST = {
  durable: {
    session: {
      socket: [6, 11, 10, 337, 45, 3, 0, 0, 0, 0],
      wait: [22, 27, 0, 240, 45, 3, 0, 0, 0, 0],
      poll: [23, 28, 0, 199, 45, 3, 0, 0, 0, 0],
    },
    room: {
      socket: [8, 9, 4, 193, 30, 3, 0, 0, 0, 0],
      wait: [15, 16, 0, 111, 29, 2, 0, 0, 0, 0],
      poll: [19, 20, 0, 98, 29, 2, 0, 0, 0, 0],
    },
    offer: {
      socket: [8, 20, 4, 241, 58, 4, 0, 0, 0, 0],
      wait: [15, 23, 0, 144, 58, 4, 0, 0, 0, 0],
      poll: [19, 27, 0, 131, 58, 4, 0, 0, 0, 0],
    },
  },
  kv: {
    session: {
      wait: [20, 0, 0, 0, 0, 0, 32, 22, 15, 0],
      poll: [23, 0, 0, 0, 0, 0, 35, 23, 15, 0],
    },
    room: {
      wait: [16, 0, 0, 0, 0, 0, 23, 18, 10, 0],
      poll: [19, 0, 0, 0, 0, 0, 26, 19, 10, 0],
    },
    offer: {
      wait: [16, 0, 0, 0, 0, 0, 3, 21, 15, 0],
      poll: [19, 0, 0, 0, 0, 0, 3, 21, 15, 0],
    },
  },
};
const HANG = 60_000; // ms; it only ends a test where news never comes
const HELD_MOST = 5.1; // s, where one waits that long; else nothing is held

/** Dollars for a million, on 2026-11-21: developers.cloudflare.com, "Pricing" of Workers, Durable Objects and Workers KV. */
const PRICES = {
  requests: 0.3,
  objects: 0.15,
  messages: 0.15 / 20,
  gigabyteSeconds: 12.5,
  rowsRead: 0.001,
  rowsWritten: 1,
  reads: 0.5,
  lists: 5,
  writes: 5,
  deletes: 5,
};

/** What a free plan has a day, then and there. */
const FREE = {
  requests: 100_000,
  objectRequests: 100_000,
  gigabyteSeconds: 13_000,
  rowsRead: 5_000_000,
  rowsWritten: 100_000,
  reads: 100_000,
  lists: 1000,
  writes: 1000,
  deletes: 1000,
};

/** What is billed of it. */
function billed({ held, ...counts }) {
  const objectRequests = counts.objects + counts.messages / 20;
  return { ...counts, objectRequests, gigabyteSeconds: (held / 1000) * (MB / 1000) };
}

/** Dollars for a thousand of it. */
function price(counts) {
  const all = billed(counts);
  return Object.entries(PRICES).reduce((sum, [kind, each]) => sum + all[kind] * each, 0) / 1000;
}

/** How many of it a free plan carries a day. */
function freeADay(counts) {
  const all = billed(counts);
  return Math.floor(
    Math.min(...Object.entries(FREE).map(([kind, most]) => most / (all[kind] || Number.EPSILON))),
  );
}

/** By store, family and way. @type {Map<string, any>} */ const handshakes = new Map();
/** @type {Map<string, any>} */ const minutes = new Map();
const nameOf = (...parts) => parts.join(", ");
const forAll = (then) => {
  for (const [store, ways] of Object.entries(STORES))
    for (const family of Object.keys(FAMILIES)) for (const way of ways) then(store, family, way);
};

/** @type {Record<string, Stage>} */ const stages = {};
before(async () => {
  for (const store of /** @type {const} */ (["durable", "kv"]))
    stages[store] = await Stage.start(store);
});
after(() => Promise.all(Object.values(stages).map((stage) => stage.stop())));

describe("a handshake costs no more than it did", () => {
  forAll((store, family, way) =>
    test(nameOf(store, family, way), { timeout: HANG }, async () => {
      const counts = await handshakeCost(stages[store], family, way);
      handshakes.set(nameOf(store, family, way), counts);
      minutes.set(nameOf(store, family, way), await minuteCost(stages[store], family, way));
      for (const [i, kind] of KINDS.entries()) {
        const most = MOST[store][family][way][i];
        assert.ok(counts[kind] <= most, `${kind}: ${counts[kind]}, not ${most}`);
      }
      const holds = store === "durable" && way === "wait";
      assert.ok(counts.held <= (holds ? 1000 * HELD_MOST : 0), `held for ${counts.held} ms`);
    }),
  );

  test("and this is it", (t) => {
    t.diagnostic(line("", TITLES));
    forAll((store, family, way) => {
      const counts = handshakes.get(nameOf(store, family, way));
      const figures = KINDS.map((kind) => counts[kind]);
      const dollars = [counts, minutes.get(nameOf(store, family, way))].map(price);
      figures.push((counts.held / 1000).toFixed(1), ...dollars.map((each) => each.toFixed(3)));
      t.diagnostic(line(nameOf(store, family, way), [...figures, freeADay(counts)]));
    });
  });
});

/** Of the printed table. */
function line(title, values) {
  return `  ${title.padEnd(24)}${values.map((value) => String(value).padStart(12)).join("")}`;
}

describe("the README says", () => {
  const readme = readFileSync("README.md", "utf8").replaceAll(/ +/g, " ");

  /** The line of its table, with what each way costs on each store. @param {string} title @param {Map<string, any>} costs */
  function says(title, costs, family) {
    const dollars = (store) => (way) =>
      `$${price(costs.get(nameOf(store, family, way))).toFixed(2)} ${SAID[way]}`;
    const cells = Object.entries(STORES).map(([store, ways]) => ways.map(dollars(store)));
    const wanted = `| ${[title, ...cells.map((cell) => cell.join(", "))].join(" | ")} |`;
    assert.ok(readme.includes(wanted), `it has no line ${wanted}`);
  }

  for (const [family, title] of Object.entries(FAMILIES))
    test(`what 1,000 handshakes cost, ${family}`, () =>
      says(`1,000 handshakes: ${title}`, handshakes, family));

  test("what waiting costs", () => says("1,000 minutes of waiting in a room", minutes, "room"));

  test("how many handshakes a free plan carries, waiting as is best", () => {
    for (const [store, [way]] of Object.entries(STORES)) {
      const [sessions, rooms, offers] = Object.keys(FAMILIES).map((family) =>
        freeADay(handshakes.get(nameOf(store, family, way))).toLocaleString("en"),
      );
      const wanted = `${sessions} sessions, ${rooms} rooms or ${offers} offers`;
      assert.ok(readme.includes(wanted), `it does not say: ${wanted}`);
    }
  });
});
