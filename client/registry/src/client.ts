// The client of the specification: the parts, put together.

import type { CallOptions, IWebRTCRegistryClient, WebRTCClientConfig } from "./interfaces.js";
import { RegistryClient } from "./registry-client.js";
import { Room } from "./room.js";
import { StateManager } from "./state-manager.js";
import { WebRTCManager } from "./webrtc-manager.js";

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
  async createRoom(hostUserName: string, options?: CallOptions): Promise<string> {
    return (await this.make(hostUserName, options)).code;
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
    await this.join(roomCode, joinCode, guestUserName, options);
  }
}
