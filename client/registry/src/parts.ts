// The configuration of a room with every default filled in, and what its parts share.

import type {
  Clock,
  ConnectionState,
  HeartbeatOptions,
  IRegistryClient,
  IStateManager,
  IWebRTCManager,
  PollingPolicy,
  RoomManagerConfig,
  Timeouts,
} from "./interfaces.js";
import { RegistryClientError, WebRTCError } from "./errors.js";
import { type Listeners, tell } from "./listeners.js";
import { systemClock } from "./time.js";

const TIMEOUTS: Timeouts = {
  request: 10_000,
  peer: 300_000,
  connect: 30_000,
  heal: 2_500,
  restart: 120_000,
  attempt: 15_000,
};
const POLLING: PollingPolicy = { wait: 25, interval: 1000, maxInterval: 2000 };
const HEARTBEAT: HeartbeatOptions = { intervalMs: 5000, timeoutMs: 10_000 };

export interface Settings extends RoomManagerConfig {
  clock: Clock;
  random: () => number;
  candidateBatch: number;
  timeouts: Timeouts;
  polling: PollingPolicy;
  heartbeat: HeartbeatOptions | undefined;
}

export function settingsOf(config: RoomManagerConfig): Settings {
  const { heartbeat } = config;
  return {
    clock: systemClock,
    random: Math.random,
    candidateBatch: 15,
    ...config,
    timeouts: { ...TIMEOUTS, ...config.timeouts },
    polling: { ...POLLING, ...config.polling },
    heartbeat: heartbeat ? { ...HEARTBEAT, ...(heartbeat as object) } : undefined,
  };
}

/** What a room and its session share. */
export interface Parts {
  registry: IRegistryClient;
  webrtc: IWebRTCManager;
  state: IStateManager;
  settings: Settings;
  onState: Listeners<ConnectionState>;
  onMessage: Listeners<any>;
  onError: Listeners<Error>;
  onHeartbeat: Listeners<number>;
}

export function go({ state, onState }: Parts, next: ConnectionState): void {
  state.setState(next);
  tell(onState, next);
}

/** What is thrown is one of ours, with the last states of the connection. */
export function typed({ state }: Parts, error: unknown): RegistryClientError {
  const known = error instanceof RegistryClientError;
  const own = known ? error : new WebRTCError("webrtc_failed", "WebRTC refused what was asked");
  const { role, code: roomCode } = state.getRoomInfo() ?? {};
  const { connectionState, iceConnectionState, iceGatheringState, signalingState } =
    state.getPeerConnection() ?? ({} as Partial<RTCPeerConnection>);
  own.diagnostics ??= {
    role,
    roomCode,
    connectionState,
    iceConnectionState,
    iceGatheringState,
    signalingState,
    // Its message may quote the description.
    reason: known ? undefined : (error as Error)?.name,
  };
  return own;
}
