// One RTCPeerConnection at a time, behind IWebRTCManager. Handlers are attached the moment it is
// made, so that no candidate is lost. A closed connection, as one that was replaced, says nothing more.

import { WebRTCError } from "./errors.js";
import type { IWebRTCManager, Undo } from "./interfaces.js";
import { type Listeners, listen, tell } from "./listeners.js";

export class WebRTCManager implements IWebRTCManager {
  readonly #Connection: typeof RTCPeerConnection | undefined;
  readonly #onCandidate: Listeners<RTCIceCandidateInit> = new Set();
  readonly #onState: Listeners<RTCPeerConnectionState> = new Set();
  readonly #onChannel: Listeners<RTCDataChannel> = new Set();
  #connection: RTCPeerConnection | undefined;
  /** The other side's candidates, as JSON; those too that wait for its description. */
  readonly #known = new Set<string>();

  /** @param Connection the platform's own by default */
  constructor(Connection?: typeof RTCPeerConnection) {
    this.#Connection = Connection;
  }

  /** Closes the connection before it. */
  createPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection {
    this.close();
    const connection = new (this.#Connection ?? RTCPeerConnection)({ iceServers });
    connection.addEventListener("icecandidate", ({ candidate }) =>
      tell(this.#onCandidate, candidate?.toJSON() ?? { candidate: "" }),
    );
    connection.addEventListener("connectionstatechange", () =>
      tell(this.#onState, connection.connectionState),
    );
    connection.addEventListener("datachannel", ({ channel }) => tell(this.#onChannel, channel));
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
    const connection = this.#open;
    await connection.setRemoteDescription(description);
    for (const candidate of this.#known) await add(connection, JSON.parse(candidate));
  }

  /** Never rejects: what is malformed, or of another negotiation, is as good as not there. */
  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    const connection = this.#open;
    const { size } = this.#known;
    if (this.#known.add(JSON.stringify(candidate)).size > size && connection.remoteDescription)
      await add(connection, candidate);
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
    this.#connection?.close();
    this.#connection = undefined;
    this.#known.clear();
  }

  get #open(): RTCPeerConnection {
    if (!this.#connection) throw new WebRTCError("no_connection", "There is no peer connection");
    return this.#connection;
  }
}

const add = (connection: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> =>
  connection.addIceCandidate(candidate).catch(() => {});
