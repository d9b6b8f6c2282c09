// Waiting, and ending it. Whatever waits here lets go of its timer and its listeners when it ends,
// one way or the other. The reason of an abort is the error that it ends with.

import { TimeoutError } from "./errors.js";
import type { Clock } from "./interfaces.js";

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/**
 * Runs the work with a signal of its own. It aborts with the first of the parents, at which the
 * promise rejects whatever the work does, and when the work is done.
 */
export async function scoped<T>(
  work: (signal: AbortSignal) => Promise<T>,
  ...parents: (AbortSignal | undefined)[]
): Promise<T> {
  const own = new AbortController();
  const signal = AbortSignal.any([own.signal, ...(parents.filter(Boolean) as AbortSignal[])]);
  try {
    signal.throwIfAborted();
    const ended = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason)),
    );
    // Even work that throws at once leaves somebody who hears of the end.
    return await Promise.race([ended, (async () => work(signal))()]);
  } finally {
    own.abort();
  }
}

export const sleep = (clock: Clock, ms: number, parent?: AbortSignal): Promise<void> =>
  scoped(
    (signal) =>
      new Promise((resolve) => {
        if (ms <= 0) return resolve();
        const timer = clock.setTimeout(resolve, ms);
        signal.addEventListener("abort", () => clock.clearTimeout(timer));
      }),
    parent,
  );

/**
 * Gives the work so many ms.
 * @throws {TimeoutError} with the code `<what>_timeout`
 */
export const within = <T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal | undefined,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  scoped(
    (signal) =>
      Promise.race([
        work(signal),
        sleep(clock, ms, signal).then(() => {
          throw new TimeoutError(`${what}_timeout`, true);
        }),
      ]),
    parent,
  );
