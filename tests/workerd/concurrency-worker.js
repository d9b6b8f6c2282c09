// The server over a store that is slow on purpose.
//
// While the gate is shut, every read and list of STORE is held, so that requests pile up in this one isolate. It
// opens once as many requests are held as /__gate asked for, and lets them go on in random order. A request
// with X-Test-Hold is held before it is served, for routes that read nothing.
// X-Test-Runs on an answer: how often the module was run while this request was served, if it was alone.

import module from "../../build/core-test.wasm";
import { WorkersKv } from "../../kv/workers-kv.js";
import { Core } from "../../worker/core.js";
import { Server } from "../../worker/serve.js";

const READS = new Set(["get", "getWithMetadata", "list"]);
const LOOK_EVERY = 2; // ms
const DELAY_MAX = 30; // ms

const counts = { heldAtOpening: 0, runs: 0, instances: 0 };
const held = new Set();
let wanted = 0; // requests to be held; 0: none are

const { run } = Core.prototype;
Core.prototype.run = function (...given) {
  counts.runs++;
  return run.apply(this, given);
};
const { Instance } = WebAssembly;
WebAssembly.Instance = function (...given) {
  counts.instances++;
  return new Instance(...given);
};

function shut(requests) {
  wanted = requests;
  counts.heldAtOpening = 0;
  held.clear();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Until the gate opens, and a moment of its own. Looks at the gate, because workerd lets no request wait for
 * what another one does.
 * @param {Request} request
 */
async function hold(request) {
  if (wanted === 0) return;
  held.add(request);
  if (held.size === wanted) counts.heldAtOpening = held.size;
  while (counts.heldAtOpening === 0) await pause(LOOK_EVERY);
  await pause(Math.random() * DELAY_MAX);
}

/** @param {KVNamespace} binding @param {Request} request */
function gated(binding, request) {
  const get = (target, name) =>
    READS.has(name)
      ? async (...given) => (await hold(request), target[name](...given))
      : (...given) => target[name](...given);
  return new Proxy(binding, { get });
}

/** @type {Server | undefined} */
let server;

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/__counts") return Response.json(counts);
    if (pathname === "/__gate") {
      shut(Number(searchParams.get("requests")));
      return new Response("");
    }
    if (request.headers.has("X-Test-Hold")) await hold(request);
    const before = counts.runs;
    server ??= new Server(module, env);
    const answer = await server.serve(request, new WorkersKv(gated(env.STORE, request)));
    answer.headers.set("X-Test-Runs", String(counts.runs - before));
    return answer;
  },
};
