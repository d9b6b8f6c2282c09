// `make bench`: prints what the module, the worker and the core cost, beside what they may.
//
// Nothing here is asserted. What is compared is measured in one run, in turns, and a figure is the median of its
// rounds: the machine may have other things to do. BENCH_QUICK=1 takes fewer rounds.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countInstructions, measureScale } from "./callgrind.mjs";
import { measureHandshakes } from "./handshake.mjs";
import { CONNECTIONS, ROUTES, ask, load, requestFile, run, seed } from "./load.mjs";
import { scratchFile, startWorkerd } from "./workerd.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const QUICK = process.env.BENCH_QUICK === "1";
const AIM_RATE = 0.9; // of the twin's requests a second
const AIM_START = 1000; // µs
const AIM_MEMORY = 2; // MB
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

// -- Printing -------------------------------------------------------------------------------------

const progress = (text) => process.stderr.write(`  ${text}\n`);
const heading = (text) => console.log(`\n${text}\n${"-".repeat(text.length)}`);

/** The first column to the left, the others to the right. */
function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  ")
        .trimEnd(),
    );
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

// -- Starting the module --------------------------------------------------------------------------

async function measureStart() {
  heading("Starting the module in workerd");
  const count = 200;
  const server = await startWorkerd("instances", "instances.js");
  const time = async (n) => {
    const started = performance.now();
    const { memory } = await (await fetch(`${server.url}/?n=${n}`)).json();
    return { ms: performance.now() - started, memory };
  };
  await time(count); // the first one compiles
  const each = [];
  let memory;
  for (let round = 0; round < (QUICK ? 10 : 30); round++) {
    const nothing = await time(0);
    const started = await time(count);
    memory = started.memory;
    each.push(((started.ms - nothing.ms) / count) * 1000);
  }
  await server.stop();
  table([
    ["", "measured", "aim"],
    [
      "new WebAssembly.Instance and _initialize()",
      `${median(each).toFixed(0)} µs`,
      `< ${AIM_START} µs`,
    ],
    ["linear memory after it", `${(memory / 2 ** 20).toFixed(2)} MB`, `<= ${AIM_MEMORY} MB`],
  ]);
  console.log(
    `A request for ${count} starts less one for none, by the client's clock; median of ${each.length}.`,
  );
}

// -- The worker beside its twin -------------------------------------------------------------------

const SIDES = ["core", "twin"];

async function startSide(side, kv) {
  const server = await startWorkerd(`${side}-${kv}`, "worker.js", {
    SIDE: side,
    KV: kv,
    VERSION: version,
    SESSION_TIMEOUT: "86400000",
  });
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

async function measureWorker() {
  heading("The worker beside its twin, in workerd without wrangler's proxy");
  console.log(
    `The twin is the same route in hand-written JavaScript (bench/twin.js): same KV calls, keys, HMACs, checks,\n` +
      `and answers, which has just been checked. wrk, 1 thread, ${CONNECTIONS} connections, rounds of ${SECONDS} s in turns (A B, B A);\n` +
      `requests/s and CPU (user and system time of the one workerd process): median; ratio: median over the pairs.`,
  );
  for (const store of STORES) await measureStore(store);
}

// -- Instructions ---------------------------------------------------------------------------------

/** Counts of one run of the transcript: {label, requests, hmacs, stored, instructions}, in its order. */
async function countTranscript() {
  const counts = await countInstructions(["build/native/transcript"]);
  return counts.map(({ text, instructions }) => {
    const [, requests, hmacs, stored, label] = /^(\d+) (\d+) (\d+) (.*)$/.exec(text);
    return {
      label,
      requests: Number(requests),
      hmacs: Number(hmacs),
      stored: Number(stored),
      instructions,
    };
  });
}

async function measureInstructions() {
  heading("Instructions a request in the native core");
  progress("valgrind --tool=callgrind, twice");
  const first = await countTranscript();
  const second = await countTranscript();
  table([
    ["", "instructions", "HMACs", "store calls"],
    ...first.map(({ label, requests, hmacs, stored, instructions }) => [
      label,
      (instructions / requests).toFixed(0),
      (hmacs / requests).toFixed(0),
      (stored / requests).toFixed(0),
    ]),
  ]);
  const same = JSON.stringify(first) === JSON.stringify(second);
  console.log(
    `bench/transcript.c over kv/memory.c, gcc -O2, without what OpenSSL's HMAC takes. ` +
      (same ? "Two runs gave the same counts." : "TWO RUNS GAVE DIFFERENT COUNTS."),
  );
}

async function measurePages() {
  heading("Instructions a page, by how many offers are open");
  const sizes = QUICK ? [100, 10_000] : [100, 10_000, 1_000_000];
  progress("valgrind --tool=callgrind; a million offers take two minutes");
  const counts = await measureScale(sizes);
  const targets = [...new Set(counts.map(({ target }) => target))];
  table([
    ["", ...sizes.map(String), "ratio, last to first", "aim"],
    ...targets.map((target) => {
      const of = counts.filter((row) => row.target === target).map((row) => row.instructions);
      return [`GET ${target}`, ...of.map(String), (of.at(-1) / of[0]).toFixed(2), "<= 1.50"];
    }),
  ]);
  console.log(
    "bench/scale.c over kv/memory.c: each offer under a topic that all share and under one of its own.",
  );
}

// -- Handshakes -----------------------------------------------------------------------------------

function percentile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1];
}

async function measureHandshake() {
  const rounds = QUICK ? 5 : 30;
  heading("A handshake in two Chromiums");
  const ways = await measureHandshakes(rounds, progress);
  const [direct] = ways;
  table([
    ["", "ms, median", "p95", "ratio", "requests", "preflights", "KV lists", "reads", "writes"],
    ...ways.map(({ name, times, counts }) => [
      name,
      median(times).toFixed(0),
      percentile(times, 0.95).toFixed(0),
      (median(times) / median(direct.times)).toFixed(2),
      ...["requests", "preflights", "list", "get", "put"].map((of) =>
        (counts[of] / rounds).toFixed(1),
      ),
    ]),
  ]);
  console.log(
    `From startConnection() on both sides to the open channel; ${rounds} of each, in turns, over workerd's own KV. Requests and\n` +
      `KV calls: both sides together, on average, from making the room to closing it. The page is of another\n` +
      `origin than the registry. Direct: the same two pages, where playwright carries what one has for the other.`,
  );
}

// -- The report -----------------------------------------------------------------------------------

heading("Size");
process.stdout.write(await run("node", ["tools/size.mjs"], { cwd: ROOT }));
await measureStart();
await measureHandshake();
await measureWorker();
await measureInstructions();
await measurePages();
