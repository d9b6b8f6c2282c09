// The worker, and what it does counted: GET /counts tells how often each of these was called since the last time. After
// GET /fail the next write fails.

import worker, { Shard as RealShard } from "../../worker/index.js";
import { Core } from "../../worker/core.js";
import { Durable } from "../../kv/durable.js";

let counts = {};
let fails = false;
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

const { apply } = Durable.prototype;
Durable.prototype.apply = function (...given) {
  if (!fails) return apply.apply(this, given);
  fails = false;
  throw new Error("the disk is full");
};

export class Shard extends RealShard {
  constructor(...given) {
    super(...given);
    count("made");
  }
}
counted(Shard.prototype, "fetch", "alarm", "webSocketMessage");

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/fail") return Response.json((fails = true));
    if (pathname !== "/counts") return worker.fetch(request, env);
    const told = counts;
    counts = {};
    return Response.json(told);
  },
};
