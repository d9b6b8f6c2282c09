// The worker, or its twin, over the KV namespace or one in memory, as the variables SIDE and KV have it.

import core from "../worker/index.js";
import { MemoryKv } from "./memory-kv.js";
import twin from "./twin.js";

const memory = new MemoryKv();
let bound;

export default {
  fetch(request, env, context) {
    bound ??= env.KV === "memory" ? { ...env, STORE: memory } : env;
    return (env.SIDE === "twin" ? twin : core).fetch(request, bound, context);
  },
};
