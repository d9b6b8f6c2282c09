// Where the client is, and which way it may go from there.

import { StateError } from "./errors.js";
import { ConnectionState, type IStateManager, type RoomInfo } from "./interfaces.js";

/** Every state may go to `idle`, all but `idle` to `error`. */
const NEXT: Partial<Record<ConnectionState, ConnectionState[]>> = {
  [ConnectionState.IDLE]: [ConnectionState.CREATING, ConnectionState.JOINING],
  [ConnectionState.CREATING]: [ConnectionState.CREATED],
  [ConnectionState.CREATED]: [ConnectionState.CONNECTING],
  [ConnectionState.JOINING]: [ConnectionState.JOINED],
  [ConnectionState.JOINED]: [ConnectionState.CONNECTING],
  // Back to where it came from, when the application gave up waiting.
  [ConnectionState.CONNECTING]: [
    ConnectionState.CONNECTED,
    ConnectionState.CREATED,
    ConnectionState.JOINED,
    ConnectionState.DISCONNECTED,
  ],
  [ConnectionState.CONNECTED]: [ConnectionState.DISCONNECTED],
  [ConnectionState.DISCONNECTED]: [ConnectionState.CONNECTING, ConnectionState.CONNECTED],
};

const mayGo = (from: ConnectionState, to: ConnectionState): unknown =>
  to === ConnectionState.IDLE ||
  (to === ConnectionState.ERROR && from !== ConnectionState.IDLE) ||
  NEXT[from]?.includes(to);

export class StateManager implements IStateManager {
  #state = ConnectionState.IDLE;
  #room: RoomInfo | null = null;
  #connection: RTCPeerConnection | null = null;
  #channel: RTCDataChannel | null = null;

  getState(): ConnectionState {
    return this.#state;
  }

  /** @throws {StateError} when there is no way from the state to this one */
  setState(state: ConnectionState): void {
    if (!mayGo(this.#state, state))
      throw new StateError("bad_state", false, `${this.#state} to ${state}`);
    this.#state = state;
  }

  getRoomInfo(): RoomInfo | null {
    return this.#room;
  }

  setRoomInfo(roomInfo: RoomInfo): void {
    this.#room = roomInfo;
  }

  getPeerConnection(): RTCPeerConnection | null {
    return this.#connection;
  }

  setPeerConnection(connection: RTCPeerConnection): void {
    this.#connection = connection;
  }

  getDataChannel(): RTCDataChannel | null {
    return this.#channel;
  }

  setDataChannel(channel: RTCDataChannel): void {
    this.#channel = channel;
  }

  /** Forgets everything; the state is `idle`. */
  reset(): void {
    this.#state = ConnectionState.IDLE;
    this.#room = this.#connection = this.#channel = null;
  }
}
