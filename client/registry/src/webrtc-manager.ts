// One RTCPeerConnection at a time, behind IWebRTCManager. Handlers are attached the moment it is
// made, so that no candidate is lost; what a replaced connection still says is not heard.

import { WebRTCError } from "./errors.js";
import type { IWebRTCManager, Undo } from "./interfaces.js";
import { type Listeners, listen, tell } from "./listeners.js";

export class WebRTCManager implements IWebRTCManager {
  readonly #Connection: typeof RTCPeerConnection | undefined;
  readonly #onCandidate: Listeners<RTCIceCandidateInit> = new Set();
  readonly #onState: Listeners<RTCPeerConnectionState> = new Set();
  readonly #onChannel: Listeners<RTCDataChannel> = new Set();
  #connection: RTCPeerConnection | undefined;
  #bound = new AbortController();
  /** Candidates of the other side: those that were given, and those that wait for its description. */
  #seen = new Set<string>();
  #early: RTCIceCandidateInit[] = [];

  /** @param Connection the platform's own by default */
  constructor(Connection?: typeof RTCPeerConnection) {
    this.#Connection = Connection;
  }

  /** Closes the connection before it. */
  createPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection {
    this.close();
    const connection = new (this.#Connection ?? RTCPeerConnection)({ iceServers });
    const { signal } = (this.#bound = new AbortController());
    connection.addEventListener(
      "icecandidate",
      ({ candidate }) => tell(this.#onCandidate, candidate?.toJSON() ?? { candidate: "" }),
      { signal },
    );
    connection.addEventListener(
      "connectionstatechange",
      () => tell(this.#onState, connection.connectionState),
      { signal },
    );
    connection.addEventListener("datachannel", ({ channel }) => tell(this.#onChannel, channel), {
      signal,
    });
    return (this.#connection = connection);
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    return this.#open.createOffer(options);
  }

  async createAnswer(
    offer: RTCSessionDescriptionInit,
    options?: RTCAnswerOptions,
  ): Promise<RTCSessionDescriptionInit> {
    const connection = this.#open;
    await this.setRemoteDescription(offer);
    return connection.createAnswer(options);
  }

  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    return this.#open.setLocalDescription(description);
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#open.setRemoteDescription(description);
    this.#seen.clear();
    for (const candidate of this.#early.splice(0)) await this.addIceCandidate(candidate);
  }

  /** Never rejects: what is malformed, or of another negotiation, is as good as not there. */
  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    const connection = this.#open;
    if (!connection.remoteDescription) return void this.#early.push(candidate);
    const key = JSON.stringify([candidate.candidate, candidate.sdpMid, candidate.sdpMLineIndex]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    await connection.addIceCandidate(candidate).catch(() => {});
  }

  createDataChannel(label: string, dataChannelDict?: RTCDataChannelInit): RTCDataChannel {
    return this.#open.createDataChannel(label, dataChannelDict);
  }

  onIceCandidate(callback: (candidate: RTCIceCandidateInit) => void): Undo {
    return listen(this.#onCandidate, callback);
  }

  onConnectionStateChange(callback: (state: RTCPeerConnectionState) => void): Undo {
    return listen(this.#onState, callback);
  }

  onDataChannel(callback: (channel: RTCDataChannel) => void): Undo {
    return listen(this.#onChannel, callback);
  }

  close(): void {
    this.#bound.abort();
    this.#connection?.close();
    this.#connection = undefined;
    this.#seen.clear();
    this.#early = [];
  }

  get #open(): RTCPeerConnection {
    if (!this.#connection) throw new WebRTCError("no_connection", "There is no peer connection");
    return this.#connection;
  }
}
