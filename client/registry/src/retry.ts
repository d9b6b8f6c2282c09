// When a request is made again: at once, then after a random time that grows, never sooner than the
// server asked for.

import { RegistryClientError, RegistryError } from "./errors.js";
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
      if (!(error instanceof RegistryClientError && error.retryable)) throw error;
      const asked = ((error instanceof RegistryError && error.retryAfterSec) || 0) * 1000;
      if (n >= attempts || asked > maxRetryAfter || !mayRepeat(error)) throw error;
      // Not all at the moment that the server named, should it have told many.
      const own = n > 1 || asked ? random() * Math.min(max, base * 2 ** Math.max(0, n - 2)) : 0;
      const delay = asked ? asked + own : own;
      if (delay) await sleep(clock, delay, signal);
    }
  }
}
