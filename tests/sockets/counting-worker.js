// The worker, and what it does counted: GET /counts tells how often each of these was called since the last time.

import worker, { Shard as RealShard } from "../../worker/index.js";
import { Core } from "../../worker/core.js";
import { Durable } from "../../kv/durable.js";

let counts = {};
const count = (what) => (counts[what] = (counts[what] ?? 0) + 1);

function counted(owner, ...names) {
  for (const name of names) {
    const real = owner[name];
    owner[name] = function (...given) {
      count(name);
      return real.apply(this, given);
    };
  }
}
counted(Core.prototype, "run");
counted(Durable.prototype, "read", "list", "count", "apply", "sweep");

export class Shard extends RealShard {
  constructor(...given) {
    super(...given);
    count("made");
  }
}
counted(Shard.prototype, "fetch", "alarm", "webSocketMessage");

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/counts") return worker.fetch(request, env);
    const told = counts;
    counts = {};
    return Response.json(told);
  },
};
