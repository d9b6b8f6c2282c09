// Reading again and again, as seldom as is quick. A server that holds its answers (`wait`) is asked
// again when it has answered. One that answers early and brings nothing, whatever the reason, is
// asked after a pause that grows: no need to know what kind of server it is.

import { RegistryClientError } from "./errors.js";
import type { Clock, PollingPolicy } from "./interfaces.js";
import { sleep } from "./time.js";

export const defaultPolling: PollingPolicy = { wait: 25, interval: 1000, maxInterval: 2000 };

/** ms between two answers of a server that holds its answers. */
const FLOOR = 100;
/** A server allows 20 reads in any 10 s; two are left to the application. */
const BUDGET = { reads: 18, ms: 10_000 };
/** A browser opens six connections to an HTTP/1.1 server; some are needed to send. */
const MAX_HELD = 3;

/** Reads that the server holds at the moment, of all clients of this page. */
let held = 0;

/** What is remembered of one kind of read from one poll to the next. */
export class Pace {
  /** Whether the server holds its answers, as far as is known. */
  waits: boolean;
  readonly policy: PollingPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly #reads: number[] = [];

  constructor(policy: PollingPolicy, clock: Clock, random: () => number) {
    this.policy = policy;
    this.clock = clock;
    this.random = random;
    this.waits = policy.wait > 0;
  }

  /** Waits until one more read is within the budget. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.#reads.length >= BUDGET.reads) {
      const rest = this.#reads.shift()! + BUDGET.ms - this.clock.now();
      if (rest > 0) await sleep(this.clock, rest, signal);
    }
    this.#reads.push(this.clock.now());
  }
}

/**
 * Reads until `use` makes something of the answer. Failures that may pass are lived through.
 * @param read takes the seconds that the server may hold the answer, or nothing
 */
export async function poll<T, R>(
  pace: Pace,
  signal: AbortSignal,
  read: (wait?: number) => Promise<T>,
  use: (value: T) => R | undefined,
): Promise<R> {
  const { clock, random, policy } = pace;
  for (let early = 0; ;) {
    signal.throwIfAborted();
    await pace.turn(signal);
    const start = clock.now();
    const wait = pace.waits && held < MAX_HELD ? policy.wait : undefined;
    if (wait) held++;
    try {
      const result = use(await read(wait));
      if (result !== undefined) return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RegistryClientError)) throw error;
      if (wait && error.code === "bad_request") pace.waits = false;
      else if (!error.retryable) throw error;
    } finally {
      if (wait) held--;
    }
    const isHeld = wait && pace.waits;
    const pause = Math.min(policy.maxInterval, (isHeld ? FLOOR : policy.interval) * 2 ** early);
    const rest = start + pause * (0.9 + 0.2 * random()) - clock.now();
    early = rest > 0 ? early + 1 : 0;
    if (rest > 0) await sleep(clock, rest, signal);
  }
}
