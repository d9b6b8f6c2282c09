// The least that a worker can do; and, at /object, the least that a worker and a Durable Object of its can do.

import { DurableObject } from "cloudflare:workers";

const hello = () => new Response("hello");

export class Shard extends DurableObject {
  fetch() {
    return hello();
  }
}

export default {
  fetch: (request, env) =>
    request.url.endsWith("/object") ? env.SHARDS.getByName("one").fetch(request) : hello(),
};
