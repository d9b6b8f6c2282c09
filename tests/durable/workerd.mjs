// workerd by itself, on a state folder that outlives it: started, killed in the middle of whatever it does, and started again.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NAME = "rondevu";
const START_DEADLINE = 30_000; // ms

const scratch = mkdtempSync(join(tmpdir(), "rondevu-durable-"));
const running = new Set();
after(killAll); // what a test that failed has left
process.on("exit", () => {
  killAll();
  rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

function killAll() {
  for (const child of running) child.kill("SIGKILL");
}

/** A folder for the state of a server. @param {string} name */
export function stateFolder(name) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  return folder;
}

/**
 * Starts the server on what it stored before.
 * @param {string} folder @param {{entry?: string, vars?: Record<string, string>}} [options]
 */
export async function startWorkerd(folder, { entry = "worker/index.js", vars = {} } = {}) {
  const config = JSON.stringify(configuration(join(ROOT, entry), vars));
  writeFileSync(join(folder, "wrangler.jsonc"), config);
  const child = spawn(
    join(ROOT, "node_modules/workerd/bin/workerd"),
    [
      ...["serve", "wrangler.jsonc", "--experimental"],
      ...["--socket-addr", "http=127.0.0.1:0", "--control-fd", "3"],
    ],
    {
      cwd: folder,
      env: { ...process.env, WORKERD_ESBUILD: join(ROOT, "node_modules/esbuild/bin/esbuild") },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    },
  );
  running.add(child);
  let log = "";
  child.stdout.on("data", (bytes) => (log += bytes));
  child.stderr.on("data", (bytes) => (log += bytes));
  const ended = new Promise((resolve) => child.once("close", resolve));
  ended.then(() => running.delete(child));

  const port = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`workerd ${why}\n${log}`));
    ended.then(() => fail("ended"));
    child.once("error", (error) => fail(error.message));
    setTimeout(fail, START_DEADLINE, "did not start").unref();
    let lines = "";
    child.stdio[3]?.on("data", (bytes) => {
      lines += bytes;
      const listens = /"event":"listen","socket":"http","port":(\d+)/.exec(lines);
      if (listens) resolve(Number(listens[1]));
    });
  });
  const end = (signal) => (child.kill(signal), ended);
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

/** What is deployed, as far as workerd reads it. */
function configuration(main, vars) {
  const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  return {
    name: NAME,
    main,
    compatibility_date: /^compatibility_date = "(.*)"/m.exec(toml)[1],
    kv_namespaces: [{ binding: "STORE", id: "store" }],
    durable_objects: { bindings: [{ name: "SHARDS", class_name: "Shard" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["Shard"] }],
    vars: {
      STORAGE: "durable",
      RATE_LIMITS: "off",
      AUTH_SECRET: "the secret of tests on Durable Objects",
      ...vars,
    },
  };
}

/**
 * The facts of each object that has stored anything, while no server runs.
 * @returns {{key: string, value: string}[][]}
 */
export function storedObjects(folder) {
  const objects = join(folder, ".wrangler/state/workerd", `${NAME}-Shard`);
  const files = readdirSync(objects).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  return files.map((name) => factsOf(join(objects, name))).filter((facts) => facts !== undefined);
}

/** Undefined where nothing was ever written, or all of it was deleted. */
function factsOf(file) {
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE name = 'facts'").all();
    if (tables.length === 0) return undefined;
    return database.prepare("SELECT CAST(key AS TEXT) AS key, value FROM facts ORDER BY key").all();
  } finally {
    database.close();
  }
}
