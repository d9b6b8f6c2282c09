// Watches one RTCPeerConnection from outside: its states, its candidates, the pair in use. It never
// changes the connection.

import { readCandidate } from "./candidate.js";

/** How often statistics are read while connected, in ms. */
const STATS_EVERY = 1000;

/** @typedef {import("./candidate.js").Candidate} Candidate */
/**
 * @typedef {object} Pair the candidate pair in use
 * @property {Partial<Candidate>} local
 * @property {Partial<Candidate>} remote
 * @property {number | null} roundTrip as ICE measures it, in ms
 */

export class PeerWatch {
  /** @type {(Candidate & {init: RTCIceCandidateInit})[]} gathered here, in order */
  local = [];
  /** @type {Pair | null} */
  pair = null;
  /** @type {RTCDataChannel | null} */
  channel = null;

  #pc;
  #onChange;
  #stopped = new AbortController();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {RTCPeerConnection} pc
   * @param {(what: string) => void} onChange named after the event: "connectionstate", "channel" ...
   */
  constructor(pc, onChange) {
    this.#pc = pc;
    this.#onChange = onChange;
    for (const what of ["connection", "iceconnection", "icegathering", "signaling"])
      this.#listen(pc, `${what}statechange`, () => this.#changed(`${what}state`));
    this.#listen(pc, "icecandidate", (event) => this.#gathered(event));
    this.#listen(pc, "datachannel", (event) => this.attach(event.channel));
  }

  get connectionState() {
    return this.#pc.connectionState;
  }

  /** What to show of it. @returns {Record<string, string>} */
  get states() {
    const pc = this.#pc;
    return {
      connection: pc.connectionState,
      iceConnection: pc.iceConnectionState,
      gathering: pc.iceGatheringState,
      signalling: pc.signalingState,
      channel: this.channelState,
    };
  }

  /** A closed connection has no open channel, though the channel may learn that a moment later. */
  get channelState() {
    if (!this.channel) return "none";
    return this.#pc.signalingState === "closed" ? "closed" : this.channel.readyState;
  }

  /** @param {RTCDataChannel} channel */
  attach(channel) {
    this.channel = channel;
    for (const name of ["open", "closing", "close"])
      this.#listen(channel, name, () => this.#onChange("channel"));
    this.#onChange("channel");
  }

  stop() {
    this.pair = null;
    this.#stopped.abort();
    clearInterval(this.#timer);
  }

  /** @param {EventTarget} target @param {string} name @param {(event: any) => void} listener */
  #listen(target, name, listener) {
    target.addEventListener(name, listener, { signal: this.#stopped.signal });
  }

  /** @param {RTCPeerConnectionIceEvent} event */
  #gathered({ candidate }) {
    if (!candidate?.candidate) return;
    this.local.push({ ...readCandidate(candidate.candidate), init: candidate.toJSON() });
    this.#onChange("candidate");
  }

  /** @param {string} what */
  #changed(what) {
    clearInterval(this.#timer);
    if (this.#pc.connectionState === "connected") {
      this.#timer = setInterval(() => void this.#readStats(), STATS_EVERY);
      void this.#readStats();
    }
    this.#onChange(what);
  }

  async #readStats() {
    const stats = await this.#pc.getStats();
    if (this.#stopped.signal.aborted) return;
    const all = [...stats.values()];
    const id = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
    // Firefox has no transport statistics that name the pair; it marks the pair instead.
    const pair = all.find((one) =>
      id ? one.id === id : one.type === "candidate-pair" && one.selected,
    );
    if (!pair) return;
    this.pair = {
      local: describe(stats.get(pair.localCandidateId)),
      remote: describe(stats.get(pair.remoteCandidateId)),
      roundTrip: pair.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000,
    };
    this.#onChange("pair");
  }
}

/** @param {any} stat of a candidate @returns {Partial<Candidate>} */
function describe(stat) {
  const { candidateType: type = "", protocol = "", address = "", port = "" } = stat ?? {};
  return { type, protocol, address: address ?? "", port: String(port) };
}
