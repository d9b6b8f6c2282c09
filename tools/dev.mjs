// The development server: what `make dev` runs, and what the tests start.
//
// wrangler starts workerd, so a server is a tree of processes. Each tree is a process group of its
// own, and nothing here returns or exits before the whole group is gone.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const START_DEADLINE = 60_000;
const STOP_DEADLINE = 5_000;
// In memory where there is such a place: each Durable Object is a file of its own, and waits for the disk.
const SCRATCH = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

const QUIET = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

/** Something the user said that cannot be done; its message is all there is to show. */
export class UsageError extends Error {}

/** Process groups that run now, each with its folder to remove; nothing outlives this process. */
const groups = new Map();
process.on("exit", () => {
  for (const [group, scratch] of groups) {
    signalGroup(group, "SIGKILL");
    if (scratch) rmSync(scratch, { recursive: true, force: true });
  }
});

/** A signal must come to an "exit" too, in programs that do not handle it themselves. */
function exitOnSignals() {
  for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }))
    if (process.listenerCount(signal) === 0) process.on(signal, () => process.exit(128 + number));
}

/** Gives the folder's .dev.vars a random AUTH_SECRET, unless it has one. */
export function ensureSecret(folder) {
  const file = join(folder, ".dev.vars");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (/^\s*AUTH_SECRET\s*=/m.test(text)) return;
  const secret = randomBytes(32).toString("hex");
  const newline = text && !text.endsWith("\n") ? "\n" : "";
  appendFileSync(file, `${newline}AUTH_SECRET="${secret}"\n`, { mode: 0o600 });
}

/**
 * Checks what the user typed after `make dev`. Empty is as if absent.
 * @returns options for startServer
 * @throws {UsageError}
 */
export function readOptions({ PORT, HOST, STORAGE, RATE_LIMITS, VARS, STATE }) {
  const port = Number(PORT || 8787);
  if (!/^\d*$/.test(PORT ?? "") || port > 65535)
    throw new UsageError(`PORT=${PORT}: wants a number from 0 to 65535; 0 takes any free port`);
  if (HOST && !isIP(HOST) && HOST !== "localhost")
    throw new UsageError(`HOST=${HOST}: wants an address of this machine; 0.0.0.0 is all of them`);
  if (STORAGE && !["kv", "durable"].includes(STORAGE))
    throw new UsageError(`STORAGE=${STORAGE}: wants kv or durable`);
  if (RATE_LIMITS && RATE_LIMITS !== "off" && RATE_LIMITS !== "on")
    throw new UsageError(`RATE_LIMITS=${RATE_LIMITS}: wants on or off`);

  const vars = {};
  if (RATE_LIMITS) vars.RATE_LIMITS = RATE_LIMITS;
  for (const entry of (VARS ?? "").split(/\s+/).filter(Boolean)) {
    const [, name, value] = /^([A-Za-z_]\w*):(.*)$/.exec(entry) ?? [];
    if (!name) throw new UsageError(`VARS: "${entry}" is not NAME:value`);
    vars[name] = value;
  }
  return {
    port,
    host: HOST || undefined,
    storage: STORAGE || "kv",
    vars,
    state: STATE || undefined,
  };
}

/**
 * Starts a server and waits until it answers.
 *
 * @param {object} [options]
 * @param {number} [options.port] 0 or absent: any free port
 * @param {string} [options.host] the address to listen on; default is wrangler's, this machine only
 * @param {"kv" | "durable"} [options.storage] default: the environment's STORAGE, or kv
 * @param {Record<string, string | number>} [options.vars] override variables of wrangler.toml
 * @param {string} [options.state] folder that keeps the state; "none" throws it away at the end
 * @param {string} [options.entry] another entry point than wrangler.toml's
 * @param {string} [options.config] another configuration than wrangler.toml
 * @param {boolean} [options.verbose] show what wrangler says; otherwise only a failed start does
 * @returns {Promise<{url: string, port: number, pid: number, log: () => string,
 *   exited: Promise<number>, stop: () => Promise<void>}>} `exited` is wrangler's exit status
 */
export async function startServer({
  port = 0,
  host,
  storage = process.env.STORAGE || "kv",
  vars = {},
  state = "none",
  entry,
  config,
  verbose = false,
} = {}) {
  exitOnSignals();
  ensureSecret(ROOT);
  const listenPort = await claimPort(port, host);
  const scratch = state === "none" ? mkdtempSync(join(SCRATCH, "rondevu-state-")) : undefined;

  const args = ["dev"];
  if (entry) args.push(entry);
  if (config) args.push("--config", config);
  args.push(
    "--port",
    String(listenPort),
    "--inspector-port",
    "0",
    "--persist-to",
    scratch ?? state,
  );
  args.push("--show-interactive-dev-session=false");
  if (host) args.push("--ip", host);
  if (!verbose) args.push("--log-level", "error");
  for (const [name, value] of Object.entries({ STORAGE: storage, ...vars }))
    args.push("--var", `${name}:${value}`);

  // Detached: a process group of its own, which a signal reaches as a whole.
  const child = spawn(join(ROOT, "node_modules/.bin/wrangler"), args, {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...QUIET,
      // wrangler refuses the Node that a user may have started this with.
      PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
    },
  });
  const group = child.pid;
  if (group) groups.set(group, scratch);

  let log = "";
  child.stdout.on("data", (bytes) => {
    log += bytes;
    if (verbose) process.stdout.write(bytes);
  });
  child.stderr.on("data", (bytes) => {
    log += bytes;
    if (verbose) process.stderr.write(bytes);
  });

  let ended = false;
  const exited = new Promise((resolve) => {
    child.once("error", (error) => ((log += error.message), resolve(1)));
    child.once("exit", (code) => resolve(code ?? 1));
  }).then(async (code) => {
    ended = true;
    if (group) await endGroup(group);
    if (scratch) rmSync(scratch, { recursive: true, force: true });
    return code;
  });

  async function stop() {
    if (!ended && group) signalGroup(group, "SIGTERM");
    const late = setTimeout(() => group && signalGroup(group, "SIGKILL"), STOP_DEADLINE);
    await exited;
    clearTimeout(late);
  }

  // A server that listens on one address only need not be found at localhost.
  const url = `http://${!host || isEverywhere(host) ? "localhost" : bracket(host)}:${listenPort}`;
  const deadline = Date.now() + START_DEADLINE;
  for (let health; health !== 200;) {
    health = await askHealth(url);
    if (typeof health === "string" || ended || Date.now() > deadline) {
      await stop();
      throw new Error(health || `The server did not start.\n${verbose ? "" : log}`);
    }
    if (health !== 200) await sleep(100);
  }
  return { url, port: listenPort, pid: group, log: () => log, exited, stop };
}

function isEverywhere(host) {
  return host === "0.0.0.0" || host === "::";
}

function bracket(host) {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** 200, or what the server says is wrong with it, or 0 while there is no answer of its own. */
async function askHealth(url) {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
    const { status, error } = await response.json();
    return status === "ok" ? 200 : (error ?? 0);
  } catch {
    return 0;
  }
}

/** The port if it is free, or a free one if it is 0. */
function claimPort(port, host = "localhost") {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      const taken = `Port ${port} is taken: stop what runs there, or choose another with PORT=...`;
      reject(error.code === "EADDRINUSE" ? new UsageError(taken) : new UsageError(error.message));
    });
    server.listen(port, host, () => {
      const free = server.address().port;
      server.close(() => resolve(free));
    });
  });
}

/** False when there is nobody left to get the signal. */
function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** Waits for the rest of a group whose leader is gone; workerd usually ends by itself. */
async function endGroup(group) {
  const deadline = Date.now() + STOP_DEADLINE;
  signalGroup(group, "SIGTERM");
  while (signalGroup(group, 0)) {
    if (Date.now() > deadline) signalGroup(group, "SIGKILL");
    await sleep(20);
  }
  groups.delete(group);
}

async function main() {
  const options = readOptions(process.env);
  let server;
  let stopping = false;
  const stopWith = async (status) => {
    // A terminal signals the whole group, and make passes its own signal on: the second says nothing new.
    if (stopping) return;
    stopping = true;
    // Still starting: the exit handler ends the group.
    await server?.stop();
    process.exit(status);
  };
  process.on("SIGHUP", () => stopWith(129));
  process.on("SIGINT", () => stopWith(130));
  process.on("SIGTERM", () => stopWith(143));

  server = await startServer({
    state: ".wrangler/state",
    ...withoutAbsent(options),
    verbose: true,
  });
  console.log(
    `\n  Chat     ${server.url}/demo/      topics, rooms and services\n` +
      `  Harness  ${server.url}/harness/   rooms, looked into\n  API      ${server.url}/\n` +
      (isEverywhere(options.host)
        ? "  Other machines reach them under this machine's address.\n"
        : "") +
      "\n  Ctrl+C stops it.\n",
  );
  const status = await server.exited;
  if (!stopping) process.exitCode = status;
}

function withoutAbsent(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  main().catch((error) => {
    console.error(error instanceof UsageError ? error.message : error.message || error);
    process.exit(error instanceof UsageError ? 2 : 1);
  });
