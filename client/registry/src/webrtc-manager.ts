// One RTCPeerConnection at a time, behind IWebRTCManager. Handlers are attached the moment it is
// made, so that no candidate is lost. A closed connection, as one that was replaced, says nothing more.

import type { IWebRTCManager, Undo } from "./interfaces.js";
import { type Listeners, listen, tell } from "./listeners.js";

export class WebRTCManager implements IWebRTCManager {
  readonly #Connection: typeof RTCPeerConnection | undefined;
  readonly #onCandidate: Listeners<RTCIceCandidateInit> = new Set();
  readonly #onState: Listeners<RTCPeerConnectionState> = new Set();
  readonly #onChannel: Listeners<RTCDataChannel> = new Set();
  /** Undefined before createPeerConnection and after close, when nothing else can be asked for. */
  #connection!: RTCPeerConnection;
  /** Candidates of the other side that wait for its description. */
  #early: RTCIceCandidateInit[] = [];

  /** @param Connection the platform's own by default */
  constructor(Connection?: typeof RTCPeerConnection) {
    this.#Connection = Connection;
  }

  /** Closes the connection before it. */
  createPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection {
    this.close();
    const connection = new (this.#Connection ?? RTCPeerConnection)({ iceServers });
    connection.addEventListener("icecandidate", ({ candidate }) =>
      tell(this.#onCandidate, candidate ?? {}),
    );
    connection.addEventListener("connectionstatechange", () =>
      tell(this.#onState, connection.connectionState),
    );
    connection.addEventListener("datachannel", ({ channel }) => tell(this.#onChannel, channel));
    return (this.#connection = connection);
  }

  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    return this.#connection.createOffer(options);
  }

  async createAnswer(
    offer: RTCSessionDescriptionInit,
    options?: RTCAnswerOptions,
  ): Promise<RTCSessionDescriptionInit> {
    const connection = this.#connection;
    await this.setRemoteDescription(offer);
    return connection.createAnswer(options);
  }

  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    return this.#connection.setLocalDescription(description);
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await this.#connection.setRemoteDescription(description);
    for (const candidate of this.#early.splice(0)) await this.addIceCandidate(candidate);
  }

  /** Never rejects: what is malformed, or of another negotiation, is as good as not there. */
  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    const connection = this.#connection;
    if (connection.remoteDescription) await connection.addIceCandidate(candidate).catch(() => {});
    else this.#early.push(candidate);
  }

  createDataChannel(label: string, dataChannelDict?: RTCDataChannelInit): RTCDataChannel {
    return this.#connection.createDataChannel(label, dataChannelDict);
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
    this.#connection?.close();
    this.#early = [];
  }
}
