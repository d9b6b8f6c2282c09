// Processor time of requests in workerd, beside that of a worker that only says hello, on both stores.

import { setTimeout as sleep } from "node:timers/promises";
import { CONNECTIONS, load, requestFile, seedPolled } from "./load.mjs";
import { CREATE, seedCandidates, seedSnapshots } from "./load-rooms.mjs";
import { QUICK, heading, median, progress, table } from "./report.mjs";
import { durableIsThere, startWorkerd } from "./workerd.mjs";

const ROUNDS = QUICK ? 1 : 5;
const SECONDS = 2; // of a round
const POSTED = 2000; // candidates in a round
const AFTERMATH = QUICK ? 0 : 15_000; // ms; an object that nobody asks is closed after 10 s
const LONG = "86400"; // s

// The aims are figures of a machine on which hello takes so much: it is their ratio that can be compared.
const HELLO = 0.033; // s of 1000 requests
const LOADS = [
  { name: "GET /health", make: () => ["GET\t/health\t"] },
  { name: "GET /rooms/:code", make: seedSnapshots, aim: 0.1 / HELLO },
  { name: "GET /rooms/:code/candidates", make: seedLists },
  { name: "POST /rooms/:code/candidate", make: (url) => seedCandidates(url, POSTED), once: true },
  { name: "POST /poll", make: seedPolls },
  { name: "POST /rooms", make: () => [CREATE], aim: 1.2 / HELLO, apart: true },
];

async function seedLists(url) {
  const lines = await seedSnapshots(url);
  return lines.map((line) => line.replace(/(\/rooms\/\w+)/, "$1/candidates"));
}

async function seedPolls(url) {
  const { polled } = await seedPolled(url);
  return polled.map((code) => `POST\t/poll\t${JSON.stringify({ code, side: "offerer" })}`);
}

/** A server and what is asked of it; `file` is kept where it may be sent again. */
class Line {
  rounds = []; // s of 1000 requests
  requests = 0;

  constructor(server, { make, once }) {
    Object.assign(this, { server, make, once });
  }

  async warmUp() {
    await this.#load();
    this.before = this.server.cpuSeconds();
  }

  async measure() {
    const { cpu, requests } = await this.#load();
    this.rounds.push((cpu / requests) * 1000);
    this.requests += requests;
  }

  async #load() {
    if (!this.file || this.once) this.file = requestFile(await this.make(this.server.url));
    return load(this.server, this.file, SECONDS, { once: this.once });
  }

  /** s of 1000 requests with all that their server did besides, from the first round on. */
  get inAll() {
    return ((this.server.cpuSeconds() - this.before) / this.requests) * 1000;
  }
}

function startStore(store, name) {
  const rooms = { ROOM_TTL_OPEN: LONG, ROOM_TTL_JOINED: LONG, ROOM_TTL_PAIRED: LONG };
  const vars = { STORAGE: store, RATE_LIMITS: "off", SESSION_TIMEOUT: "86400000", ...rooms };
  return startWorkerd(`${name}-${store}`, "../worker/index.js", vars);
}

/** The lines of LOADS on a store. What leaves work for later, objects to be closed, has a server to itself. */
async function openLines(store) {
  const shared = await startStore(store, "shared");
  const apart = await startStore(store, "apart");
  return LOADS.map((load) => new Line(load.apart ? apart : shared, load));
}

async function measure(stores) {
  const greeter = await startWorkerd("hello", "hello.js", { STORAGE: "durable" });
  const greet = (path) => new Line(greeter, { make: () => [`GET\t${path}\t`] });
  const [hello, object] = [greet("/"), greet("/object")];
  const lines = await Promise.all(stores.map(openLines));
  const all = [hello, object, ...lines.flat()];
  progress("processor time, warming up");
  for (const line of all) await line.warmUp();
  for (let round = 0; round < ROUNDS; round++) {
    progress(`processor time, round ${round} of ${ROUNDS}`);
    for (const line of all) await line.measure();
  }
  await sleep(AFTERMATH);
  const seconds = (line) => median(line.rounds);
  const measured = {
    hello: seconds(hello),
    object: seconds(object),
    rows: LOADS.flatMap(({ name, aim, apart }, i) => [
      { name, aim, seconds: lines.map((of) => seconds(of[i])) },
      ...(apart ? [{ name: "  and what follows", seconds: lines.map((of) => of[i].inAll) }] : []),
    ]),
  };
  for (const server of new Set(all.map((line) => line.server))) await server.stop();
  return measured;
}

export async function reportCpu() {
  heading("Processor time beside a bare hello, in workerd without wrangler's proxy");
  const stores = durableIsThere() ? ["kv", "durable"] : ["kv"];
  const { hello, object, rows } = await measure(stores);
  const cells = (seconds) => [seconds.toFixed(3), (seconds / hello).toFixed(1)];
  table([
    ["", ...stores.flatMap((store) => [`${store}, s/1000`, "to hello"]), "aim"],
    ["hello", ...stores.flatMap(() => cells(hello)), ""],
    ["hello, from a Durable Object", ...stores.flatMap(() => cells(object)), ""],
    ...rows.map(({ name, aim, seconds }) => [
      name,
      ...seconds.flatMap(cells),
      aim ? `<= ${aim.toFixed(1)}` : "",
    ]),
  ]);
  console.log(
    `User and system time of the one workerd process for 1000 requests; wrk, 1 thread, ${CONNECTIONS} connections, rounds of ${SECONDS} s\n` +
      `in turns, median of ${ROUNDS}. Candidates: ${POSTED} a round, one each, 80 in each room. What follows the rooms: all that their\n` +
      `process did until ${AFTERMATH / 1000} s after the last. The aims are 0.10 s of a snapshot and 1.2 s of a room where hello takes ${HELLO}.`,
  );
  for (const { name, aim, seconds } of rows)
    for (const [i, store] of stores.entries())
      if (aim) console.log(`${store}, ${name}: ${seconds[i] / hello <= aim ? "holds" : "MISSED"}`);
}
