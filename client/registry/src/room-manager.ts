// The room on its own, for those who bring the other parts.

import type { CallOptions, IRoomManager, RoomInfo } from "./interfaces.js";
import { Room } from "./room.js";

export class RoomManager extends Room implements IRoomManager {
  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomInfo> {
    return this.make(hostUserName, options);
  }

  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomInfo> {
    return this.join(roomCode, joinCode, guestUserName, options);
  }
}
