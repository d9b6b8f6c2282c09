// Which processes there are, by /proc.

import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE = 5000; // ms

/** @returns {{pid: number, parent: number, session: number, started: string, name: string}[]} */
function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat);
        const fields = rest.split(" ");
        const [state, parent, , session] = fields;
        // What has ended and waits to be noticed by its parent runs no more.
        if (state === "Z") return [];
        return { pid: +pid, parent: +parent, session: +session, started: fields[19], name };
      } catch {
        return []; // gone since
      }
    });
}

/** What this process started, directly or not, those too whose parent has ended since. */
export function offspring() {
  const all = processes();
  const own = new Set([process.pid]);
  const home = all.find(({ pid }) => pid === process.pid).session;
  // Parents may have larger numbers than their children.
  for (let before = 0; own.size > before;) {
    before = own.size;
    const sessions = new Set(
      all.filter(({ pid, session }) => own.has(pid) && session !== home).map((one) => one.session),
    );
    for (const { pid, parent, session } of all)
      if (own.has(parent) || sessions.has(session)) own.add(pid);
  }
  own.delete(process.pid);
  return all.filter(({ pid }) => own.has(pid));
}

/** Those of them that run on. What is about to end needs a moment, and nothing tells when it has. */
export async function survivors(list) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const now = new Set(processes().map(({ pid, started }) => `${pid} ${started}`));
    const left = list.filter(({ pid, started }) => now.has(`${pid} ${started}`));
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(20);
  }
}
