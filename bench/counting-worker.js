// The worker, counting what it is asked, and what it asks of the KV namespace: GET /counts tells.

import core from "../worker/index.js";

export * from "../worker/index.js"; // the class of the Durable Objects

const counts = { requests: 0, preflights: 0, sockets: 0, get: 0, list: 0, put: 0, delete: 0 };
let bound;

/** The namespace; each call counts. */
function counted(kv) {
  const method = (name, operation) => [
    name,
    (...given) => {
      counts[operation]++;
      return kv[name](...given);
    },
  ];
  return Object.fromEntries([
    method("get", "get"),
    method("getWithMetadata", "get"),
    method("list", "list"),
    method("put", "put"),
    method("delete", "delete"),
  ]);
}

function kindOf({ method, headers }) {
  if (headers.get("Upgrade")) return "sockets";
  return method === "OPTIONS" ? "preflights" : "requests";
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/counts") return Response.json(counts);
    counts[kindOf(request)]++;
    bound ??= { ...env, STORE: counted(env.STORE) };
    return core.fetch(request, bound, context);
  },
};
