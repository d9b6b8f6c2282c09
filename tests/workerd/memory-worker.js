// One server over a store in this worker's own memory; /__serve serves it many requests, in batches of a session.

import module from "../../build/core.wasm";
import { WorkersKv } from "../../kv/workers-kv.js";
import { Server } from "../../worker/serve.js";

const BATCH = 50; // requests on one empty store
const SDP = "v=0\r\na=mid:0\r\n".repeat(150);
const KB = 1024;
// About 1 MB, in which cJSON would take more than the arena for the items.
const TOO_MANY_ITEMS = `{"username":"ann","ignored":[${"0,".repeat(500 * KB)}0]}`;
// As large as a body may be, most of it in a string that is ignored.
const LARGE = JSON.stringify({ offer: SDP, ignored: "x".repeat(500 * KB) }).padEnd(512 * KB);

/** @type {WebAssembly.Memory[]} */ const memories = [];
let start = 0; // bytes of the first
const { Instance } = WebAssembly;
WebAssembly.Instance = function (...given) {
  const made = new Instance(...given);
  memories.push(made.exports.memory);
  if (memories.length === 1) start = made.exports.memory.buffer.byteLength;
  return made;
};

/** As much of a KV namespace as is asked of it. */
class Kv {
  #entries = new Map();
  async put(name, value, { metadata }) {
    this.#entries.set(name, { value, metadata });
  }
  async get(names) {
    return new Map(names.map((name) => [name, this.#entries.get(name)?.value ?? null]));
  }
  async list({ prefix }) {
    const keys = [...this.#entries]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { metadata }]) => ({ name, metadata }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { keys, list_complete: true };
  }
}

/** @type {Server | undefined} */
let server;
let served = 0;
/** How many answers had each status, by route. @type {Record<string, Record<string, number>>} */
const seen = {};

function caller(env) {
  const kv = new Kv();
  return async (method, path, body) => {
    server ??= new Server(module, env);
    const text = typeof body === "object" ? JSON.stringify(body) : body;
    const request = new Request(`https://rondevu.example${path}`, { method, body: text });
    const answer = await server.serve(request, new WorkersKv(kv));
    served++;
    const statuses = (seen[`${method} ${path.replace(/[0-9a-f-]{36}/, ":code")}`] ??= {});
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    return answer.json();
  };
}

async function batch(env, number) {
  const call = caller(env);
  const { code } = await call("POST", "/topic/offer", { info: "one", offer: SDP });
  const poll = (side) => call("POST", "/poll", { code, side });
  await call("GET", "/");
  await call("GET", "/health");
  await call("GET", "/topics");
  await call("GET", "/topics?page=0");
  await call("GET", "/nothing/here/at-all");
  await call("GET", "/topic/sessions?limit=x");
  await call("POST", "/answer", "not JSON");
  await call("POST", "/poll", { code: crypto.randomUUID(), side: "offerer" });
  if (number % 20 === 10) await call("POST", "/topic/offer", LARGE);
  if (number % 100 === 5) await call("POST", "/usernames/claim", TOO_MANY_ITEMS);
  if (number % 100 === 7) await call("POST", "/topic/offer", `${LARGE} `);
  for (let i = 0; i < 10; i++) {
    const side = i % 2 === 0 ? "offerer" : "answerer";
    await call("POST", "/answer", { code, side, candidate: `candidate ${i} ${SDP.slice(0, 200)}` });
    await call("GET", "/topic/sessions");
    await poll(side);
  }
  await call("POST", "/answer", { code, side: "answerer", answer: SDP });
  await call("POST", "/answer", { code, side: "answerer", answer: "another" });
  const other = await call("POST", "/another/offer", { offer: "offer" });
  await call("DELETE", `/sessions/${other.code}`);
  await poll("offerer");
  await poll("answerer");
}

export default {
  async fetch(request, env) {
    const until = Number(new URL(request.url).searchParams.get("until"));
    while (served < until) await batch(env, Math.floor(served / BATCH));
    const bytes = memories.map((memory) => memory.buffer.byteLength);
    return Response.json({ served, start, bytes, seen });
  },
};
