// Doubles of the parts between the registry and the application.

import {
  type CallOptions,
  ConnectionState,
  type IRoomManager,
  type IWebRTCManager,
  type IWebRTCRegistryClient,
  type RoomInfo,
  type Undo,
} from "../interfaces.js";
import { StateError } from "../errors.js";
import { type Listeners, listen, tell } from "../listeners.js";
import { StateManager } from "../state-manager.js";
import { WebRTCManager } from "../webrtc-manager.js";
import { FakeNetwork } from "./fake-peer-connection.js";

/** A WebRTCManager in a FakeNetwork that remembers what it was asked for. */
export class FakeWebRTCManager extends WebRTCManager implements IWebRTCManager {
  readonly network: FakeNetwork;
  readonly calls: string[] = [];

  constructor(network = new FakeNetwork()) {
    super(network.RTCPeerConnection);
    this.network = network;
  }

  override createPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection {
    this.calls.push("createPeerConnection");
    return super.createPeerConnection(iceServers);
  }

  override createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit> {
    this.calls.push(options?.iceRestart ? "createOffer(iceRestart)" : "createOffer");
    return super.createOffer(options);
  }

  override createAnswer(
    offer: RTCSessionDescriptionInit,
    options?: RTCAnswerOptions,
  ): Promise<RTCSessionDescriptionInit> {
    this.calls.push("createAnswer");
    return super.createAnswer(offer, options);
  }

  override setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.calls.push("setLocalDescription");
    return super.setLocalDescription(description);
  }

  override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.calls.push("setRemoteDescription");
    return super.setRemoteDescription(description);
  }

  override addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    this.calls.push("addIceCandidate");
    return super.addIceCandidate(candidate);
  }

  override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
    this.calls.push("createDataChannel");
    return super.createDataChannel(label, options);
  }
}

/** Takes every state, and remembers them. */
export class FakeStateManager extends StateManager {
  readonly states: ConnectionState[] = [];
  #state = ConnectionState.IDLE;

  override getState(): ConnectionState {
    return this.#state;
  }

  override setState(state: ConnectionState): void {
    this.states.push(state);
    this.#state = state;
  }

  override reset(): void {
    super.reset();
    this.#state = ConnectionState.IDLE;
  }
}

/** Rooms of FakeRoomManagers: by code, who made the room and who joined it. */
export type FakeRooms = Map<
  string,
  { joinCode: string; host: FakeRoomManager; guest?: FakeRoomManager }
>;

/** A room without WebRTC and registry: two that share `rooms` are connected once both have started. */
export class FakeRoomManager implements IRoomManager {
  readonly rooms: FakeRooms;
  #state = ConnectionState.IDLE;
  #room: RoomInfo | null = null;
  #other: FakeRoomManager | undefined;
  #started: (() => void) | undefined;
  readonly #onState: Listeners<ConnectionState> = new Set();
  readonly #onMessage: Listeners<any> = new Set();
  readonly #onError: Listeners<Error> = new Set();

  constructor(rooms: FakeRooms = new Map()) {
    this.rooms = rooms;
  }

  async createRoom(hostUserName: string, { signal }: CallOptions = {}): Promise<RoomInfo> {
    signal?.throwIfAborted();
    this.#expect(ConnectionState.IDLE);
    this.#go(ConnectionState.CREATING);
    const code = `ROOM${String(this.rooms.size).padStart(4, "0")}`;
    const joinCode = String(100_000 + this.rooms.size);
    this.rooms.set(code, { joinCode, host: this });
    return this.#enter({ code, joinCode, hostUserName, role: "host", token: "", expiresAt: 0 });
  }

  async joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    { signal }: CallOptions = {},
  ): Promise<RoomInfo> {
    signal?.throwIfAborted();
    this.#expect(ConnectionState.IDLE);
    this.#go(ConnectionState.JOINING);
    const room = this.rooms.get(roomCode);
    if (!room || room.guest || room.joinCode !== joinCode)
      throw this.fail(new Error("No such room"));
    room.guest = this;
    this.#other = room.host;
    room.host.#other = this;
    return this.#enter({ code: roomCode, guestUserName, role: "guest", token: "", expiresAt: 0 });
  }

  async startConnection({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#expect(ConnectionState.CREATED, ConnectionState.JOINED);
    this.#go(ConnectionState.CONNECTING);
    const both = new Promise<void>((resolve) => (this.#started = resolve));
    const other = this.#other;
    if (other && other.#started) {
      other.#connected();
      this.#connected();
    }
    return both;
  }

  async closeRoom(): Promise<void> {
    const other = this.#other;
    if (this.#room) this.rooms.delete(this.#room.code);
    this.#room = null;
    this.#other = this.#started = undefined;
    this.#go(ConnectionState.IDLE);
    if (other) other.#other = undefined;
    if (other?.getConnectionState() === ConnectionState.CONNECTED)
      other.#go(ConnectionState.DISCONNECTED);
  }

  onStateChange(callback: (state: ConnectionState) => void): Undo {
    return listen(this.#onState, callback);
  }

  onMessage(callback: (message: any) => void): Undo {
    return listen(this.#onMessage, callback);
  }

  onError(callback: (error: Error) => void): Undo {
    return listen(this.#onError, callback);
  }

  sendMessage(message: any): void {
    this.#expect(ConnectionState.CONNECTED);
    const copy = JSON.parse(JSON.stringify(message));
    const other = this.#other;
    queueMicrotask(() => other && tell(other.#onMessage, copy));
  }

  getConnectionState(): ConnectionState {
    return this.#state;
  }

  getRoomInfo(): RoomInfo | null {
    return this.#room;
  }

  /** Makes it fail: the state is `error`, and the error is told. */
  fail(error: Error): Error {
    this.#go(ConnectionState.ERROR);
    tell(this.#onError, error);
    return error;
  }

  #enter(room: RoomInfo): RoomInfo {
    this.#room = room;
    this.#go(room.role === "host" ? ConnectionState.CREATED : ConnectionState.JOINED);
    return room;
  }

  #connected(): void {
    this.#go(ConnectionState.CONNECTED);
    this.#started?.();
  }

  #go(state: ConnectionState): void {
    this.#state = state;
    tell(this.#onState, state);
  }

  #expect(...states: ConnectionState[]): void {
    if (!states.includes(this.#state))
      throw new StateError("bad_state", false, `not while ${this.#state}`);
  }
}

/** The client as an application sees it, on FakeRoomManagers. */
export class FakeWebRTCRegistryClient implements IWebRTCRegistryClient {
  readonly manager: FakeRoomManager;

  constructor(rooms?: FakeRooms) {
    this.manager = new FakeRoomManager(rooms);
  }

  async createRoom(hostUserName: string, options?: CallOptions): Promise<string> {
    return (await this.manager.createRoom(hostUserName, options)).code;
  }

  async joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<void> {
    await this.manager.joinRoom(roomCode, joinCode, guestUserName, options);
  }

  startConnection(options?: CallOptions): Promise<void> {
    return this.manager.startConnection(options);
  }

  closeRoom(): Promise<void> {
    return this.manager.closeRoom();
  }

  sendMessage(message: any): void {
    this.manager.sendMessage(message);
  }

  onStateChange(callback: (state: ConnectionState) => void): Undo {
    return this.manager.onStateChange(callback);
  }

  onMessage(callback: (message: any) => void): Undo {
    return this.manager.onMessage(callback);
  }

  onError(callback: (error: Error) => void): Undo {
    return this.manager.onError(callback);
  }

  getConnectionState(): ConnectionState {
    return this.manager.getConnectionState();
  }

  getRoomInfo(): RoomInfo | null {
    return this.manager.getRoomInfo();
  }
}
