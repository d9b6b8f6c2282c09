// What the parts of the client promise each other. Every interface can be implemented anew and
// injected; what an optional member adds may be missing from an implementation.

export enum ConnectionState {
  IDLE = "idle",
  CREATING = "creating",
  CREATED = "created",
  JOINING = "joining",
  JOINED = "joined",
  CONNECTING = "connecting",
  CONNECTED = "connected",
  DISCONNECTED = "disconnected",
  ERROR = "error",
}

export type Role = "host" | "guest";

/** Takes back what the call that returned it did. Calling it twice does no harm. */
export type Undo = () => void;

export interface CallOptions {
  /** Ends the operation: its promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

// The registry over HTTP

export interface RoomCreationResponse {
  code: string;
  /** Secret: whoever has it is the host. */
  ownerToken: string;
  /** Six digits that admit one guest, once. */
  joinCode: string;
  /** Epoch ms by the server's clock. */
  expiresAt: number;
}

export interface PublicRoomInfo {
  status: "open";
  expiresAt: number;
  hostUserName: string;
}

export interface RoomJoinResponse {
  /** Secret: whoever has it is the guest. */
  guestToken: string;
  expiresAt: number;
}

export interface RoomSnapshot {
  status: "open" | "joined" | "paired" | "closed";
  offer: RTCSessionDescriptionInit | null;
  answer: RTCSessionDescriptionInit | null;
  updatedAt: number;
  expiresAt: number;
  /** Counts offers from 1; absent until the first one, and on servers that cannot renegotiate. */
  generation?: number;
  /** What the server calls this state, when it says so and the HTTP client can tell. */
  etag?: string;
}

export interface CandidateList {
  items: RTCIceCandidateInit[];
  /** "full": these are all there are; "delta": they come after the `since` that was asked for. */
  mode: "full" | "delta";
  lastSeq?: number;
}

export interface RoomReadOptions extends CallOptions {
  /** Seconds (0 to 25) that the server may hold the answer until there is something new. */
  wait?: number;
  /** An earlier answer: when nothing changed since, it is what the promise resolves to. */
  known?: RoomSnapshot;
}

export interface CandidateReadOptions extends CallOptions {
  /** Seconds (0 to 25) that the server may hold the answer until there is something new. */
  wait?: number;
  /** The `lastSeq` of an earlier answer: only what came after it is asked for. */
  since?: number;
}

export interface DescriptionOptions extends CallOptions {
  /** Of an ICE restart: 2 and up. Absent for the first offer and answer. */
  generation?: number;
}

export interface IRegistryClient {
  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomCreationResponse>;
  getPublicRoomInfo(roomCode: string, options?: CallOptions): Promise<PublicRoomInfo>;
  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomJoinResponse>;
  postOffer(
    roomCode: string,
    token: string,
    offer: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void>;
  postAnswer(
    roomCode: string,
    token: string,
    answer: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void>;
  postCandidate(
    roomCode: string,
    token: string,
    candidate: RTCIceCandidateInit,
    options?: CallOptions,
  ): Promise<void>;
  /** Posts 1 to 40 candidates in one request. Without it they are posted one by one. */
  postCandidates?(
    roomCode: string,
    token: string,
    candidates: RTCIceCandidateInit[],
    options?: CallOptions,
  ): Promise<void>;
  getRoom(roomCode: string, token: string, options?: RoomReadOptions): Promise<RoomSnapshot>;
  getCandidates(
    roomCode: string,
    token: string,
    options?: CandidateReadOptions,
  ): Promise<CandidateList>;
  /** Resolves too when there is no such room any more. */
  closeRoom(roomCode: string, token: string, options?: CallOptions): Promise<void>;
}

export interface HttpRequest extends CallOptions {
  method: "GET" | "POST";
  url: string;
  headers?: Record<string, string>;
  /** Sent as JSON; absent: no body. */
  body?: unknown;
}

export interface HttpResponse {
  status: number;
  headers?: { get(name: string): string | null };
  /** The parsed JSON, or undefined when there is none. */
  body: unknown;
}

export interface IHttpClient {
  /** Resolves to the parsed JSON of a 2xx answer, and rejects otherwise. */
  get(url: string, headers?: Record<string, string>): Promise<any>;
  post(url: string, body?: any, headers?: Record<string, string>): Promise<any>;
  /**
   * Resolves to the answer whatever its status. With it the client can abort requests, revalidate
   * by ETag and respect Retry-After; without it, it does without.
   */
  request?(request: HttpRequest): Promise<HttpResponse>;
}

// WebRTC

export interface IWebRTCManager {
  createPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection;
  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit>;
  /** Applies the offer, then makes the answer to it. */
  createAnswer(
    offer: RTCSessionDescriptionInit,
    options?: RTCAnswerOptions,
  ): Promise<RTCSessionDescriptionInit>;
  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void>;
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void>;
  createDataChannel(label: string, dataChannelDict?: RTCDataChannelInit): RTCDataChannel;
  /** An empty candidate says that there are no more. */
  onIceCandidate(callback: (candidate: RTCIceCandidateInit) => void): void;
  onConnectionStateChange(callback: (state: RTCPeerConnectionState) => void): void;
  onDataChannel(callback: (channel: RTCDataChannel) => void): void;
}

// State

export interface RoomInfo {
  code: string;
  hostUserName?: string;
  guestUserName?: string;
  role: Role;
  /** Secret. */
  token: string;
  /** Epoch ms by the server's clock, as of when the room was created or joined. */
  expiresAt: number;
  /** Host only: what the guest needs besides the room code. */
  joinCode?: string;
}

export interface IStateManager {
  getState(): ConnectionState;
  setState(state: ConnectionState): void;
  getRoomInfo(): RoomInfo | null;
  setRoomInfo(roomInfo: RoomInfo): void;
  getPeerConnection(): RTCPeerConnection | null;
  setPeerConnection(connection: RTCPeerConnection): void;
  getDataChannel(): RTCDataChannel | null;
  setDataChannel(channel: RTCDataChannel): void;
  reset(): void;
}

// The room and the client

export interface IRoomManager {
  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomInfo>;
  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomInfo>;
  startConnection(options?: CallOptions): Promise<void>;
  closeRoom(options?: CallOptions): Promise<void>;
  onStateChange(callback: (state: ConnectionState) => void): void;
  onMessage(callback: (message: any) => void): void;
  sendMessage(message: any): void;
  getConnectionState(): ConnectionState;
  getRoomInfo(): RoomInfo | null;
}

/** What an instance of the client offers; its constructor takes a WebRTCClientConfig. */
export interface IWebRTCRegistryClient {
  createRoom(hostUserName: string, options?: CallOptions): Promise<string>;
  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<void>;
  startConnection(options?: CallOptions): Promise<void>;
  sendMessage(message: any): void;
  closeRoom(options?: CallOptions): Promise<void>;
  onStateChange(callback: (state: ConnectionState) => void): void;
  onMessage(callback: (message: any) => void): void;
  onError(callback: (error: Error) => void): void;
  getConnectionState(): ConnectionState;
  getRoomInfo(): RoomInfo | null;
}

// Configuration

/** Time and timers. `now` is in ms and never goes back; its origin means nothing. */
export interface Clock {
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** All in ms, save `attempts`. */
export interface RetryPolicy {
  /** How often a request is made, the first time included. */
  attempts: number;
  /** The second retry comes after a random time up to this; every later one after up to twice as much. The first comes at once. */
  base: number;
  max: number;
  /** The longest Retry-After that is waited for; a longer one is left to the application. */
  maxRetryAfter: number;
}

/** All in ms. */
export interface Timeouts {
  /** One request, on top of the time that it asks the server to wait. */
  request: number;
  /** Until the other side has said something: its offer or its answer. */
  peer: number;
  /** From there until the channel is open; of a reconnection, one attempt. */
  connect: number;
  /** What a `disconnected` connection is given to heal by itself. */
  heal: number;
  /** All of a reconnection. */
  restart: number;
}

export interface PollingPolicy {
  /** Seconds that the server is asked to hold an answer: 0 to 25. 0: plain polling. */
  wait: number;
  /** ms between two reads of a server that does not hold its answers. */
  interval: number;
  /** ms up to which that grows while there is nothing new. */
  maxInterval: number;
}

export interface HeartbeatOptions {
  /** ms between two pings. */
  intervalMs: number;
  /** ms without an answer after which the peer counts as dead. */
  timeoutMs: number;
}

export interface ChannelOptions {
  label: string;
  options?: RTCDataChannelInit;
  /** Bytes that may be waiting to be sent; a message that would exceed it is refused. */
  maxBuffered: number;
}

export interface RoomManagerConfig {
  iceServers: RTCIceServer[];
  /** ms in which candidates are gathered, to be sent together. */
  candidateBatch?: number;
  timeouts?: Partial<Timeouts>;
  polling?: Partial<PollingPolicy>;
  /** Pings the peer while connected; true: with the defaults. Off unless set. */
  heartbeat?: boolean | Partial<HeartbeatOptions>;
  channel?: Partial<ChannelOptions>;
  clock?: Clock;
  /** A number from 0 up to, and not including, 1. */
  random?: () => number;
}

export interface RegistryClientConfig {
  registryApiUrl: string;
  httpClient?: IHttpClient;
  fetch?: typeof fetch;
  retry?: Partial<RetryPolicy>;
  timeouts?: Partial<Timeouts>;
  clock?: Clock;
  random?: () => number;
}

export interface WebRTCClientConfig extends RegistryClientConfig, RoomManagerConfig {
  webRTCManager?: IWebRTCManager;
  stateManager?: IStateManager;
  registryClient?: IRegistryClient;
  RTCPeerConnection?: typeof RTCPeerConnection;
}
