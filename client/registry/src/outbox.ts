// This side's candidates on their way to the registry: gathered for some ms, sent together. Those of
// one negotiation wait until its description is there.

import type { Settings } from "./parts.js";
import { sleep } from "./time.js";

const enum Limit {
  /** Of one negotiation, by the registry. */
  Candidates = 40,
}

export class Outbox {
  #pending!: RTCIceCandidateInit[];
  #left!: number;
  #complete!: boolean;
  #wake = () => {};

  constructor() {
    this.reset();
  }

  /** Begins a new negotiation. */
  reset(): void {
    this.#pending = [];
    this.#left = Limit.Candidates;
    this.#complete = false;
  }

  /** An empty candidate says that there are no more. */
  add(candidate: RTCIceCandidateInit): void {
    if (!candidate.candidate) this.#complete = true;
    else if (this.#left-- > 0) this.#pending.push(candidate);
    this.#wake();
  }

  /** Sends what there is and what comes, until the signal aborts or sending fails. */
  async run(
    { clock, candidateBatch }: Settings,
    signal: AbortSignal,
    send: (candidates: RTCIceCandidateInit[]) => Promise<void>,
  ): Promise<never> {
    signal.addEventListener("abort", () => this.#wake());
    for (;;) {
      while (!this.#pending.length && !signal.aborted)
        await new Promise<void>((resolve) => (this.#wake = resolve));
      await sleep(clock, this.#complete ? 0 : candidateBatch, signal);
      await send(this.#pending.splice(0));
    }
  }
}
