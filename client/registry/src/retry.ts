// When a request is made again: at once, then after a random time that grows, never sooner than the
// server asked for.

import { RegistryClientError, type RegistryError } from "./errors.js";
import type { Clock, RetryPolicy } from "./interfaces.js";
import { sleep } from "./time.js";

export const defaultRetry: RetryPolicy = {
  attempts: 8,
  base: 250,
  max: 5000,
  maxRetryAfter: 10_000,
};

/** @param mayRepeat whether what failed so may be done twice */
export async function retry<T>(
  attempt: () => Promise<T>,
  mayRepeat: (error: RegistryClientError) => boolean,
  { attempts, base, max, maxRetryAfter }: RetryPolicy,
  clock: Clock,
  random: () => number,
  signal?: AbortSignal,
): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RegistryClientError)) throw error;
      error.attempts = n;
      const asked = ((error as RegistryError).retryAfterSec ?? 0) * 1000;
      if (!error.retryable || n >= attempts || asked > maxRetryAfter || !mayRepeat(error))
        throw error;
      // Some time on top of what the server asked for, which may have told many the same.
      const first = n < 2 && !asked;
      const own = first ? 0 : random() * Math.min(max, base * 2 ** Math.max(0, n - 2));
      if (asked + own) await sleep(clock, asked + own, signal);
    }
  }
}
