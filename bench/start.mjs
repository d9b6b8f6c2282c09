// What it takes to start the module in workerd: time, and the memory that it has then.

import { QUICK, heading, median, table } from "./report.mjs";
import { startWorkerd } from "./workerd.mjs";

const AIM_START = 1000; // µs
const AIM_MEMORY = 2; // MB

export async function reportStart() {
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
