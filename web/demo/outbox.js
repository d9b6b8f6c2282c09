// Local candidates on their way to the server. They are gathered before the server knows the session, so
// they wait until the outbox is opened; then each burst is sent together, one request a candidate.

import { explain, SignallingError } from "./signalling.js";
import { sleep } from "../common/util.js";

/** Candidates come in bursts: they are collected this long. In ms. */
const BATCH = 10;
const TRIES = 3;

export class Outbox {
  /** @type {string[]} */
  #queue = [];
  #open = false;
  #send;
  #signal;
  #note;

  /**
   * @param {(candidate: string) => Promise<void>} send
   * @param {AbortSignal} signal nothing more is sent once it is aborted
   * @param {(text: string) => void} note hears of candidates that could not be sent
   */
  constructor(send, signal, note) {
    this.#send = send;
    this.#signal = signal;
    this.#note = note;
  }

  /** @param {RTCIceCandidate} candidate */
  add(candidate) {
    this.#queue.push(JSON.stringify(candidate));
    if (this.#queue.length === 1 && this.#open) void this.#flush();
  }

  open() {
    this.#open = true;
    if (this.#queue.length > 0) void this.#flush();
  }

  async #flush() {
    await sleep(BATCH, this.#signal);
    const batch = this.#queue.splice(0);
    await Promise.all(batch.map((candidate) => this.#deliver(candidate)));
  }

  /** @param {string} candidate */
  async #deliver(candidate) {
    for (let tries = 1; !this.#signal.aborted; tries += 1) {
      try {
        return await this.#send(candidate);
      } catch (error) {
        if (this.#signal.aborted) return;
        const again = error instanceof SignallingError && error.retryable && tries < TRIES;
        if (!again) return this.#note(`candidate not sent: ${explain(error)}`);
        await sleep(Math.max(error.retryAfter * 1000, 300 * tries), this.#signal);
      }
    }
  }
}
