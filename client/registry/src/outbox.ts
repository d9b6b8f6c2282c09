// This side's candidates on their way to the registry: gathered for some ms, sent together. Those of
// one negotiation wait until its description is there.

import type { RegistryClientError } from "./errors.js";
import type { Settings } from "./parts.js";
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
  #wake = () => {};

  /** Begins a new negotiation. */
  reset(): void {
    this.#pending = [];
    this.#left = MAX_CANDIDATES;
    this.#complete = false;
  }

  /** An empty candidate says that there are no more. */
  add(candidate: RTCIceCandidateInit): void {
    const { length } = candidate.candidate ?? "";
    if (!length) this.#complete = true;
    else if (length <= MAX_BYTES && this.#left-- > 0) this.#pending.push(candidate);
    this.#wake();
  }

  /** Sends what there is and what comes, until the signal aborts or the registry refuses. */
  async run(
    send: (candidates: RTCIceCandidateInit[]) => Promise<void>,
    { clock, candidateBatch }: Settings,
    signal: AbortSignal,
  ): Promise<never> {
    signal.addEventListener("abort", () => this.#wake());
    for (;;) {
      while (!this.#pending.length && !signal.aborted)
        await new Promise<void>((resolve) => (this.#wake = resolve));
      if (!this.#complete) await sleep(clock, candidateBatch, signal);
      signal.throwIfAborted();
      const batch = this.#pending.splice(0);
      try {
        await send(batch);
      } catch (error) {
        if (!(error as RegistryClientError).retryable) throw error;
        this.#pending.unshift(...batch);
        await sleep(clock, PAUSE, signal);
      }
    }
  }
}
