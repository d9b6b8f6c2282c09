// The load: what is asked of a server, and wrk, which asks it.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFile } from "./workerd.mjs";

const SCRIPT = join(fileURLToPath(new URL(".", import.meta.url)), "replay.lua");
const ORIGIN = "https://app.example";
const SESSIONS = 100; // open ones under the topic that is listed
const POLLED = 20; // sessions that are polled in turn
const CANDIDATES = 3; // a side
export const CONNECTIONS = 16;

/** A description of one data channel, and a candidate, as Chromium writes them. */
export const sdp = (kind) =>
  [
    "v=0",
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    "a=extmap-allow-mixed",
    "a=msid-semantic: WMS",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:Q3hT",
    "a=ice-pwd:7pHPlY0yX6oZsQ0ZK2cE5mJv",
    "a=ice-options:trickle",
    "a=fingerprint:sha-256 " + Array(32).fill("4A").join(":"),
    `a=setup:${kind === "offer" ? "actpass" : "active"}`,
    "a=mid:0",
    "a=sctp-port:5000",
    "a=max-message-size:262144",
    "",
  ].join("\r\n");
export const candidate = (n) =>
  JSON.stringify({
    candidate: `candidate:842163049 1 udp 1677729535 203.0.113.${n} ${46000 + n} typ srflx raddr 0.0.0.0 rport 0`,
    sdpMid: "0",
    sdpMLineIndex: 0,
  });

/** The measured routes: name, and the lines of a replay.lua file once the server is seeded. */
export const ROUTES = [
  { name: "GET /health", requests: () => ["GET\t/health\t"] },
  {
    name: "POST /poll",
    requests: ({ polled }) =>
      polled.map((code) => `POST\t/poll\t${JSON.stringify({ code, side: "offerer" })}`),
  },
  { name: "GET /:topic/sessions", requests: () => ["GET\t/listed/sessions\t"] },
  {
    // Each under a topic of its own. Last, because it adds to what the server holds.
    name: "POST /:topic/offer",
    requests: () => [
      `POST\t/t{n}/offer\t${JSON.stringify({ info: "peer-123", offer: sdp("offer") })}`,
    ],
  },
];

/** What one line of a file asks, as fetch() does; the answer's status, headers and body. */
export async function ask(url, line, number = 0) {
  const [method, path, body, ...headers] = line.split("\t");
  const response = await fetch(url + path.replace("{n}", String(number).padStart(9, "0")), {
    method,
    headers: [
      ["Origin", ORIGIN],
      ["Content-Type", "application/json"],
      ...headers.map((header) => header.split(": ")),
    ],
    body: body || undefined,
  });
  return { status: response.status, headers: [...response.headers], text: await response.text() };
}

async function post(url, path, body) {
  const { status, text } = await ask(url, `POST\t${path}\t${JSON.stringify(body)}`);
  if (status !== 200) throw new Error(`POST ${path}: ${status} ${text}`);
  return JSON.parse(text);
}

async function makeSession(url, topic, i) {
  const { code } = await post(url, `/${topic}/offer`, { info: `peer-${i}`, offer: sdp("offer") });
  for (let n = 1; n <= CANDIDATES; n++)
    await post(url, "/answer", { code, side: "offerer", candidate: candidate(n) });
  return code;
}

/** Fills a server: sessions to list, and answered ones to poll, whose codes it returns. */
export async function seed(url) {
  for (let i = 0; i < SESSIONS; i++) await makeSession(url, "listed", i);
  return seedPolled(url);
}

/** Answered sessions with candidates, to poll. */
export async function seedPolled(url) {
  const polled = [];
  for (let i = 0; i < POLLED; i++) {
    const code = await makeSession(url, "polled", i);
    await post(url, "/answer", { code, side: "answerer", answer: sdp("answer") });
    for (let n = 1; n <= CANDIDATES; n++)
      await post(url, "/answer", { code, side: "answerer", candidate: candidate(n + 3) });
    polled.push(code);
  }
  return { polled };
}

let files = 0;
let firstNumber = 1;

/** A file of requests for load(). */
export function requestFile(lines) {
  const file = scratchFile(`requests-${files++}`);
  writeFileSync(file, lines.join("\n") + "\n");
  return file;
}

/** One round of wrk, or each of the requests once. Every answer is a success, or this throws. */
export async function load(server, file, seconds, { once = false } = {}) {
  firstNumber += 1_000_000; // no two rounds make the same topic
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", SCRIPT, server.url, "--"];
  const before = server.cpuSeconds();
  const last = [file, ORIGIN, String(firstNumber), ...(once ? ["once"] : [])];
  const output = await run("wrk", [...args, ...last]);
  const cpu = server.cpuSeconds() - before;
  const counts = /^@@ (\d+) (\d+) (\d+) (\d+)$/m.exec(output)?.slice(1).map(Number);
  if (!counts || counts[2] || counts[3] || !counts[0])
    throw new Error(`${server.name} did not answer every request:\n${output}`);
  const [requests, microseconds] = counts;
  return { requests, rate: (requests / microseconds) * 1e6, cpu };
}

export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    child.stdout.on("data", (bytes) => (output += bytes));
    child.stderr.on("data", (bytes) => (output += bytes));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}\n${output}`)),
    );
  });
}
