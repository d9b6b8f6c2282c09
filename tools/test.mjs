// Runs every suite, or the one that ONLY names, and ends with the line `N passed, N failed`.
//
// What depends on the store runs on each of them, or on the one that STORAGE names. A suite that crashes, or that exists
// and runs no test, counts as one failure.

import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { createInterface } from "node:readline";

const COMPILERS = ["gcc", "clang"];
const STORES = ["kv", "durable"];
/** Those that wait for most of their time come first; the last ones are short. */
const SUITES = ["browser", "api", "unit", "workerd", "durable", "sockets", "tools", "client"];
const ON_STORES = ["browser", "api"];
const AT_ONCE = 2; // suites; two cores have enough to do with that

const only = oneOf("ONLY", SUITES);
const store = oneOf("STORAGE", STORES);

const total = { passed: 0, failed: 0 };
const wanted = SUITES.filter((name) => !only || name === only);
// Store by store, so that the browsers' suites, which have most to do, are not beside each other.
const jobs = [
  ...STORES.flatMap((one) => wanted.flatMap((name) => storeJobs(name, one))),
  ...wanted.flatMap(jobsOf),
];
const alone = jobs.length === 1;
await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed || !total.passed ? 1 : 0;

function oneOf(name, allowed) {
  const value = process.env[name] || undefined;
  if (value === undefined || allowed.includes(value)) return value;
  console.error(`${name}=${value}: wants one of ${allowed.join(", ")}`);
  process.exit(2);
}

/** What there is to run of a suite on that store. @returns {(() => Promise<void>)[]} */
function storeJobs(name, one) {
  if (!ON_STORES.includes(name) || (store && one !== store)) return [];
  return [() => nodeSuite(`${name} (${one})`, name, { STORAGE: one })];
}

/** What there is to run of a suite that chooses its store itself. @returns {(() => Promise<void>)[]} */
function jobsOf(name) {
  if (ON_STORES.includes(name)) return [];
  if (name === "unit") return COMPILERS.map((compiler) => () => unitSuite(compiler));
  return [() => nodeSuite(name, name)];
}

async function work() {
  for (let job; (job = jobs.shift());) await job();
}

async function unitSuite(compiler) {
  const sources = globSync("tests/unit/test_*.c").sort();
  await report(
    `unit (${compiler}, address and undefined behaviour sanitizers)`,
    sources,
    async (tally, say) => {
      for (const source of sources) {
        const binary = `build/unit/${compiler}/${source.slice("tests/unit/".length, -".c".length)}`;
        await runUnit(binary, tally, say);
      }
    },
  );
}

async function runUnit(binary, tally, say) {
  const lines = [];
  let passed = 0;
  let failed = 0;
  const end = await run([binary], { CMOCKA_MESSAGE_OUTPUT: "TAP" }, (line) => {
    lines.push(line);
    // A skipped test is neither.
    if (/^not ok\b/.test(line)) failed++;
    else if (/^ok\b/.test(line) && !/# SKIP/i.test(line)) passed++;
  });
  if (failed === 0 && (end !== "0" || passed === 0)) {
    failed++;
    lines.push(end === "0" ? "ran no test" : `ended with ${end}`);
  }
  if (failed) say(`--- ${binary}\n${lines.join("\n")}`);
  tally.passed += passed;
  tally.failed += failed;
}

async function nodeSuite(title, name, env = { STORAGE: undefined }) {
  const files = globSync(`tests/${name}/*.test.mjs`).sort();
  await report(title, files, async (tally, say) => {
    // One file at a time: other suites run beside.
    const reporters = [
      "--test-reporter=./tools/reporter.mjs",
      "--test-reporter-destination=stdout",
    ];
    const args = ["node", "--test", "--test-concurrency=1", ...reporters, ...files];
    let counted = false;
    const end = await run(args, env, (line) => {
      const counts = /^@@ (\d+) (\d+)$/.exec(line);
      if (!counts) return say(line);
      counted = true;
      tally.passed += Number(counts[1]);
      tally.failed += Number(counts[2]);
    });
    if (!counted || (end !== "0" && tally.failed === 0)) {
      say(`--- ${title}: ended with ${end}`);
      tally.failed++;
    }
  });
}

/** Runs a suite and adds what it counted to the total. Where others run beside it, what it says comes at its end, in one
 *  piece. */
async function report(title, files, body) {
  if (files.length === 0) return console.log(`${title}: not there yet`);
  const tally = { passed: 0, failed: 0 };
  const said = [];
  const start = performance.now();
  console.log(`${title} ...`);
  await body(tally, alone ? console.log : (line) => said.push(line));
  if (said.length > 0) console.log(said.join("\n"));
  if (tally.passed + tally.failed === 0) {
    console.log(`--- ${title}: ran no test`);
    tally.failed++;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${title}: ${tally.passed} passed, ${tally.failed} failed in ${seconds} s`);
  total.passed += tally.passed;
  total.failed += tally.failed;
}

/** Every line of both streams goes to onLine; resolves to the exit status or the signal's name. */
function run([command, ...args], env, onLine) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    child.once("error", (error) => resolve(error.message));
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", onLine);
    child.once("close", (code, signal) => resolve(signal ?? String(code)));
  });
}
