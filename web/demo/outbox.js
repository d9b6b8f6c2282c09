// Local candidates on their way to the server. They are gathered before the server knows what they belong
// to, so they wait until the outbox is opened; then each burst is sent together, in as few requests as go.

import { explain, SignallingError } from "./http.js";
import { sleep } from "../common/util.js";

/** Candidates come in bursts: they are collected this long. In ms. */
const BURST = 10;
const TRIES = 3;

export class Outbox {
  /** @type {string[]} */
  #queue = [];
  #open = false;
  #size;
  #send;
  #signal;
  #note;

  /**
   * @param {number} size how many candidates go in one request
   * @param {(candidates: string[]) => Promise<void>} send
   * @param {AbortSignal} signal nothing more is sent once it is aborted
   * @param {(text: string) => void} note hears of candidates that could not be sent
   */
  constructor(size, send, signal, note) {
    this.#size = size;
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
    await sleep(BURST, this.#signal);
    const burst = this.#queue.splice(0);
    const requests = [];
    while (burst.length > 0) requests.push(this.#deliver(burst.splice(0, this.#size)));
    await Promise.all(requests);
  }

  /** @param {string[]} candidates */
  async #deliver(candidates) {
    for (let tries = 1; !this.#signal.aborted; tries += 1) {
      try {
        return await this.#send(candidates);
      } catch (error) {
        if (this.#signal.aborted) return;
        const again = error instanceof SignallingError && error.retryable && tries < TRIES;
        if (!again) return this.#note(`candidate not sent: ${explain(error)}`);
        await sleep(Math.max(error.retryAfter * 1000, 300 * tries), this.#signal);
      }
    }
  }
}
