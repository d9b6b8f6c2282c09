// The Cloudflare Worker: requests in, the core's answers out. With STORAGE=durable they run in the objects of class Shard.

import { DurableObject } from "cloudflare:workers";
import module from "../build/core.wasm";
import { WorkersKv } from "../kv/workers-kv.js";
import { Server } from "./serve.js";
import { Home } from "./shard.js";
import { Shards } from "./shards.js";

/** @type {Server | undefined} */ let server;
const serverOf = (env) => (server ??= new Server(module, env));

export default {
  fetch: (request, env) =>
    serverOf(env).serve(
      request,
      env.STORAGE === "durable" ? new Shards(env) : new WorkersKv(env.STORE),
    ),
};

/** The object of one shard; see shard.js. */
export class Shard extends DurableObject {
  #home;

  constructor(context, env) {
    super(context, env);
    this.#home = new Home(context, serverOf(env), new Shards(env));
  }

  serve(shard, asked) {
    return this.#home.serve(shard, asked);
  }

  /** Opens a socket, which calls cannot bring: see Shards.forward(). */
  fetch(request) {
    return this.#home.open(JSON.parse(decodeURIComponent(request.headers.get("X-Socket"))));
  }

  webSocketMessage(ws, message) {
    return this.#home.message(ws, message);
  }

  /** The client closes it: only then does the runtime answer with a close of its own. */
  webSocketClose(ws, code) {
    ws.close(code === 1005 || code === 1006 ? 1000 : code);
  }

  look(calls) {
    return this.#home.look(calls);
  }

  take(edits) {
    return this.#home.take(edits);
  }

  alarm() {
    return this.#home.alarm();
  }
}
