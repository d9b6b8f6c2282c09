// The worker beside its twin: the same routes in hand-written JavaScript, over the same KV, in turns.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CONNECTIONS, ROUTES, ask, load, requestFile, seed } from "./load.mjs";
import { QUICK, heading, median, progress, table } from "./report.mjs";
import { startWorkerd } from "./workerd.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const AIM_RATE = 0.9; // of the twin's requests a second
const SECONDS = 1; // of a round
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

const IN_THE_WAY =
  "In the way:\nwhat passes between JavaScript and the module is copied and decoded; and a handler " +
  "that misses facts\nis left by an exception and starts again, once for each round trip to KV.";

const STORES = [
  {
    kv: "memory",
    title: "KV in the isolate's memory: the handlers alone",
    pairs: QUICK ? 1 : 10,
    warmUps: 1,
  },
  {
    kv: "workerd",
    title: "workerd's own KV, SQLite on disk: what a developer sees",
    pairs: QUICK ? 1 : 5,
    warmUps: QUICK ? 0 : 1,
  },
];

const SIDES = ["core", "twin"];

async function startSide(side, kv) {
  const vars = { SIDE: side, KV: kv, VERSION: version, SESSION_TIMEOUT: "86400000" };
  const server = await startWorkerd(`${side}-${kv}`, "worker.js", vars, { disk: true });
  const seeds = await seed(server.url);
  return { server, lines: ROUTES.map((route) => route.requests(seeds)) };
}

/** What an answer is, but for codes and times. */
function shape({ status, headers, text }) {
  const kept = headers.filter(([name]) => name !== "date").map((pair) => pair.join(": "));
  return [status, ...kept.toSorted(), text]
    .join("\n")
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "CODE")
    .replace(/\b\d{13}\b/g, "TIME");
}

async function checkSameAnswers(sides) {
  for (const [i, { name }] of ROUTES.entries()) {
    const shapes = [];
    for (const { server, lines } of sides) shapes.push(shape(await ask(server.url, lines[i][0])));
    if (shapes[0] !== shapes[1])
      throw new Error(`${name}: the twin answers something else\n${shapes[0]}\n---\n${shapes[1]}`);
  }
}

/** Rounds of both sides: A B, B A, A B, ... */
async function measurePairs(sides, i, { pairs, warmUps }) {
  const files = sides.map(({ lines }) => requestFile(lines[i]));
  const rounds = sides.map(() => []);
  for (let round = 0; round < warmUps; round++)
    for (const side of [0, 1]) await load(sides[side].server, files[side], SECONDS);
  for (let pair = 0; pair < pairs; pair++)
    for (const side of pair % 2 ? [1, 0] : [0, 1])
      rounds[side].push(await load(sides[side].server, files[side], SECONDS));
  return rounds;
}

function pairRow(name, [core, twin]) {
  const rate = (rounds) => median(rounds.map(({ rate }) => rate));
  const cpu = (rounds) => median(rounds.map(({ cpu, requests }) => cpu / requests));
  const ratio = median(core.map((round, i) => round.rate / twin[i].rate));
  return {
    name,
    ratio,
    cells: [
      name,
      rate(core).toFixed(0),
      rate(twin).toFixed(0),
      ratio.toFixed(2),
      `>= ${AIM_RATE}`,
      (cpu(core) * 1000).toFixed(3),
      (cpu(twin) * 1000).toFixed(3),
      (cpu(twin) / cpu(core)).toFixed(2),
    ],
  };
}

async function measureStore({ kv, title, ...rounds }) {
  heading(title);
  const sides = await Promise.all(SIDES.map((side) => startSide(side, kv)));
  await checkSameAnswers(sides);
  const rows = [];
  for (const [i, { name }] of ROUTES.entries()) {
    progress(`${name}, ${rounds.pairs} rounds a side`);
    rows.push(pairRow(name, await measurePairs(sides, i, rounds)));
  }
  for (const { server } of sides) await server.stop();
  table([
    ["", "requests/s", "twin's", "ratio", "aim", "CPU s/1000", "twin's", "twin's/ours"],
    ...rows.map(({ cells }) => cells),
  ]);
  const below = rows.filter(({ ratio }) => ratio < AIM_RATE);
  if (below.length > 0)
    console.log(`Below the aim: ${below.map(({ name }) => name).join(", ")}. ${IN_THE_WAY}`);
}

export async function reportTwin() {
  heading("The worker beside its twin, in workerd without wrangler's proxy");
  console.log(
    `The twin is the same route in hand-written JavaScript (bench/twin.js): same KV calls, keys, HMACs, checks,\n` +
      `and answers, which has just been checked. wrk, 1 thread, ${CONNECTIONS} connections, rounds of ${SECONDS} s in turns (A B, B A);\n` +
      `requests/s and CPU (user and system time of the one workerd process): median; ratio: median over the pairs.`,
  );
  for (const store of STORES) await measureStore(store);
}
