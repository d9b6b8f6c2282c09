// Counts instructions with valgrind's callgrind, of programs that ask it for a dump after each thing they do.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Runs a program under callgrind.
 * @param {string[]} command the program and its arguments
 * @param {string[]} [options] of valgrind
 * @returns {Promise<{text: string, instructions: number}[]>} for each of its dumps: the line that it printed
 *   for it, behind "@@ ", and the count
 */
export async function countInstructions(command, options = []) {
  const folder = mkdtempSync(join(tmpdir(), "rondevu-callgrind-"));
  const out = join(folder, "out");
  const fixed = ["--tool=callgrind", "--collect-atstart=no", `--callgrind-out-file=${out}`];
  try {
    // Nothing of the environment, which would move the stack about.
    const { stdout } = await promisify(execFile)("valgrind", [...fixed, ...options, ...command], {
      env: { PATH: process.env.PATH },
    });
    return [...stdout.matchAll(/^@@ (.*)$/gm)].map(([, text], i) => {
      const dump = readFileSync(`${out}.${i + 1}`, "utf8");
      return { text, instructions: Number(/^totals: (\d+)/m.exec(dump)[1]) };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a page costs with so many open offers: {offers, total, target, instructions} of each. */
export async function measureScale(sizes) {
  const counts = await countInstructions(
    ["build/native/scale", ...sizes.map(String)],
    ["--instr-atstart=no"],
  );
  return counts.map(({ text, instructions }) => {
    const [, offers, total, target] = /^(\d+) (\d+) (.*)$/.exec(text);
    return { offers: Number(offers), total: Number(total), target, instructions };
  });
}
