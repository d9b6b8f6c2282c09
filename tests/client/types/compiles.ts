// Programs that must compile. Never run.

import {
  ConnectionState,
  type ChannelOptions,
  type Clock,
  type Diagnostics,
  HttpClient,
  type IHttpClient,
  type IRegistryClient,
  type IRoomManager,
  type IStateManager,
  type IWebRTCManager,
  type IWebRTCRegistryClient,
  RegistryClient,
  RegistryClientError,
  RegistryError,
  type RoomInfo,
  RoomManager,
  type RoomSnapshot,
  StateManager,
  type WebRTCClientConfig,
  WebRTCManager,
  WebRTCRegistryClient,
} from "@rondevu/registry";
import {
  FakeRegistryClient,
  FakeWebRTCRegistryClient,
  ManualClock,
} from "@rondevu/registry/testing";

/** The specification's interfaces as it writes them: whoever implements these implements ours. */
declare class SpecifiedHttpClient {
  get(url: string, headers?: Record<string, string>): Promise<any>;
  post(url: string, body?: any, headers?: Record<string, string>): Promise<any>;
}
declare class SpecifiedRegistryClient {
  createRoom(
    hostUserName: string,
  ): Promise<{ code: string; ownerToken: string; joinCode: string; expiresAt: number }>;
  getPublicRoomInfo(
    roomCode: string,
  ): Promise<{ status: "open"; expiresAt: number; hostUserName: string }>;
  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
  ): Promise<{ guestToken: string; expiresAt: number }>;
  postOffer(roomCode: string, token: string, offer: RTCSessionDescriptionInit): Promise<void>;
  postAnswer(roomCode: string, token: string, answer: RTCSessionDescriptionInit): Promise<void>;
  postCandidate(roomCode: string, token: string, candidate: RTCIceCandidateInit): Promise<void>;
  getRoom(
    roomCode: string,
    token: string,
  ): Promise<{
    status: "open" | "joined" | "paired" | "closed";
    offer: RTCSessionDescriptionInit | null;
    answer: RTCSessionDescriptionInit | null;
    updatedAt: number;
    expiresAt: number;
  }>;
  getCandidates(
    roomCode: string,
    token: string,
  ): Promise<{ items: RTCIceCandidateInit[]; mode: "full" | "delta"; lastSeq?: number }>;
  closeRoom(roomCode: string, token: string): Promise<void>;
}
declare class SpecifiedWebRTCManager {
  createPeerConnection(iceServers: RTCIceServer[]): RTCPeerConnection;
  createOffer(options?: RTCOfferOptions): Promise<RTCSessionDescriptionInit>;
  createAnswer(
    offer: RTCSessionDescriptionInit,
    options?: RTCAnswerOptions,
  ): Promise<RTCSessionDescriptionInit>;
  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void>;
  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void>;
  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void>;
  createDataChannel(label: string, dataChannelDict?: RTCDataChannelInit): RTCDataChannel;
  onIceCandidate(callback: (candidate: RTCIceCandidateInit) => void): void;
  onConnectionStateChange(callback: (state: RTCPeerConnectionState) => void): void;
  onDataChannel(callback: (channel: RTCDataChannel) => void): void;
}
declare class SpecifiedStateManager {
  getState(): ConnectionState;
  setState(state: ConnectionState): void;
  getRoomInfo(): RoomInfo | null;
  setRoomInfo(roomInfo: RoomInfo): void;
  getPeerConnection(): RTCPeerConnection | null;
  setPeerConnection(connection: RTCPeerConnection): void;
  getDataChannel(): RTCDataChannel | null;
  setDataChannel(channel: RTCDataChannel): void;
  reset(): void;
}
interface SpecifiedRoomManager {
  createRoom(hostUserName: string): Promise<RoomInfo>;
  joinRoom(roomCode: string, joinCode: string, guestUserName: string): Promise<RoomInfo>;
  startConnection(): Promise<void>;
  closeRoom(): Promise<void>;
  onStateChange(callback: (state: ConnectionState) => void): void;
  onMessage(callback: (message: any) => void): void;
  sendMessage(message: any): void;
  getConnectionState(): ConnectionState;
  getRoomInfo(): RoomInfo | null;
}
interface SpecifiedClient {
  createRoom(hostUserName: string): Promise<string>;
  joinRoom(roomCode: string, joinCode: string, guestUserName: string): Promise<void>;
  startConnection(): Promise<void>;
  sendMessage(message: any): void;
  closeRoom(): Promise<void>;
  onStateChange(callback: (state: ConnectionState) => void): void;
  onMessage(callback: (message: any) => void): void;
  onError(callback: (error: Error) => void): void;
  getConnectionState(): ConnectionState;
  getRoomInfo(): RoomInfo | null;
}

const httpClient: IHttpClient = new SpecifiedHttpClient();
const registryClient: IRegistryClient = new SpecifiedRegistryClient();
const webRTCManager: IWebRTCManager = new SpecifiedWebRTCManager();
const stateManager: IStateManager = new SpecifiedStateManager();

const config: WebRTCClientConfig = {
  registryApiUrl: "https://registry.example.com",
  iceServers: [{ urls: "stun:stun.l.google.com:19302" }],
};
const client: SpecifiedClient & IWebRTCRegistryClient = new WebRTCRegistryClient(config);
new WebRTCRegistryClient({ ...config, httpClient, webRTCManager, stateManager });
new WebRTCRegistryClient({
  ...config,
  registryClient,
  heartbeat: { intervalMs: 1000 },
  timeouts: { peer: 1 },
  retry: { attempts: 1 },
  channel: { label: "x", options: { ordered: false } },
  fetch,
  RTCPeerConnection,
  clock: new ManualClock(),
});
const manager: SpecifiedRoomManager & IRoomManager = new RoomManager(
  new RegistryClient({ registryApiUrl: "", httpClient: new HttpClient() }),
  new WebRTCManager(),
  new StateManager(),
  config,
);
const double: IWebRTCRegistryClient = new FakeWebRTCRegistryClient();
const registry: IRegistryClient = new FakeRegistryClient();

async function use(signal: AbortSignal): Promise<void> {
  const code: string = await client.createRoom("Alice", { signal });
  const room: RoomInfo = await manager.createRoom("Alice");
  const known: RoomSnapshot = await registry.getRoom(code, room.token, { wait: 25 });
  await registry.getRoom(code, room.token, { known, signal });
  await registry.getCandidates(code, room.token, { since: 0 });
  const undo: () => void = new WebRTCRegistryClient(config).onMessage(() => {});
  undo();
  const nothing: void = client.onStateChange((state) => state === ConnectionState.CONNECTED);
  client.onError((error) => {
    if (error instanceof RegistryError) error.retryAfterSec?.toFixed();
    if (error instanceof RegistryClientError) {
      const diagnostics: Diagnostics | undefined = error.diagnostics;
      diagnostics?.connectionState satisfies RTCPeerConnectionState | undefined;
    }
  });
  return nothing;
}
export type Used = [typeof use, typeof double, Clock, ChannelOptions];
