// The worker, counting what it is asked, and what it asks of the KV namespace: GET /counts tells.

import core from "../worker/index.js";

const counts = { requests: 0, preflights: 0, get: 0, list: 0, put: 0, delete: 0 };
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

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === "/counts") return Response.json(counts);
    counts[request.method === "OPTIONS" ? "preflights" : "requests"]++;
    bound ??= { ...env, STORE: counted(env.STORE) };
    return core.fetch(request, bound, context);
  },
};
