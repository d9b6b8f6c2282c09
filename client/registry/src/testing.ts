// @rondevu/registry/testing: a double for every interface, for the tests of programs that use the
// client, and of the client itself.

export * from "./testing/fake-http-client.js";
export * from "./testing/fake-managers.js";
export * from "./testing/fake-peer-connection.js";
export * from "./testing/fake-registry.js";
export * from "./testing/manual-clock.js";
