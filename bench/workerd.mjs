// workerd by itself, without wrangler and its proxy: `workerd serve` on a configuration of its own, with its own
// KV and Durable Objects, which keep their state in SQLite files beside the configuration. One process serves
// everything: the socket, the isolate and the storage; so its CPU time is all there is.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TICKS = 100; // a second, of /proc; the same on every Linux that Debian runs on
const START_DEADLINE = 30_000;

const MEMORY = "/dev/shm"; // a file system without a disk, where there is one

const scratch = mkdtempSync(join(tmpdir(), "rondevu-bench-"));
const memory = existsSync(MEMORY) ? mkdtempSync(join(MEMORY, "rondevu-bench-")) : scratch;
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of [scratch, memory]) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(1));

/** A path for a file of this run's. */
export function scratchFile(name) {
  return join(scratch, name);
}

/** Whether the worker has a class for its Durable Objects. */
export function durableIsThere() {
  return /\bShard\b/.test(readFileSync(join(ROOT, "worker/index.js"), "utf8"));
}

/** The [vars] of wrangler.toml, and its compatibility date: what is measured is what is deployed. */
function configuration() {
  const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const [, vars] = /^\[vars\]\n((?:.*=.*\n|#.*\n|\n)*)/m.exec(toml);
  return {
    compatibility_date: /^compatibility_date = "(.*)"/m.exec(toml)[1],
    vars: Object.fromEntries(
      [...vars.matchAll(/^(\w+) = "(.*)"/gm)].map(([, name, value]) => [name, value]),
    ),
  };
}

/** Durable Objects are bound where they are the store, as wrangler.toml has them. */
const DURABLE = {
  durable_objects: { bindings: [{ name: "SHARDS", class_name: "Shard" }] },
  migrations: [{ tag: "v1", new_sqlite_classes: ["Shard"] }],
};

/**
 * Starts a worker of this folder; STORAGE of its variables says on which store, else wrangler.toml does.
 * @param {{disk?: boolean}} [options] keep its state on the disk, where a new file of SQLite's is several
 *   fsyncs: ms of a virtual machine's time, of which nothing is the server's
 */
export async function startWorkerd(name, main, vars = {}, { disk = false } = {}) {
  const folder = join(disk ? scratch : memory, name);
  mkdirSync(folder);
  const { compatibility_date, vars: deployed } = configuration();
  const given = { ...deployed, AUTH_SECRET: "a secret for benchmarks", ...vars };
  const config = {
    name,
    main: join(ROOT, "bench", main),
    compatibility_date,
    kv_namespaces: [{ binding: "STORE", id: "store" }],
    ...(given.STORAGE === "durable" && DURABLE),
    vars: given,
  };
  writeFileSync(join(folder, "wrangler.jsonc"), JSON.stringify(config));

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

  const port = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`workerd ${why}: ${name}\n${log}`));
    child.once("error", (error) => fail(error.message));
    child.once("close", (code) => (running.delete(child), fail(`ended with ${code}`)));
    setTimeout(fail, START_DEADLINE, "did not start").unref();
    let lines = "";
    child.stdio[3].on("data", (bytes) => {
      lines += bytes;
      const listens = /"event":"listen","socket":"http","port":(\d+)/.exec(lines);
      if (listens) resolve(Number(listens[1]));
    });
  });
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    cpuSeconds: () => cpuSeconds(child.pid),
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", resolve);
        child.kill("SIGTERM");
      }),
  };
}

/** User and system time of a process and all its threads. */
function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is a name in brackets, which may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
