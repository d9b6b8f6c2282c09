// Waiting, and ending it. Whatever waits here lets go of its timer and its listeners when it ends,
// one way or the other. The reason of an abort is the error that it ends with.

import { TimeoutError } from "./errors.js";
import type { Clock } from "./interfaces.js";

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** Aborts with the first of its parents. Its owner aborts it at the end, which frees the parents. */
export function scope(...parents: (AbortSignal | undefined)[]): AbortController {
  const own = new AbortController();
  for (const parent of parents) {
    const abort = () => own.abort(parent!.reason);
    if (parent?.aborted) abort();
    parent?.addEventListener("abort", abort, { signal: own.signal });
  }
  return own;
}

/** Rejects when the signal aborts, and never resolves. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * What `work` resolves to, unless the parent aborts or `ms` have passed before.
 * @throws {TimeoutError} with the code `<what>_timeout`
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal | undefined,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = scope(parent);
  const timer = clock.setTimeout(
    () => own.abort(new TimeoutError(`${what}_timeout`, `The ${what} took too long`, true)),
    ms,
  );
  try {
    own.signal.throwIfAborted();
    return await Promise.race([work(own.signal), aborted(own.signal)]);
  } finally {
    clock.clearTimeout(timer);
    own.abort();
  }
}

/** Not at all, when `ms` is not more than 0. */
export async function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  const own = scope(signal);
  let timer: unknown;
  try {
    await Promise.race([
      new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, ms))),
      aborted(own.signal),
    ]);
  } finally {
    clock.clearTimeout(timer);
    own.abort();
  }
}
