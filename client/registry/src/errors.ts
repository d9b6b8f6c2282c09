// Every error of this client. None carries a token, a join code, a description or a candidate.

import type { Role } from "./interfaces.js";

/** The last states of the connection that an error is about. */
export interface Diagnostics {
  connectionState?: RTCPeerConnectionState;
  iceConnectionState?: RTCIceConnectionState;
  iceGatheringState?: RTCIceGatheringState;
  signalingState?: RTCSignalingState;
  role?: Role;
  roomCode?: string;
}

export abstract class RegistryClientError extends Error {
  /** Stable: to be compared with. */
  declare readonly code: string;
  /** Whether the same may work later. */
  declare readonly retryable: boolean;
  /** Present once there is a room. */
  declare diagnostics?: Diagnostics;

  /** @param message what the code says, unless given */
  constructor(
    code: string,
    retryable = false,
    message = code,
    more?: { status: number; retryAfterSec?: number },
  ) {
    super(message);
    Object.assign(this, { code, retryable }, more);
  }
}

/** The registry refused, or what it answered makes no sense (code `bad_response`). */
export class RegistryError extends RegistryClientError {
  override readonly name = "RegistryError";
  /** Of the HTTP answer. */
  declare readonly status: number;
  /** Seconds after which the server wants to be asked again. */
  declare readonly retryAfterSec?: number;
}

/** The peer connection or its channel failed. */
export class WebRTCError extends RegistryClientError {
  override readonly name = "WebRTCError";
}

/** The call does not fit the state. */
export class StateError extends RegistryClientError {
  override readonly name = "StateError";
}

/** The registry could not be reached. */
export class NetworkError extends RegistryClientError {
  override readonly name = "NetworkError";
}

/** Something took longer than its limit in `timeouts`. */
export class TimeoutError extends RegistryClientError {
  override readonly name = "TimeoutError";
}
