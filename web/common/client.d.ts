// The types of the bundle are those of its sources.

export * from "../../client/registry/src/index.js";
