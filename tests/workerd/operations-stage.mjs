// Starts the counting worker in workerd on one of the stores; those who call it, and how they wait for news of each other.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { Socket } from "../sockets/client.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NAME = "rondevu";
const mainModule = "tests/workerd/operations-worker.js";
const ORIGIN = "https://app.example";
export const WAIT_MAX = 25; // s that a server holds a request

function configuration(storage) {
  const scripts = [mainModule, ...globSync(["worker/*.js", "kv/*.js"], { cwd: ROOT })];
  const esm = (path) => [path, { type: "esm", contents: readFileSync(ROOT + path, "utf8") }];
  const wasm = { type: "wasm", contents: readFileSync(`${ROOT}build/core.wasm`) };
  const modules = { ...Object.fromEntries(scripts.map(esm)), "build/core.wasm": wasm };
  const text = (value) => ({ type: "text", value });
  return {
    name: NAME,
    compatibilityDate: "2026-11-01",
    manifest: { mainModule, modulesRoot: ROOT, modules },
    exports: { Shard: { type: "durable-object", storage: "sqlite" } },
    env: {
      STORE: { type: "kv" },
      SHARDS: { type: "durable-object", worker: NAME, exportName: "Shard" },
      AUTH_SECRET: text("secret of the tests, long enough"),
      STORAGE: text(storage),
      RATE_LIMITS: text("off"),
    },
  };
}

/** A server, and everybody who calls it. */
export class Stage {
  /** @param {"durable" | "kv"} storage */
  static async start(storage) {
    const server = new Miniflare({
      host: "127.0.0.1",
      workers: [
        {
          config: configuration(storage),
          dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] },
        },
      ],
    });
    await server.ready;
    return new Stage(storage, server, (await server.unsafeGetDirectURL(NAME)).origin);
  }

  constructor(storage, server, url) {
    Object.assign(this, { storage, server, url });
  }

  stop() {
    return this.server.dispose();
  }

  /** @param {string} control of operations-worker.js */
  async tell(control, ms = 0) {
    return (await fetch(`${this.url}/-/${control}?ms=${ms}`)).json();
  }

  /** Resolves once so many readers are held, and all else is done. */
  async settled(readers) {
    while ((await this.tell("parked")) !== readers);
  }

  /** An answer, which must be no error; of 304 the body is null. */
  async send(method, path, body, headers = {}) {
    const sent = { method, headers: { Origin: ORIGIN, ...headers }, body: JSON.stringify(body) };
    const answer = await fetch(this.url + path, sent);
    const text = await answer.text();
    assert.ok(answer.ok || answer.status === 304, `${method} ${path}: ${answer.status} ${text}`);
    return { body: text === "" ? null : JSON.parse(text), tag: answer.headers.get("ETag") };
  }

  socket(path, credential) {
    return Socket.open(this.url + path, ["rondevu", credential], { Origin: ORIGIN });
  }
}

/**
 * A way of waiting. What somebody looks for comes after so many seconds; what is returned then brings it.
 * @typedef {(side: any, look: string, after: number) => Promise<() => Promise<any>>} Waiting
 */

/** Looks each second, in vain until then. @type {Waiting} */
async function poll(side, look, after) {
  for (let s = 1; s < after; s++) await side.look(look, 0);
  return () => side.bring(look);
}

/** Is held by the server, which on Workers KV looks each second. @type {Waiting} */
async function wait(side, look, after) {
  const { stage } = side;
  if (stage.storage === "kv") {
    if (after > 1) await side.look(look, after - 1);
    return () => side.bring(look, WAIT_MAX);
  }
  if (after === 0) return () => side.bring(look, WAIT_MAX);
  const held = side.bring(look, WAIT_MAX);
  await stage.settled(1);
  return () => held;
}

/** Is sent it. @type {Waiting} */
async function socket(side, look) {
  return () => side.sent(look);
}

export const WAYS = { poll, wait, socket };
