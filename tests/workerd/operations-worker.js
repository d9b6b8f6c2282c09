// The worker, with everything counted that Cloudflare has a price for. Its clock stands still but for a few ms a request and
// what it is told at GET /-/tick; alarms ring only at GET /-/ring.

import worker, { Shard as RealShard } from "../../worker/index.js";
import { Parked } from "../../worker/parked.js";

const REQUEST = 10; // ms
const LOOK_EVERY = 1000; // ms, of those who wait on Workers KV: what is counted is looks, so none is waited for
const NOTHING = {
  requests: 0, // to the worker
  objects: 0, // requests to objects: calls, openings of sockets, alarms that rang
  messages: 0, // that came in over sockets
  held: 0, // ms that objects could not be hibernated, all together
  rowsRead: 0,
  rowsWritten: 0, // deleted ones, and settings of alarms, are among them
  alarms: 0, // settings
  reads: 0, // keys of Workers KV
  lists: 0,
  writes: 0,
  deletes: 0,
};

let now = Date.UTC(2026, 10, 21);
let counts = { ...NOTHING };
/** Queries since then: what one costs is known when its rows have been taken. @type {any[]} */
let cursors = [];
let parked = 0; // readers, now
/** When the alarm of each object rings, ms. @type {Map<string, number>} */ const alarms =
  new Map();
/** The names of objects, by their storage. */ const names = new WeakMap();

const realTimeout = globalThis.setTimeout;
globalThis.setTimeout = /** @type {any} */ (
  (then, ms) => realTimeout(then, ms === LOOK_EVERY ? 0 : ms)
);
Date.now = () => now;
const { hold } = Parked.prototype;
Parked.prototype.hold = function (reader) {
  parked++;
  return hold.call(this, reader).finally(() => parked--);
};

/** Their methods are those of all objects, so once is enough. */
let countStorage = ({ storage }) => {
  const [methods, queries] = [storage, storage.sql].map((real) => Object.getPrototypeOf(real));
  const { exec } = queries;
  queries.exec = function (...given) {
    return cursors[cursors.push(exec.apply(this, given)) - 1];
  };
  methods.setAlarm = function (at) {
    counts.alarms++;
    alarms.set(names.get(this), at);
  };
  countStorage = () => {};
};

export class Shard extends RealShard {
  #busy = 0; // requests
  #since = 0; // ms

  constructor(context, env) {
    countStorage(context);
    names.set(context.storage, context.id.name);
    super(context, counted(env));
  }

  /** @param {string} shard @param {any} asked */
  serve(shard, asked) {
    return this.#hold(() => super.serve(shard, asked));
  }

  webSocketMessage(ws, message) {
    counts.messages++;
    now += REQUEST;
    return this.#hold(() => super.webSocketMessage(ws, message));
  }

  /** The alarm, which nothing but the runtime may call. */
  ring() {
    return this.#hold(() => super.alarm());
  }

  async #hold(serve) {
    if (this.#busy++ === 0) this.#since = now;
    try {
      return await serve();
    } finally {
      if (--this.#busy === 0) counts.held += now - this.#since;
    }
  }
}

/** The bindings, each call counted. */
function counted(env) {
  return { ...env, STORE: countedKv(env.STORE), SHARDS: countedShards(env.SHARDS) };
}

function countedKv(kv) {
  const method = (name, kind, cost = (_given) => 1) => [
    name,
    (...given) => {
      counts[kind] += cost(given[0]);
      return kv[name](...given);
    },
  ];
  return Object.fromEntries([
    method("get", "reads", (keys) => keys.length),
    method("getWithMetadata", "reads", (keys) => keys.length),
    method("list", "lists"),
    method("put", "writes"),
    method("delete", "deletes"),
  ]);
}

function countedShards(shards) {
  const countedStub = (stub) =>
    new Proxy(stub, {
      get:
        (_, name) =>
        (...given) => {
          counts.objects++;
          return stub[name](...given);
        },
    });
  return { getByName: (name) => countedStub(shards.getByName(name)) };
}

const controls = {
  /** Tells what was counted, and begins anew. */
  counts() {
    for (const { rowsRead, rowsWritten } of cursors) {
      counts.rowsRead += rowsRead;
      counts.rowsWritten += rowsWritten;
    }
    counts.rowsWritten += counts.alarms;
    const told = counts;
    [counts, cursors] = [{ ...NOTHING }, []];
    return told;
  },

  parked: () => parked,

  tick(ms) {
    now += ms;
  },

  /** Lets the alarms ring, each at its time, until none is left. */
  async ring(_, { SHARDS }) {
    while (alarms.size > 0) {
      const [name, at] = [...alarms].reduce((a, b) => (a[1] <= b[1] ? a : b));
      alarms.delete(name);
      now = Math.max(now, at);
      await countedShards(SHARDS).getByName(name).ring();
    }
  },
};

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const control = controls[pathname.match(/^\/-\/(\w+)$/)?.[1] ?? ""];
    if (control) return Response.json((await control(Number(searchParams.get("ms")), env)) ?? null);
    counts.requests++;
    now += REQUEST;
    return worker.fetch(request, counted(env));
  },
};
