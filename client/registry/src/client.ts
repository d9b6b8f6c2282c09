// The client of the specification: the parts, put together.

import type { CallOptions, IWebRTCRegistryClient, WebRTCClientConfig } from "./interfaces.js";
import { RegistryClient } from "./registry-client.js";
import { RoomManager } from "./room-manager.js";
import { StateManager } from "./state-manager.js";
import { WebRTCManager } from "./webrtc-manager.js";

/** The room manager, but for what it answers. */
const Room = RoomManager as unknown as new (
  ...parts: ConstructorParameters<typeof RoomManager>
) => Omit<RoomManager, "createRoom" | "joinRoom"> & {
  createRoom(hostUserName: string, options?: CallOptions): Promise<any>;
  /**
   * Redeems the codes that the host told.
   * @param roomCode in lower case, with spaces or dashes, if you like
   * @param joinCode six digits; they work once
   * @param guestUserName 1 to 32 of `[a-zA-Z0-9_-]`
   */
  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<void>;
};

export class WebRTCRegistryClient extends Room implements IWebRTCRegistryClient {
  /** @param config what is left out has a default, save the registry's address and `iceServers` */
  constructor(config: WebRTCClientConfig) {
    super(
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
  override async createRoom(hostUserName: string, options?: CallOptions): Promise<string> {
    return (await super.createRoom(hostUserName, options)).code;
  }

  override async joinRoom(...given: Parameters<RoomManager["joinRoom"]>): Promise<void> {
    await super.joinRoom(...given);
  }
}
