// One room as the application sees it: its states, its operations and its events. What goes on
// between them is the session's.

import { type RegistryClientError, StateError, WebRTCError } from "./errors.js";
import {
  type CallOptions,
  ConnectionState,
  type IRegistryClient,
  type IRoomManager,
  type IStateManager,
  type IWebRTCManager,
  type RoomInfo,
  type RoomManagerConfig,
  type Undo,
} from "./interfaces.js";
import { listen } from "./listeners.js";
import { encode } from "./messages.js";
import { go, type Parts, report, settingsOf, typed } from "./parts.js";
import { openSession, type Session } from "./session.js";
import { scoped } from "./time.js";

export class RoomManager implements IRoomManager {
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
      ...settingsOf(config),
      registry,
      webrtc,
      state,
      onState: new Set(),
      onMessage: new Set(),
      onError: new Set(),
    };
    webrtc.onIceCandidate((candidate) => this.#session?.candidate(candidate));
    webrtc.onConnectionStateChange((state) => this.#session?.connectionState(state));
    webrtc.onDataChannel((channel) => this.#session?.channel(channel));
  }

  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomInfo> {
    return this.#enter(
      ConnectionState.CREATING,
      ConnectionState.CREATED,
      options,
      async (registry, call) => {
        const { ownerToken: token, ...room } = await registry.createRoom(hostUserName, call);
        return { ...room, token, hostUserName, role: "host" };
      },
    );
  }

  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomInfo> {
    // As the host has it. What is left of no code is one that no room has.
    const code = roomCode.replace(/[^a-z\d]/gi, "").toUpperCase() || "-";
    return this.#enter(
      ConnectionState.JOINING,
      ConnectionState.JOINED,
      options,
      async (registry, call) => {
        const joined = await registry.joinRoom(code, joinCode, guestUserName, call);
        const { guestToken: token, ...room } = joined;
        return { ...room, code, token, guestUserName, role: "guest" };
      },
    );
  }

  /**
   * Resolves when messages can be sent. The host may call it before the guest has joined. Given up
   * by its signal, it may be called again.
   */
  startConnection(options?: CallOptions): Promise<void> {
    const before = this.getConnectionState();
    return this.#operate(
      [ConnectionState.CREATED, ConnectionState.JOINED],
      before,
      options,
      (signal) => {
        go(this.#parts, ConnectionState.CONNECTING);
        return this.#session!.connect(signal);
      },
    );
  }

  /**
   * Tells the other side, lets go of everything, and forgets the room, which a host also closes in
   * the registry. Does nothing where there is no room.
   */
  async closeRoom(options?: CallOptions): Promise<void> {
    this.#session?.bye();
    await this.#leave(ConnectionState.IDLE, new StateError("closed"), options)?.catch((error) => {
      // A room that is gone is closed.
      if (error.code !== "not_found")
        throw options?.signal?.aborted ? error : report(this.#parts, error);
    });
  }

  onStateChange(callback: (state: ConnectionState) => void): Undo {
    return listen(this.#parts.onState, callback);
  }

  onMessage(callback: (message: any) => void): Undo {
    return listen(this.#parts.onMessage, callback);
  }

  /** Called with every error, those too that a promise rejects with. */
  onError(callback: (error: RegistryClientError) => void): Undo {
    return listen(this.#parts.onError, callback);
  }

  /** The last round-trip time in ms; undefined before the first. */
  get roundTripTimeMs(): number | undefined {
    return this.#session?.roundTripTimeMs;
  }

  /**
   * Sends any value that JSON can express; it arrives as it was.
   * @throws {StateError} unless connected, which it is not either while it reconnects
   * @throws {WebRTCError} `bad_message`, `too_big`, `buffer_full` (retryable)
   */
  sendMessage(message: any): void {
    this.#expect([ConnectionState.CONNECTED]);
    const {
      state,
      channel: { maxBuffered },
    } = this.#parts;
    try {
      const text = encode(message);
      const channel = state.getDataChannel()!;
      const { size } = new Blob([text]);
      if (size > (state.getPeerConnection()?.sctp?.maxMessageSize ?? Infinity))
        throw new WebRTCError("too_big");
      if (channel.bufferedAmount + size > maxBuffered) throw new WebRTCError("buffer_full", true);
      channel.send(text);
    } catch (error) {
      throw report(this.#parts, error);
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
    ask: (registry: IRegistryClient, call: CallOptions) => Promise<RoomInfo>,
  ): Promise<RoomInfo> {
    const parts = this.#parts;

    return this.#operate(
      [ConnectionState.IDLE, ConnectionState.ERROR],
      ConnectionState.IDLE,
      options,
      async (signal) => {
        parts.state.reset();
        go(parts, during);
        const room = await ask(parts.registry, { signal });
        signal.throwIfAborted();
        parts.state.setRoomInfo(room);
        this.#session = openSession(room, parts, this.#life.signal, (state, why) =>
          this.#end(state, why),
        );
        go(parts, after);
        return room;
      },
    );
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
    try {
      return await scoped(work, life, user);
    } catch (error) {
      if (life.aborted) throw life.reason;
      if (!user?.aborted) throw this.#end(ConnectionState.ERROR, error);
      this.#session?.drop();
      go(this.#parts, back);
      throw user.reason;
    }
  }

  #end(next: ConnectionState, cause: unknown): RegistryClientError {
    const error = typed(this.#parts, cause);
    this.#leave(next, error)?.catch(() => {});
    return report(this.#parts, error);
  }

  /** Lets go of everything. What it returns is a host closing the room, where there is one to close. */
  #leave(next: ConnectionState, reason: Error, options?: CallOptions): Promise<void> | undefined {
    const { registry, state } = this.#parts;
    const room = state.getRoomInfo();
    const session = this.#session;
    this.#life.abort(reason);
    this.#life = new AbortController();
    session?.drop();
    this.#session = undefined;
    const before = state.getState();
    if (next === ConnectionState.IDLE) state.reset();
    if (next !== before) go(this.#parts, next);
    // After an error, or a goodbye, it was closed already.
    return room?.role === "host" && session
      ? registry.closeRoom(room.code, room.token, options)
      : undefined;
  }

  #expect(states: ConnectionState[]): void {
    const state = this.getConnectionState();
    if (!states.includes(state))
      throw report(this.#parts, new StateError("bad_state", false, `not while ${state}`));
  }
}
