// Handshakes of two pages of one Chromium: from the guest's first call to the open channel on both sides, while the
// host waits already. All ways in turns, in one run.

import { setTimeout as sleep } from "node:timers/promises";
import { launch } from "../tests/browser/browser.mjs";
import { allWays, startServers } from "./handshake-ways.mjs";
import { startSite } from "./pages/site.mjs";
import { QUICK, heading, median, percentile, progress, table } from "./report.mjs";

const ROUNDS = QUICK ? 3 : 30;
export const LEAD = 300; // ms from when the host waits to when its guest comes
const REST = 100; // ms after the handshake in which what is still under way is counted
const WAIT = QUICK ? 6_000 : 60_000; // ms that lone hosts are watched
const GOLDEN = 0.618; // its multiples are spread evenly over 0 to 1

// -- One handshake --------------------------------------------------------------------------------

export async function openPage(context, site) {
  const page = await context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => window.isReady);
  return page;
}

export const beHost = (page, { page: way, config }) =>
  page.evaluate(([way, config]) => window.beHost(way, config), [way, config]);

export const beGuest = (page, { page: way, config }, told) =>
  page.evaluate(([way, config, told]) => window.beGuest(way, config, told), [way, config, told]);

const less = (after, before) =>
  Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));

/** Waits for the channel on both sides: {start, end} of the guest, openedAt of the host, all by one clock, ms. */
export async function connect([host, guest]) {
  const [openedAt, times] = await Promise.all([
    host.evaluate(() => window.openedAt()),
    guest.evaluate(() => window.connect()),
  ]);
  return { ...times, openedAt };
}

export async function leave(pages) {
  for (const page of pages.toReversed()) await page.evaluate(() => window.leave());
}

/** {ms, timed, all}: what was asked of the server from the guest's call on, and from the room's making on. */
async function shake(way, pages, arrival) {
  const begun = await way.counts();
  await beGuest(pages[1], way, await beHost(pages[0], way));
  await sleep(LEAD + (way.spread ?? 0) * arrival);
  const waiting = await way.counts();
  const { start, end, openedAt } = await connect(pages);
  await sleep(REST);
  const done = await way.counts();
  await leave(pages);
  return {
    ms: Math.max(end, openedAt) - start,
    timed: less(done, waiting),
    all: less(done, begun),
  };
}

// -- All of them ----------------------------------------------------------------------------------

/** Each way with its handshakes, and the counts of a host that waits for WAIT. */
async function measure() {
  const ways = allWays();
  const [servers, site, browser] = await Promise.all([startServers(ways), startSite(), launch()]);
  try {
    const context = await browser.newContext();
    const bound = ways.map((way) => bind(way, servers.get(way.server)));
    const pages = [await openPage(context, site), await openPage(context, site)];
    const shaken = await measureRounds(bound, pages);
    return await measureWaiting(shaken, () => openPage(context, site));
  } finally {
    await browser.close();
    await Promise.all([site.stop(), ...[...servers.values()].map((server) => server.stop())]);
  }
}

/** The way with its server's address and counts. */
export function bind(way, server) {
  const counts = server?.counts ?? (async () => ({}));
  return { ...way, config: { ...way.config, url: server?.url }, counts };
}

async function measureRounds(ways, pages) {
  const shaken = ways.map((way) => ({ ...way, handshakes: [] }));
  for (let round = -1; round < ROUNDS; round++) {
    if (round % 10 === 0) progress(`handshakes, round ${round} of ${ROUNDS}`);
    for (const way of round % 2 ? shaken.toReversed() : shaken) {
      if (round % (way.every ?? 1) > 0) continue;
      const handshake = await shake(way, pages, Math.abs(round * GOLDEN) % 1);
      if (round >= 0) way.handshakes.push(handshake); // the first warms up
    }
  }
  return shaken;
}

/** A lone host on each server, all at once, each in a page of its own. */
async function measureWaiting(ways, open) {
  progress(`hosts that wait for a guest, for ${WAIT / 1000} s`);
  const hosts = ways.filter(({ server, config }) => server && !config.ready);
  const pages = await Promise.all(hosts.map(open));
  await Promise.all(hosts.map((way, i) => beHost(pages[i], way)));
  await sleep(LEAD);
  const begun = await Promise.all(hosts.map(({ counts }) => counts()));
  await sleep(WAIT);
  const done = await Promise.all(hosts.map(({ counts }) => counts()));
  await Promise.all(pages.map((page) => page.close()));
  const waited = new Map(hosts.map(({ name }, i) => [name, less(done[i], begun[i])]));
  return ways.map((way) => ({ ...way, waited: waited.get(way.name) }));
}

// -- The report -----------------------------------------------------------------------------------

export async function reportHandshakes() {
  heading("A handshake of two pages of one Chromium");
  const ways = await measure();
  const figures = ways.map((way) => ({ ...way, ms: median(way.handshakes.map(({ ms }) => ms)) }));
  table([
    ["", "ms, median", "p95", "to the floor", "aim"],
    ...figures.map((way) => timeRow(way, figures[0].ms)),
  ]);
  console.log(
    `From the guest's first call to the channel that is open on both sides. Of ours: from joinRoom(), or, joined before,\n` +
      `from startConnection(), while the host has been in startConnection() for ${LEAD} ms; where it polls, at any moment\n` +
      `between two polls. PeerJS: from new Peer(), or, its socket open, from connect(). ${ROUNDS} of each in turns, of polling\n` +
      `fewer. No ICE servers; loopback; connections to the servers are kept alive from one handshake to the next.`,
  );
  for (const line of verdicts(figures)) console.log(line);
  heading("What a handshake asks of the server");
  table([
    ["", "timed", "in all", "host alone, a minute", "KV lists", "reads", "writes"],
    ...figures.filter(({ server }) => server).map(requestRow),
  ]);
  console.log(
    `HTTP requests + preflights + sockets opened, both sides together, on average: from the guest's first call on; from the\n` +
      `host's room (PeerJS: id) on, as are the KV calls. And of a host that waits alone, ${LEAD} ms after it began, for ${WAIT / 1000} s,\n` +
      `as a minute has them. The page is of another origin than the server.`,
  );
}

function timeRow({ name, handshakes, ms, aim }, floor) {
  const times = handshakes.map((handshake) => handshake.ms);
  return [
    name,
    ms.toFixed(1),
    percentile(times, 0.95).toFixed(1),
    (ms / floor).toFixed(2),
    aim ? `<= ${aim.toFixed(2)}` : "",
  ];
}

function verdicts(figures) {
  const [floor] = figures;
  const of = (name) => figures.find((way) => way.name === name);
  return figures
    .filter(({ aim }) => aim)
    .map(({ name, ms, aim, beside }) => {
      const near = `${ms <= aim * floor.ms ? "holds" : "MISSED"}: at most ${aim} times the floor`;
      const fast = `${ms <= of(beside)?.ms ? "holds" : "MISSED"}: no slower than ${beside}`;
      return `${name}: ${near}${beside ? `; ${fast}` : ""}`;
    });
}

function requestRow({ name, handshakes, waited, store }) {
  const mean = (part, of) =>
    handshakes.reduce((total, handshake) => total + handshake[part][of], 0) / handshakes.length;
  const kinds = ["requests", "preflights", "sockets"];
  const three = (count) =>
    kinds.map((kind) => count(kind).toFixed(1).replace(".0", "")).join(" + ");
  const onKv = (of) => (store === "kv" ? mean("all", of).toFixed(1) : "");
  return [
    name,
    three((kind) => mean("timed", kind)),
    three((kind) => mean("all", kind)),
    waited ? three((kind) => (waited[kind] * 60_000) / WAIT) : "",
    ...["list", "get", "put"].map(onKv),
  ];
}
