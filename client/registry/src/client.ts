// The client of the specification: the parts, put together.

import {
  type CallOptions,
  type ConnectionState,
  type IWebRTCRegistryClient,
  type RoomInfo,
  type Undo,
  type WebRTCClientConfig,
} from "./interfaces.js";
import { RegistryClient } from "./registry-client.js";
import { RoomManager } from "./room-manager.js";
import { StateManager } from "./state-manager.js";
import { WebRTCManager } from "./webrtc-manager.js";

export class WebRTCRegistryClient implements IWebRTCRegistryClient {
  readonly #rooms: RoomManager;

  /** @param config what is left out has a default, save the registry's address and `iceServers` */
  constructor(config: WebRTCClientConfig) {
    this.#rooms = new RoomManager(
      config.registryClient ?? new RegistryClient(config),
      config.webRTCManager ?? new WebRTCManager(config.RTCPeerConnection),
      config.stateManager ?? new StateManager(),
      config,
    );
  }

  /**
   * Makes a room and resolves to its code. The guest needs the join code too: `getRoomInfo().joinCode`.
   * @param hostUserName 1 to 32 of `[a-zA-Z0-9_-]`
   */
  async createRoom(hostUserName: string, options?: CallOptions): Promise<string> {
    return (await this.#rooms.createRoom(hostUserName, options)).code;
  }

  /**
   * Redeems the codes that the host told.
   * @param roomCode in lower case, with spaces or dashes, if you like
   * @param joinCode six digits; they work once
   * @param guestUserName 1 to 32 of `[a-zA-Z0-9_-]`
   */
  async joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<void> {
    await this.#rooms.joinRoom(roomCode, joinCode, guestUserName, options);
  }

  /** Resolves when messages can be sent. The host may call it before the guest has joined. */
  startConnection(options?: CallOptions): Promise<void> {
    return this.#rooms.startConnection(options);
  }

  /**
   * Sends any value that JSON can express; it arrives as it was.
   * @throws {StateError} unless connected, which it is not either while it reconnects
   * @throws {WebRTCError} `bad_message`, `message_too_big`, `buffer_full` (retryable)
   */
  sendMessage(message: any): void {
    this.#rooms.sendMessage(message);
  }

  /** Tells the other side, lets go of everything, and forgets the room, which a host closes. */
  closeRoom(options?: CallOptions): Promise<void> {
    return this.#rooms.closeRoom(options);
  }

  onStateChange(callback: (state: ConnectionState) => void): Undo {
    return this.#rooms.onStateChange(callback);
  }

  onMessage(callback: (message: any) => void): Undo {
    return this.#rooms.onMessage(callback);
  }

  /** Called with every error, those too that a promise rejects with. */
  onError(callback: (error: Error) => void): Undo {
    return this.#rooms.onError(callback);
  }

  /** Called with every round-trip time that is measured, in ms. */
  onHeartbeat(callback: (roundTripTimeMs: number) => void): Undo {
    return this.#rooms.onHeartbeat(callback);
  }

  /** The last round-trip time in ms; undefined before the first. */
  get roundTripTimeMs(): number | undefined {
    return this.#rooms.roundTripTimeMs;
  }

  getConnectionState(): ConnectionState {
    return this.#rooms.getConnectionState();
  }

  getRoomInfo(): RoomInfo | null {
    return this.#rooms.getRoomInfo();
  }
}
