// Places with a server each, over one store that they see differently, on one virtual clock.
//
// Everything that the server takes from its host (time, timers, randomness, the store) comes from here, and from a
// seed: the same seed, the same world.

import { readFileSync } from "node:fs";
import { WorkersKv } from "../../kv/workers-kv.js";
import { Server } from "../../worker/serve.js";
import { EventualKv } from "./eventual-kv.mjs";
import { Random } from "./random.mjs";
import { VirtualTime } from "./virtual-time.mjs";

const module = new WebAssembly.Module(readFileSync("build/core.wasm"));
// Candidates are looked at again once the stores agree, which takes long.
const env = {
  AUTH_SECRET: "the secret of the tests".repeat(2),
  RATE_LIMITS: "off",
  ICE_TTL: "600",
};
const ORIGIN = "https://app.example";
const TRACE = 60; // requests shown of a story that failed
const TRIP_MAX = 150; // ms, of a request on its way to the server, and of its answer

export class World {
  time = new VirtualTime();
  /** The requests and their answers. @type {any[][]} */ trace = [];
  /** Whether requests may fail for the server's own reasons. */ mayFail = false;

  /** @param {number} seed @param {string[]} places @param {object} [mood] of the store */
  constructor(seed, places, mood) {
    this.seed = seed;
    this.random = new Random(seed);
    this.entropy = new Random(~seed);
    this.kv = new EventualKv(this.time, new Random(seed + 2 ** 30), places, mood);
    this.servers = Object.fromEntries(places.map((name) => [name, new Server(module, env)]));
  }

  /** Runs a story to its end, in this world's time. @template T @param {() => Promise<T>} story @returns {Promise<T>} */
  async run(story) {
    const saved = [Date.now, globalThis.setTimeout];
    Date.now = () => this.time.now;
    globalThis.setTimeout = this.time.setTimeout;
    // An own property, over the prototype's method.
    crypto.getRandomValues = (bytes) => bytes.map(() => this.entropy.whole(0, 255));
    try {
      return await this.time.run(story());
    } catch (error) {
      throw new Error(`seed ${this.seed}\n${this.trace.slice(-TRACE).map(print).join("\n")}`, {
        cause: error,
      });
    } finally {
      [Date.now, globalThis.setTimeout] = saved;
      delete crypto.getRandomValues;
    }
  }

  /**
   * Sends a request to the server at a place. `arrived` and `answered` are when the server got it and was done with it.
   * @param {string} place @param {string} method @param {string} path @param {any} [body]
   * @param {Record<string, string>} [headers]
   */
  async call(place, method, path, body, headers) {
    await this.time.sleep(this.random.whole(1, TRIP_MAX));
    const arrived = this.time.now;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = makeRequest(method, path, text, headers);
    const store = new WorkersKv(this.kv.places[place]);
    const response = await this.servers[place].serve(request, store);
    const answer = await response.text();
    const json = answer === "" ? null : JSON.parse(answer);
    this.trace.push([this.time.passed, place, method, path, text, response.status, json]);
    if (response.status >= 500 && !this.mayFail)
      throw new Error(`${method} ${path}: ${response.status}`);
    const answered = this.time.now;
    await this.time.sleep(this.random.whole(1, TRIP_MAX));
    return { status: response.status, json, arrived, answered };
  }
}

/** As much of a Request as a server needs. The real one takes turns of the event loop to read a body. */
function makeRequest(method, path, text, headers) {
  const body = text === undefined ? null : [Buffer.from(text)];
  return {
    method,
    url: `https://rondevu.example${path}`,
    headers: new Headers({ Origin: ORIGIN, ...headers }),
    body,
    arrayBuffer: async () => Uint8Array.from(body?.[0] ?? []).buffer,
  };
}

function print([ms, place, method, path, text, status, json]) {
  const brief = (long = "") =>
    long.replaceAll(/[^"]{60,}/g, (part) => `${part.slice(0, 57)}...`).slice(0, 300);
  const time = (ms / 1000).toFixed(3).padStart(8);
  return `${time} s ${place}  ${method} ${path} ${brief(text)} -> ${status} ${brief(JSON.stringify(json))}`;
}
