// @rondevu/registry: two browsers meet in a room of the registry and get a data channel.

export { WebRTCRegistryClient } from "./client.js";
export {
  type Diagnostics,
  NetworkError,
  RegistryClientError,
  RegistryError,
  StateError,
  TimeoutError,
  WebRTCError,
} from "./errors.js";
export { HttpClient } from "./http-client.js";
export * from "./interfaces.js";
export { RegistryClient } from "./registry-client.js";
export { RoomManager } from "./room-manager.js";
export { StateManager } from "./state-manager.js";
export { WebRTCManager } from "./webrtc-manager.js";
