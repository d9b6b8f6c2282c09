// What the tests of the server on Durable Objects share: one server, how many rounds there are, a caller who asks for
// much at once, and the handshakes of each family at the point where a test takes over.

import { after } from "node:test";
import { startServer } from "../../tools/dev.mjs";
import { Api, randomOrigin } from "../api/helpers.mjs";
import { Peer } from "../api/peers/peer.mjs";

export const TOPIC = "a topic";
export const WAIT = 25; // s; the longest that a read may ask for

/** So many, or all of them under `make soak`. */
export const rounds = (few, all) => (process.env.SOAK ? all : few);

/** @type {Promise<any> | undefined} */ let server;
after(async () => (await server)?.stop());

/** The server that all chapters ask, started once. @returns {ReturnType<typeof startServer>} */
export function theServer() {
  server ??= startServer({ storage: "durable", vars: { RATE_LIMITS: "off" } });
  return server;
}

/**
 * Where a server is. One that is started again may be elsewhere.
 * @typedef {{url: string, onAnswer?: () => void}} Place
 */

/** Somebody who calls the API. Nothing is held against its document, so that an answer is known when it is there: at `at`, ms. */
export class Caller extends Api {
  /** @param {Place} place @param {string | null} [origin] */
  constructor(place, origin = randomOrigin()) {
    super(place, origin);
    this.place = place;
  }

  from(origin = randomOrigin()) {
    return new Caller(this.place, origin);
  }

  async request(method, path, { body, headers = {} } = {}) {
    const from = this.origin === null ? {} : { Origin: this.origin };
    const sent = { method, headers: { ...from, ...headers }, body };
    const response = await fetch(this.place.url + path, sent);
    const text = await response.text();
    const at = performance.now();
    this.place.onAnswer?.();
    return { status: response.status, headers: response.headers, text, body: parse(text), at };
  }
}

/** A caller of the server that all chapters ask. */
export const caller = async () => new Caller(await theServer());

/** What `each` makes of 0, 1, ..., all at once. @template T @param {(i: number) => T} each */
export const atOnce = (count, each) =>
  Promise.all(Array.from({ length: count }, (_, i) => each(i)));

/** Peers of their own. @returns {Promise<Peer[]>} */
export const peers = (count, api) => atOnce(count, () => Peer.register(api));

/** A session that nobody has answered, of an origin of its own. */
export async function openSession(api) {
  const own = api.from();
  return { api: own, code: await own.offer(TOPIC, { info: "ann" }) };
}

/** A peer with one offer. */
export async function openOffer(api, fields = {}) {
  const ann = await Peer.register(api);
  const { id } = await ann.offer(fields);
  return { ann, id };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
