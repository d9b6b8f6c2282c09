// Peer connections that reach each other within one program. Two of them are connected once each has
// the other's current description and one has a candidate of the other's, as with ICE; what a page
// cannot do with a real one fails here too. Only what the client uses of WebRTC is there.

let count = 0;
const identity = () => (++count).toString(16).padStart(6, "0");

/** The world that connections live in: who is reachable, and whether packets arrive. */
export class FakeNetwork {
  readonly connections = new Set<FakePeerConnection>();
  #down = false;

  /** A class to be used as RTCPeerConnection: its instances live in this network. */
  get RTCPeerConnection(): typeof RTCPeerConnection {
    const network = this;
    return class extends FakePeerConnection {
      constructor() {
        super(network);
      }
    } as unknown as typeof RTCPeerConnection;
  }

  /** Connections that were not closed. */
  get live(): FakePeerConnection[] {
    return [...this.connections].filter(({ signalingState }) => signalingState !== "closed");
  }

  /** Whether packets are lost. What reliable channels send meanwhile arrives later. */
  get down(): boolean {
    return this.#down;
  }

  set down(down: boolean) {
    this.#down = down;
    if (down) return;
    for (const connection of this.live) {
      connection.check();
      for (const channel of connection.channels) channel.flush();
    }
  }

  /** What a browser says after some seconds without an answer. */
  report(state: "disconnected" | "failed"): void {
    for (const connection of this.live) connection.become(state);
  }
}

export class FakePeerConnection extends EventTarget {
  readonly network: FakeNetwork;
  readonly id = identity();
  readonly sctp = { maxMessageSize: 262_144 };
  connectionState: RTCPeerConnectionState = "new";
  iceConnectionState: RTCIceConnectionState = "new";
  iceGatheringState: RTCIceGatheringState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  /** The candidates that were taken. */
  readonly candidates: string[] = [];
  readonly channels: FakeDataChannel[] = [];
  peer: FakePeerConnection | undefined;
  #ufrag = identity();
  #version = 0;

  constructor(network = new FakeNetwork()) {
    super();
    this.network = network;
    network.connections.add(this);
  }

  createDataChannel(label: string): FakeDataChannel {
    this.#assertOpen();
    const channel = new FakeDataChannel(this, label);
    this.channels.push(channel);
    return channel;
  }

  async createOffer({ iceRestart = false } = {}): Promise<RTCSessionDescriptionInit> {
    this.#assertOpen();
    if (iceRestart) this.#ufrag = identity();
    return { type: "offer", sdp: this.#describe(this.#ufrag) };
  }

  async createAnswer(): Promise<RTCSessionDescriptionInit> {
    this.#assertOpen();
    if (this.signalingState !== "have-remote-offer") throw domError("InvalidStateError");
    // A new ufrag of the offerer's is answered with a new one.
    if (this.localDescription) this.#ufrag = identity();
    return { type: "answer", sdp: this.#describe(this.#ufrag) };
  }

  async setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.#assertOpen();
    this.localDescription = description;
    this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
    queueMicrotask(() => this.#gather());
    this.check();
  }

  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.#assertOpen();
    if (!description.sdp?.startsWith("v=0")) throw domError("OperationError");
    const expected = description.type === "offer" ? "stable" : "have-local-offer";
    if (this.signalingState !== expected) throw domError("InvalidStateError");
    // DTLS cannot change its mind about who the other side is.
    if (this.peer && idOf(description) !== this.peer.id) throw domError("InvalidAccessError");
    this.remoteDescription = description;
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
    this.check();
  }

  async addIceCandidate({ candidate = "" }: RTCIceCandidateInit): Promise<void> {
    this.#assertOpen();
    if (!this.remoteDescription) throw domError("InvalidStateError");
    if (!candidate.startsWith("candidate:")) throw domError("OperationError");
    if (!candidate.includes(`ufrag ${ufragOf(this.remoteDescription)}`))
      throw domError("OperationError");
    this.candidates.push(candidate);
    this.check();
  }

  close(): void {
    if (this.signalingState === "closed") return;
    this.signalingState = "closed";
    this.connectionState = "closed";
    this.iceConnectionState = "closed";
    const { peer } = this;
    // As browsers do: no event here but those of the channels, and DTLS tells the other side.
    queueMicrotask(() => this.channels.forEach((channel) => channel.end()));
    if (peer && !this.network.down)
      queueMicrotask(() => peer.channels.forEach((channel) => channel.end()));
  }

  become(state: RTCPeerConnectionState): void {
    if (this.connectionState === state || this.signalingState === "closed") return;
    this.connectionState = state;
    this.iceConnectionState = state === "connecting" ? "checking" : state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  /** Connects when there is nothing in the way any more. */
  check(): void {
    const other = [...this.network.connections].find(
      ({ id, signalingState }) =>
        signalingState !== "closed" && id === idOf(this.remoteDescription),
    );
    if (!other || this.network.down || !this.#matches(other) || !other.#matches(this)) return;
    const checked = this.candidates.some(of(other)) || other.candidates.some(of(this));
    if (!checked) return;
    queueMicrotask(() => {
      this.#connect(other);
      other.#connect(this);
    });
  }

  #matches(other: FakePeerConnection): boolean {
    return (
      this.signalingState === "stable" &&
      !!this.remoteDescription &&
      ufragOf(this.remoteDescription) === ufragOf(other.localDescription)
    );
  }

  #connect(other: FakePeerConnection): void {
    if (this.signalingState === "closed" || this.network.down) return;
    this.peer = other;
    this.become("connected");
    for (const channel of this.channels) channel.open(other);
  }

  #gather(): void {
    if (this.signalingState === "closed" || this.iceGatheringState === "gathering") return;
    this.iceGatheringState = "gathering";
    const ufrag = ufragOf(this.localDescription);
    for (const port of [1, 2]) {
      const candidate = `candidate:${port} 1 udp ${port} 192.0.2.1 ${port} typ host ufrag ${ufrag}`;
      this.#emit({ candidate, sdpMid: "0", sdpMLineIndex: 0 });
    }
    this.iceGatheringState = "complete";
    this.#emit(null);
  }

  #emit(init: RTCIceCandidateInit | null): void {
    const candidate = init && { ...init, toJSON: () => init };
    this.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
  }

  #describe(ufrag: string): string {
    const lines = ["v=0", `o=- ${this.id} ${++this.#version} IN IP4 127.0.0.1`, "s=-", "t=0 0"];
    lines.push("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", `a=ice-ufrag:${ufrag}`);
    lines.push(`a=fingerprint:sha-256 ${this.id}`);
    return lines.map((line) => `${line}\r\n`).join("");
  }

  #assertOpen(): void {
    if (this.signalingState === "closed") throw domError("InvalidStateError");
  }
}

export class FakeDataChannel extends EventTarget {
  readonly label: string;
  readyState: RTCDataChannelState = "connecting";
  bufferedAmount = 0;
  readonly #connection: FakePeerConnection;
  readonly #waiting: unknown[] = [];
  #other: FakeDataChannel | undefined;

  constructor(connection: FakePeerConnection, label: string) {
    super();
    this.#connection = connection;
    this.label = label;
  }

  send(data: unknown): void {
    if (this.readyState !== "open") throw domError("InvalidStateError");
    this.#waiting.push(data);
    this.bufferedAmount += String(data).length;
    queueMicrotask(() => this.flush());
  }

  close(): void {
    const other = this.#other;
    this.end();
    queueMicrotask(() => other?.end());
  }

  /** The connection is there: the side that made the channel opens both ends. */
  open(peer: FakePeerConnection): void {
    if (this.readyState === "connecting" && !this.#other) {
      const other = new FakeDataChannel(peer, this.label);
      other.#other = this;
      this.#other = other;
      peer.channels.push(other);
      other.#opened();
      peer.dispatchEvent(Object.assign(new Event("datachannel"), { channel: other }));
      this.#opened();
    }
    this.flush();
  }

  flush(): void {
    if (this.#connection.network.down || this.readyState !== "open") return;
    for (const data of this.#waiting.splice(0)) this.#other?.arrive(data);
    this.bufferedAmount = 0;
  }

  arrive(data: unknown): void {
    if (this.readyState === "open")
      this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  end(): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.dispatchEvent(new Event("close"));
  }

  #opened(): void {
    this.readyState = "open";
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }
}

const domError = (name: string): Error => Object.assign(new Error(name), { name });
const lineOf = (description: RTCSessionDescriptionInit | null, line: RegExp): string =>
  line.exec(description?.sdp ?? "")?.[1] ?? "";
const idOf = (description: RTCSessionDescriptionInit | null) =>
  lineOf(description, /^a=fingerprint:sha-256 (.*?)\r?$/m);
const ufragOf = (description: RTCSessionDescriptionInit | null) =>
  lineOf(description, /^a=ice-ufrag:(.*?)\r?$/m);
const of = (other: FakePeerConnection) => (candidate: string) =>
  candidate.endsWith(`ufrag ${ufragOf(other.localDescription)}`);
