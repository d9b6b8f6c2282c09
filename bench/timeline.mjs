// Where the time of a handshake goes: `node bench/timeline.mjs 'kv, wait'` prints what both pages did and asked, by
// the ms from the guest's first call on. What is watched so closely takes some ms longer.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { launch } from "../tests/browser/browser.mjs";
import { LEAD, beGuest, beHost, bind, connect, leave, openPage } from "./handshake.mjs";
import { allWays, startServers } from "./handshake-ways.mjs";
import { startSite } from "./pages/site.mjs";

const WARM_UPS = 5;
const MARKS = readFileSync(new URL("pages/marks.js", import.meta.url), "utf8");

/** Adds to `events` what the page asks and is answered: {at: ms of the same clock as the pages', text}. */
async function watchNetwork(page, events) {
  const session = await page.context().newCDPSession(page);
  const asked = new Map();
  let zero; // of the protocol's clock
  const note = (timestamp, text) => events.push({ at: (zero + timestamp) * 1000, text });
  session.on("Network.requestWillBeSent", ({ requestId, request, type, timestamp, wallTime }) => {
    zero ??= wallTime - timestamp;
    const { pathname, search } = new URL(request.url);
    const name = `${type === "Preflight" ? "OPTIONS" : request.method} ${pathname}${search}`;
    asked.set(requestId, name);
    note(timestamp, `→ ${name}`);
  });
  session.on("Network.responseReceived", ({ requestId, response, timestamp }) =>
    note(timestamp, `← ${response.status} ${asked.get(requestId)}`),
  );
  session.on("Network.webSocketFrameSent", ({ timestamp, response }) =>
    note(timestamp, `→ message, ${response.payloadData.length} characters`),
  );
  session.on("Network.webSocketFrameReceived", ({ timestamp, response }) =>
    note(timestamp, `← message, ${response.payloadData.length} characters`),
  );
  await session.send("Network.enable");
}

/** One handshake: the events of both sides, from the guest's first call on. */
async function record(way, pages, logs) {
  await beGuest(pages[1], way, await beHost(pages[0], way));
  await sleep(LEAD);
  const { start, end, openedAt } = await connect(pages);
  const ends = [openedAt, end];
  const sides = await Promise.all(
    pages.map(async (page, i) => [
      ...logs[i].splice(0),
      ...(await page.evaluate(() => window.marks.splice(0))),
      { at: ends[i], text: "OPEN" },
    ]),
  );
  await leave(pages);
  const events = sides.flatMap((side, i) => side.map(({ at, text }) => ({ at, text, i })));
  return events
    .map(({ at, ...rest }) => ({ ...rest, ms: at - start }))
    .filter(({ ms }) => ms >= 0 && ms <= Math.max(...ends) - start)
    .toSorted((a, b) => a.ms - b.ms);
}

function print(events) {
  const WIDTH = 60;
  console.log(`${"ms".padStart(6)}  ${"host".padEnd(WIDTH)}guest`);
  for (const { ms, text, i } of events)
    console.log(`${ms.toFixed(1).padStart(6)}  ${i ? " ".repeat(WIDTH) : ""}${text}`);
}

const ways = allWays();
const way = ways.find(({ name }) => name === process.argv[2]);
if (!way) {
  const names = ways.map(({ name }) => `  ${name}`);
  console.error(`wants the name of a way:\n${names.join("\n")}`);
  process.exit(2);
}
const [servers, site, browser] = await Promise.all([startServers([way]), startSite(), launch()]);
try {
  const context = await browser.newContext();
  await context.addInitScript(MARKS);
  const pages = [await openPage(context, site), await openPage(context, site)];
  const logs = [[], []];
  await Promise.all(pages.map((page, i) => watchNetwork(page, logs[i])));
  const bound = bind(way, servers.get(way.server));
  for (let round = 0; round < WARM_UPS; round++) await record(bound, pages, logs);
  print(await record(bound, pages, logs));
} finally {
  await browser.close();
  await Promise.all([site.stop(), ...[...servers.values()].map((server) => server.stop())]);
}
