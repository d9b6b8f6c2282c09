// One RTCPeerConnection at a time, behind IWebRTCManager. Handlers are attached the moment it is
// made, so that no candidate is lost. A closed connection, as one that was replaced, says nothing more.

import type { IWebRTCManager, Undo } from "./interfaces.js";
import { type Listeners, listen, tell } from "./listeners.js";

export class WebRTCManager implements IWebRTCManager {
  readonly #Connection: typeof RTCPeerConnection | undefined;
  readonly #onCandidate: Listeners<RTCIceCandidateInit> = new Set();
  readonly #onState: Listeners<RTCPeerConnectionState> = new Set();
  readonly #onChannel: Listeners<RTCDataChannel> = new Set();
  /** Undefined before createPeerConnection, when nothing else can be asked for. */
  #connection!: RTCPeerConnection;

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

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    return this.#connection.setRemoteDescription(description);
  }

  /** Of the other side, whose description has to be there already. */
  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    return this.#connection.addIceCandidate(candidate);
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
  }
}
