// The client library, as `make` bundles it.

export * from "../client/registry.js";
