// Instructions of the native core: of requests, and of pages by how much there is to page through.

import { countInstructions, measureScale } from "./callgrind.mjs";
import { QUICK, heading, progress, table } from "./report.mjs";

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

export async function reportInstructions() {
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

export async function reportPages() {
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
