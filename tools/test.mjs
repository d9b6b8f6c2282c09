// Runs every suite, or the one that ONLY names, and ends with the line `N passed, N failed`.
//
// A suite that crashes, or that exists and runs no test, counts as one failure. The browser suite, which
// waits for most of its time, runs beside the others.

import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { createInterface } from "node:readline";

const COMPILERS = ["gcc", "clang"];
const NODE_SUITES = ["workerd", "client", "api", "browser", "tools"];
const SUITES = ["unit", ...NODE_SUITES];
const BESIDE = "browser";

const only = process.env.ONLY || undefined;
if (only && !SUITES.includes(only)) {
  console.error(`ONLY=${only}: wants one of ${SUITES.join(", ")}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0 };
const wanted = SUITES.filter((name) => !only || name === only);
await Promise.all([
  runSuites(wanted.filter((name) => name !== BESIDE)),
  runSuites(wanted.filter((name) => name === BESIDE)),
]);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed || !total.passed ? 1 : 0;

async function runSuites(names) {
  for (const name of names) {
    if (name === "unit") for (const compiler of COMPILERS) await unitSuite(compiler);
    else await nodeSuite(name);
  }
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

async function nodeSuite(name) {
  const files = globSync(`tests/${name}/*.test.mjs`).sort();
  await report(name, files, async (tally, say) => {
    // One file at a time: two cores have enough to do with one server and one browser.
    const reporters = [
      "--test-reporter=./tools/reporter.mjs",
      "--test-reporter-destination=stdout",
    ];
    const args = ["node", "--test", "--test-concurrency=1", ...reporters, ...files];
    let counted = false;
    const end = await run(args, {}, (line) => {
      const counts = /^@@ (\d+) (\d+)$/.exec(line);
      if (!counts) return say(line);
      counted = true;
      tally.passed += Number(counts[1]);
      tally.failed += Number(counts[2]);
    });
    if (!counted || (end !== "0" && tally.failed === 0)) {
      say(`--- ${name}: ended with ${end}`);
      tally.failed++;
    }
  });
}

/** Runs a suite and adds what it counted to the total. Where another may run beside it, what it says comes at
 *  its end, in one piece. */
async function report(title, files, body) {
  if (files.length === 0) return console.log(`${title}: not there yet`);
  const tally = { passed: 0, failed: 0 };
  const said = [];
  const start = performance.now();
  console.log(`${title} ...`);
  await body(tally, only ? console.log : (line) => said.push(line));
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
