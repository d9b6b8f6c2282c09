// The configuration with every default filled in, and what a room and its session share.

import { RegistryClientError, WebRTCError } from "./errors.js";
import type {
  ChannelOptions,
  Clock,
  ConnectionState,
  HeartbeatOptions,
  IRegistryClient,
  IStateManager,
  IWebRTCManager,
  PollingPolicy,
  RegistryClientConfig,
  RetryPolicy,
  RoomManagerConfig,
  Timeouts,
} from "./interfaces.js";
import { type Listeners, tell } from "./listeners.js";
import { systemClock } from "./time.js";

export interface Settings {
  clock: Clock;
  random: () => number;
  retry: RetryPolicy;
  timeouts: Timeouts;
  polling: PollingPolicy;
  channel: ChannelOptions;
  heartbeat: HeartbeatOptions | undefined;
  candidateBatch: number;
}

export function settingsOf<Config extends Partial<RegistryClientConfig & RoomManagerConfig>>(
  config: Config,
): Config & Settings {
  return {
    ...config,
    clock: config.clock ?? systemClock,
    random: config.random ?? Math.random,
    candidateBatch: config.candidateBatch ?? 15,
    retry: { attempts: 8, base: 250, max: 5000, maxRetryAfter: 10_000, ...config.retry },
    timeouts: {
      request: 10_000,
      peer: 300_000,
      connect: 30_000,
      heal: 2_500,
      restart: 120_000,
      ...config.timeouts,
    },
    channel: { label: "data", maxBuffered: 8 << 20, ...config.channel },
    polling: { wait: 25, interval: 1000, maxInterval: 2000, ...config.polling },
    heartbeat: config.heartbeat && {
      intervalMs: 5000,
      timeoutMs: 10_000,
      ...(config.heartbeat as object),
    },
  } as Config & Settings;
}

/** What a room and its session share. */
export interface Parts extends Settings, Omit<RoomManagerConfig, keyof Settings> {
  registry: IRegistryClient;
  webrtc: IWebRTCManager;
  state: IStateManager;
  onState: Listeners<ConnectionState>;
  onMessage: Listeners<any>;
  onError: Listeners<Error>;
}

export function go({ state, onState }: Parts, next: ConnectionState): void {
  state.setState(next);
  tell(onState, next);
}

/** One of our errors, with the last states of the connection. A browser's own may quote SDP. */
export function typed({ state }: Parts, error: unknown): RegistryClientError {
  const own =
    error instanceof RegistryClientError
      ? error
      : new WebRTCError("webrtc_failed", false, (error as Error)?.name);
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
  };
  return own;
}

/** Tells the application of an error, and returns it as `typed` does. */
export function report(parts: Parts, error: unknown): RegistryClientError {
  const own = typed(parts, error);
  tell(parts.onError, own);
  return own;
}
