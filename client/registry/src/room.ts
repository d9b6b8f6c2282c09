// One room as the application sees it: its states, its operations and its events. What goes on
// between them is the session's.

import { type RegistryClientError, StateError, WebRTCError } from "./errors.js";
import {
  type CallOptions,
  ConnectionState,
  type IRegistryClient,
  type IStateManager,
  type IWebRTCManager,
  type RoomInfo,
  type RoomManagerConfig,
  type Undo,
} from "./interfaces.js";
import { listen, tell } from "./listeners.js";
import { encode } from "./messages.js";
import { go, type Parts, settingsOf, typed } from "./parts.js";
import { openSession, type Session } from "./session.js";
import { scope } from "./time.js";

const MAX_BUFFERED = 8 << 20;

export abstract class Room {
  readonly #parts: Parts;
  #session: Session | undefined;
  /** Ends with the room. */
  #life = new AbortController();

  constructor(
    registry: IRegistryClient,
    webrtc: IWebRTCManager,
    state: IStateManager,
    config: RoomManagerConfig,
  ) {
    this.#parts = {
      registry,
      webrtc,
      state,
      settings: settingsOf(config),
      onState: new Set(),
      onMessage: new Set(),
      onError: new Set(),
      onHeartbeat: new Set(),
    };
    webrtc.onIceCandidate((candidate) => this.#session?.candidate(candidate));
    webrtc.onConnectionStateChange((state) => this.#session?.connectionState(state));
    webrtc.onDataChannel((channel) => this.#session?.channel(channel));
  }

  protected make(hostUserName: string, options?: CallOptions): Promise<RoomInfo> {
    return this.#enter(ConnectionState.CREATING, ConnectionState.CREATED, options, async (call) => {
      const room = await this.#parts.registry.createRoom(hostUserName, call);
      const { code, joinCode, ownerToken: token, expiresAt } = room;
      return { code, hostUserName, role: "host", token, expiresAt, joinCode };
    });
  }

  protected join(
    code: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomInfo> {
    return this.#enter(ConnectionState.JOINING, ConnectionState.JOINED, options, async (call) => {
      const room = await this.#parts.registry.joinRoom(code, joinCode, guestUserName, call);
      const { guestToken: token, expiresAt } = room;
      return { code, guestUserName, role: "guest", token, expiresAt };
    });
  }

  /**
   * Resolves when messages can be sent. The host may call it before the guest has joined. Given up
   * by its signal, it may be called again.
   */
  startConnection(options?: CallOptions): Promise<void> {
    const from = [ConnectionState.CREATED, ConnectionState.JOINED];
    return this.#operate(from, this.getConnectionState(), options, (signal) => {
      go(this.#parts, ConnectionState.CONNECTING);
      return this.#session!.connect(signal);
    });
  }

  /**
   * Tells the other side, lets go of everything, and forgets the room, which a host also closes in
   * the registry. Does nothing where there is no room.
   */
  async closeRoom(options: CallOptions = {}): Promise<void> {
    const { registry, state, onState } = this.#parts;
    const room = state.getRoomInfo();
    const before = state.getState();
    if (before === ConnectionState.IDLE) return;
    this.#session?.bye();
    this.#release(new StateError("closed", "The room was closed"));
    state.reset();
    tell(onState, ConnectionState.IDLE);
    // With an error the room was closed already.
    if (room?.role === "host" && before !== ConnectionState.ERROR)
      await registry.closeRoom(room.code, room.token, options).catch((error) => {
        if (error.code !== "not_found") throw options.signal?.aborted ? error : this.#tell(error);
      });
  }

  onStateChange(callback: (state: ConnectionState) => void): Undo {
    return listen(this.#parts.onState, callback);
  }

  onMessage(callback: (message: any) => void): Undo {
    return listen(this.#parts.onMessage, callback);
  }

  /** Called with every error, those too that a promise rejects with. */
  onError(callback: (error: Error) => void): Undo {
    return listen(this.#parts.onError, callback);
  }

  /** Called with every round-trip time that is measured, in ms. */
  onHeartbeat(callback: (roundTripTimeMs: number) => void): Undo {
    return listen(this.#parts.onHeartbeat, callback);
  }

  /** The last round-trip time in ms; undefined before the first. */
  get roundTripTimeMs(): number | undefined {
    return this.#session?.roundTripTime;
  }

  /**
   * Sends any value that JSON can express; it arrives as it was.
   * @throws {StateError} unless connected, which it is not either while it reconnects
   * @throws {WebRTCError} `bad_message`, `message_too_big`, `buffer_full` (retryable)
   */
  sendMessage(message: any): void {
    this.#expect([ConnectionState.CONNECTED]);
    const { state, settings } = this.#parts;
    try {
      const text = encode(message);
      const channel = state.getDataChannel()!;
      const size = new TextEncoder().encode(text).length;
      const limit = state.getPeerConnection()?.sctp?.maxMessageSize ?? Infinity;
      if (size > limit)
        throw new WebRTCError("message_too_big", `${size} bytes, and ${limit} are the limit`);
      if (channel.bufferedAmount + size > (settings.channel?.maxBuffered ?? MAX_BUFFERED))
        throw new WebRTCError("buffer_full", "Too much is waiting to be sent", true);
      channel.send(text);
    } catch (error) {
      throw this.#tell(error);
    }
  }

  getConnectionState(): ConnectionState {
    return this.#parts.state.getState();
  }

  getRoomInfo(): RoomInfo | null {
    return this.#parts.state.getRoomInfo();
  }

  #enter(
    during: ConnectionState,
    after: ConnectionState,
    options: CallOptions | undefined,
    ask: (call: CallOptions) => Promise<RoomInfo>,
  ): Promise<RoomInfo> {
    const parts = this.#parts;
    const from = [ConnectionState.IDLE, ConnectionState.ERROR];
    return this.#operate(from, ConnectionState.IDLE, options, async (signal) => {
      parts.state.reset();
      go(parts, during);
      const room = await ask({ signal });
      signal.throwIfAborted();
      parts.state.setRoomInfo(room);
      this.#session = openSession(room, parts, this.#life.signal, (state, why) =>
        this.#end(state, why),
      );
      go(parts, after);
      return room;
    });
  }

  /** @param back the state to return to when the application gives up */
  async #operate<T>(
    from: ConnectionState[],
    back: ConnectionState,
    { signal: user }: CallOptions = {},
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    user?.throwIfAborted();
    this.#expect(from);
    const life = this.#life.signal;
    const own = scope(life, user);
    try {
      return await work(own.signal);
    } catch (error) {
      if (life.aborted) throw life.reason;
      if (!user?.aborted) throw this.#end(ConnectionState.ERROR, error);
      this.#session?.drop();
      go(this.#parts, back);
      throw user.reason;
    } finally {
      own.abort();
    }
  }

  #end(next: ConnectionState, cause: unknown): RegistryClientError {
    const { registry, state } = this.#parts;
    const room = state.getRoomInfo();
    const error = typed(this.#parts, cause);
    this.#release(error);
    if (state.getState() !== next) go(this.#parts, next);
    if (room?.role === "host" && next === ConnectionState.ERROR)
      registry.closeRoom(room.code, room.token).catch(() => {});
    return this.#tell(error);
  }

  #release(reason: Error): void {
    this.#life.abort(reason);
    this.#life = new AbortController();
    this.#session?.drop();
    this.#session = undefined;
  }

  #expect(states: ConnectionState[]): void {
    const state = this.getConnectionState();
    if (!states.includes(state))
      throw this.#tell(new StateError("bad_state", `Not possible while ${state}`));
  }

  #tell(cause: unknown): RegistryClientError {
    const error = typed(this.#parts, cause);
    tell(this.#parts.onError, error);
    return error;
  }
}
