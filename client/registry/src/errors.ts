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
  /** The name of the browser's own error, where one was the cause. */
  reason?: string;
}

export abstract class RegistryClientError extends Error {
  /** Present once there is a room. */
  declare diagnostics?: Diagnostics;
  /** How often the request was made. */
  declare attempts?: number;

  constructor(
    /** Stable: to be compared with. */
    readonly code: string,
    message: string,
    /** Whether the same may work later. */
    readonly retryable = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The registry refused, or what it answered makes no sense (code `bad_response`). */
export class RegistryError extends RegistryClientError {
  override readonly name = "RegistryError";

  constructor(
    code: string,
    message: string,
    retryable: boolean,
    /** Of the HTTP answer. */
    readonly status: number,
    /** Seconds after which the server wants to be asked again. */
    readonly retryAfterSec?: number,
  ) {
    super(code, message, retryable);
  }
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

/** For what an HTTP client rejects with: itself when it is typed, the signal's reason first of all. */
export function networkError(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof RegistryClientError) return error;
  return new NetworkError("network", "The registry could not be reached", true);
}

/** Something took longer than its limit in `timeouts`. */
export class TimeoutError extends RegistryClientError {
  override readonly name = "TimeoutError";
}
