// Reading again and again, as seldom as is quick. A server that holds its answers (`wait`) is asked
// again when it has answered. One that answers early and brings nothing, whatever the reason, is
// asked after a pause that grows: no need to know what kind of server it is.

import type { RegistryError } from "./errors.js";
import type { Settings } from "./parts.js";
import { sleep } from "./time.js";

const enum Limit {
  /** ms between two answers of a server that holds its answers. */
  Floor = 100,
  /** A server allows 20 reads in any 10 s; two are left to the application. */
  Reads = 18,
  Span = 10_000,
  /** A browser opens six connections to an HTTP/1.1 server; some are needed to send. */
  Held = 3,
}

/** Reads that the server holds at the moment, of all clients of this page. */
let held = 0;

/** What is remembered of one kind of read from one poll to the next. */
export interface Pace {
  /** When the last reads began. */
  reads: number[];
  /** The server is known not to hold its answers. */
  plain?: boolean;
}

/**
 * Reads until `use` makes something of the answer. Failures that may pass are lived through.
 * @param read takes the seconds that the server may hold the answer, or nothing
 */
export async function poll<T, R>(
  { clock, random, polling }: Settings,
  pace: Pace,
  signal: AbortSignal,
  read: (wait?: number) => Promise<T>,
  use: (value: T) => R | false | undefined | void,
): Promise<R> {
  const { reads } = pace;
  for (let early = 0; ;) {
    if (reads.length >= Limit.Reads)
      await sleep(clock, reads.shift()! + Limit.Span - clock.now(), signal);
    const start = clock.now();
    reads.push(start);
    const wait = pace.plain || held >= Limit.Held ? 0 : polling.wait;
    let asked = 0;
    if (wait) held++;
    try {
      const result = use(await read(wait || undefined));
      if (result) return result;
    } catch (error) {
      const { code, retryable, retryAfterSec = 0 } = error as RegistryError;
      if (wait && code === "bad_request") pace.plain = true;
      else if (!retryable) throw error;
      asked = retryAfterSec * 1000;
    } finally {
      if (wait) held--;
    }
    const floor = wait && !pace.plain ? Limit.Floor : polling.interval;
    const least = Math.min(polling.maxInterval, floor * 2 ** early) * (0.9 + 0.2 * random());
    const rest = start + least - clock.now();
    early = rest > 0 ? early + 1 : 0;
    await sleep(clock, Math.max(rest, asked), signal);
  }
}
