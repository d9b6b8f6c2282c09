// Programs that must not compile, one a block. The comment before a block is what the compiler has to
// say about it; package.test.mjs compiles each by itself.

import {
  ConnectionState,
  RegistryClient,
  RoomManager,
  StateManager,
  WebRTCManager,
  WebRTCRegistryClient,
} from "@rondevu/registry";
import type {
  IHttpClient,
  IRegistryClient,
  IStateManager,
  RegistryError,
  RoomInfo,
  RoomSnapshot,
} from "@rondevu/registry";
declare const client: WebRTCRegistryClient;
declare const registry: RegistryClient;
declare const error: RegistryError;

// error: missing the following properties from type 'WebRTCClientConfig'
new WebRTCRegistryClient({});

// error: Property 'iceServers' is missing
new WebRTCRegistryClient({ registryApiUrl: "https://registry.example" });

// error: Type 'string' is not assignable to type 'RTCIceServer[]'
new WebRTCRegistryClient({ registryApiUrl: "", iceServers: "stun:example" });

// error: 'iceServer' does not exist in type 'WebRTCClientConfig'
new WebRTCRegistryClient({ registryApiUrl: "", iceServers: [], iceServer: [] });

// error: 'interval' does not exist in type
new WebRTCRegistryClient({ registryApiUrl: "", iceServers: [], heartbeat: { interval: 5 } });

// error: Type 'string' is not assignable to type 'number'
new WebRTCRegistryClient({ registryApiUrl: "", iceServers: [], timeouts: { peer: "5 s" } });

// error: Property 'post' is missing
new WebRTCRegistryClient({
  registryApiUrl: "",
  iceServers: [],
  httpClient: { get: async () => 1 },
});

// error: Expected 1 arguments, but got 0
new WebRTCRegistryClient();

// error: Expected 1-2 arguments, but got 0
client.createRoom();

// error: Expected 3-4 arguments, but got 2
client.joinRoom("ABCD2345", "123456");

// error: Argument of type 'number' is not assignable to parameter of type 'string'
client.joinRoom("ABCD2345", 123456, "Bob");

// error: Type 'Promise<void>' is not assignable to type 'Promise<RoomInfo>'
export const joined: Promise<RoomInfo> = client.joinRoom("ABCD2345", "123456", "Bob");

// error: Property 'length' does not exist on type 'Promise<string>'
client.createRoom("Alice").length;

// error: Object is possibly 'null'
client.getRoomInfo().code;

// error: Property 'ownerToken' does not exist on type 'RoomInfo'
client.getRoomInfo()!.ownerToken;

// error: This comparison appears to be unintentional
client.onStateChange((state) => state === "conected");

// error: Argument of type '"connected"' is not assignable to parameter of type 'ConnectionState'
new StateManager().setState("connected");

// error: Property 'OPEN' does not exist on type 'typeof ConnectionState'
ConnectionState.OPEN;

// error: Argument of type '(state: number) => void' is not assignable
client.onStateChange((state: number) => {});

// error: Cannot assign to 'roundTripTimeMs' because it is a read-only property
client.roundTripTimeMs = 5;

// error: Expected 1 arguments, but got 0
client.sendMessage();

// error: Type 'AbortController' is missing the following properties from type 'AbortSignal'
client.startConnection({ signal: new AbortController() });

// error: is not assignable to parameter of type 'RTCSessionDescriptionInit'
registry.postOffer("ABCD2345", "token", "v=0");

// error: Expected 2-3 arguments, but got 1
registry.getRoom("ABCD2345");

// error: Property 'sdp' does not exist on type 'RoomSnapshot'
registry.getRoom("ABCD2345", "token").then(({ sdp }: RoomSnapshot) => sdp);

// error: 'room.offer' is possibly 'null'
registry.getRoom("ABCD2345", "token").then((room: RoomSnapshot) => room.offer.sdp);

// error: Type 'string' is not assignable to type 'number'
registry.getCandidates("ABCD2345", "token", { since: "5" });

// error: Cannot assign to 'code' because it is a read-only property
error.code = "other";

// error: 'error.retryAfterSec' is possibly 'undefined'
error.retryAfterSec.toFixed();

// error: Expected 4 arguments, but got 3
new RoomManager(registry, new WebRTCManager(), new StateManager());

// error: Type '{}' is missing the following properties from type 'IRegistryClient'
export const none: IRegistryClient = {};

// error: Class 'Half' incorrectly implements interface 'IStateManager'
export class Half implements IStateManager {
  getState() {
    return ConnectionState.IDLE;
  }
}

// error: Type 'string' is not assignable to type 'Promise<any>'
export const hasty: IHttpClient = { get: () => "now", post: async () => ({}) };

// error: Cannot find module '@rondevu/registry/src/session'
export type Inside = typeof import("@rondevu/registry/src/session");
