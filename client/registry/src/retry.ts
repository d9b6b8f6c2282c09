// When a request is made again: at once, then after a random time that grows, never sooner than the
// server asked for.

import type { RegistryError } from "./errors.js";
import type { Settings } from "./parts.js";
import { sleep } from "./time.js";

/**
 * @param safe whether it does no harm to make a request again that the server may have done
 * @param late the code of an error that is as good as a success, for it may be the answer to a repeated
 *   request: the promise resolves to it. Not only what is repeated here is: a browser sends a POST
 *   again by itself when a connection that was kept alive breaks.
 */
export async function retry(
  { clock, random, retry: { attempts, base, max, maxRetryAfter } }: Settings,
  signal: AbortSignal | undefined,
  safe: unknown,
  late: string | undefined,
  attempt: () => Promise<any>,
): Promise<any> {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      const { code, retryable, status, retryAfterSec = 0 } = error as RegistryError;
      if (late && code === late) return error;
      const asked = retryAfterSec * 1000;
      const refused = status === 429 || status === 503;
      if (!retryable || n >= attempts || asked > maxRetryAfter || !(safe || refused)) throw error;
      // Some time on top of what the server asked for, which may have told many the same.
      const own = n > 1 || asked ? random() * Math.min(max, base * 2 ** (n - 2)) : 0;
      await sleep(clock, asked + own, signal);
    }
  }
}
