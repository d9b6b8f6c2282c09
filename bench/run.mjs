// `make bench`: prints what the module, the worker and the core cost, beside what they may. ONLY=size|start|... prints
// one part of it.
//
// Nothing here is asserted. What is compared is measured in one run, in turns, and a figure is the median of its
// rounds: the machine may have other things to do. BENCH_QUICK=1 takes fewer rounds.

import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { reportTwin } from "./beside-twin.mjs";
import { reportCpu } from "./cpu.mjs";
import { reportHandshakes } from "./handshake.mjs";
import { reportInstructions, reportPages } from "./instructions.mjs";
import { run } from "./load.mjs";
import { heading } from "./report.mjs";
import { reportStart } from "./start.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PARTS = {
  size: reportSize,
  start: reportStart,
  handshake: reportHandshakes,
  cpu: reportCpu,
  twin: reportTwin,
  instructions: reportInstructions,
  pages: reportPages,
};

async function reportSize() {
  heading("Size");
  process.stdout.write(await run("node", ["tools/size.mjs"], { cwd: ROOT }));
}

const only = process.env.ONLY || undefined;
if (only && !Object.hasOwn(PARTS, only)) {
  console.error(`ONLY=${only}: wants one of ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}
const busy = () =>
  `load average ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors`;
console.log(`Before: ${busy()}. Figures are to be taken on a machine that has nothing else to do.`);
for (const [name, report] of Object.entries(PARTS)) if (!only || name === only) await report();
