// This side's candidates on their way to the registry: gathered for some ms, sent together. Those of
// one negotiation wait until its description is there.

import { RegistryClientError } from "./errors.js";
import type { Clock } from "./interfaces.js";
import { sleep } from "./time.js";

/** Both are the registry's limits. */
const MAX_CANDIDATES = 40;
const MAX_BYTES = 1024;
/** ms before what could not be sent is tried again. */
const PAUSE = 1000;

export class Outbox {
  #pending: RTCIceCandidateInit[] = [];
  #left = MAX_CANDIDATES;
  #complete = false;
  #wake: (() => void) | undefined;

  /** Begins a new negotiation. */
  reset(): void {
    this.#pending = [];
    this.#left = MAX_CANDIDATES;
    this.#complete = false;
  }

  /** An empty candidate says that there are no more. */
  add(candidate: RTCIceCandidateInit): void {
    const { candidate: text } = candidate;
    if (!text) this.#complete = true;
    else if (text.length <= MAX_BYTES && this.#left-- > 0) this.#pending.push(candidate);
    this.#wake?.();
  }

  /** Sends what there is and what comes, until the signal aborts or the registry refuses. */
  async run(
    send: (candidates: RTCIceCandidateInit[]) => Promise<void>,
    clock: Clock,
    delay: number,
    signal: AbortSignal,
  ): Promise<never> {
    signal.addEventListener("abort", () => this.#wake?.());
    for (;;) {
      while (!this.#pending.length && !signal.aborted)
        await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
      signal.throwIfAborted();
      if (!this.#complete) await sleep(clock, delay, signal);
      const batch = this.#pending.splice(0);
      try {
        await send(batch);
      } catch (error) {
        if (!(error instanceof RegistryClientError && error.retryable)) throw error;
        this.#pending.unshift(...batch);
        await sleep(clock, PAUSE, signal);
      }
    }
  }
}
