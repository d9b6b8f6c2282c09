// The Cloudflare Worker: requests in, the core's answers out.

import module from "../build/core.wasm";
import { WorkersKv } from "../kv/workers-kv.js";
import { Server } from "./serve.js";

/** @type {Server | undefined} */ let server;
export default {
  fetch: (request, env) =>
    (server ??= new Server(module, env)).serve(request, new WorkersKv(env.STORE)),
};
