// What the tests of sockets share: servers on Durable Objects, and the sockets of the three families.

import { after } from "node:test";
import { startServer as startDev } from "../../tools/dev.mjs";
import { Api } from "../api/helpers.mjs";
import { startServer } from "../server.mjs";
import { Socket } from "./client.mjs";

/** Of the server where everything is soon over, times in ms. Long enough for a test's requests to be through in time. */
export const SHORT = { room: 6000, session: 6000 };
/** ms without an event, and an object's memory is gone. */
export const HIBERNATES = 10_000;
/** ms that sessions live where they outlive that. */
export const SLEEPY = HIBERNATES + 10_000;

const SERVERS = {
  plain: {},
  short: {
    vars: {
      ROOM_TTL_OPEN: SHORT.room / 1000,
      ROOM_TTL_JOINED: SHORT.room / 1000,
      SESSION_TIMEOUT: SHORT.session,
    },
  },
  sleepy: {
    dev: true,
    entry: "tests/sockets/counting-worker.js",
    vars: { SESSION_TIMEOUT: SLEEPY },
  },
  limited: { vars: { RATE_LIMITS: "on" } },
  many: { dev: true }, // whose processes can be told
  counted: {
    dev: true,
    entry: "tests/sockets/counting-worker.js",
    vars: { ROOM_TTL_OPEN: SHORT.room / 1000 },
  },
};

const started = new Map();
after(async () => {
  for (const { value } of await Promise.allSettled(started.values())) await value?.stop();
});

/** The server of that name; starts it once. @param {keyof typeof SERVERS} name */
export function serverOf(name) {
  if (!started.has(name)) {
    const { vars, entry, dev } = /** @type {any} */ (SERVERS[name]);
    const options = {
      storage: /** @type {const} */ ("durable"),
      vars: { RATE_LIMITS: "off", ...vars },
    };
    started.set(name, dev ? startDev({ ...options, entry }) : startServer(options));
  }
  return started.get(name);
}

/** Somebody who calls that server. @param {keyof typeof SERVERS} [name] @param {string} [origin] */
export async function caller(name = "plain", origin) {
  const { url } = await serverOf(name);
  return new Api({ url }, origin);
}

async function open(api, path, credential, options) {
  const headers = api.origin === null ? {} : { Origin: api.origin };
  return Socket.open((await api.url()) + path, ["rondevu", credential], headers, options);
}

/** The socket of a player of a room. @param {import("../api/rooms/room.mjs").Player} player */
export function roomSocket({ api, code, token }, query = "", options = {}) {
  return open(api, `/rooms/${code}/socket${query}`, `token.${token}`, options);
}

/** The socket of one side of a session. @param {Api} api @param {string} code @param {"offerer" | "answerer"} side */
export function sessionSocket(api, code, side, query = "", options = {}) {
  return open(api, `/sessions/${code}/socket${query}`, `side.${side}`, options);
}

/** @param {import("../api/peers/peer.mjs").Peer} peer */
export function peerSocket({ api, id, secret }, query = "", options = {}) {
  return open(api, `/offers/socket${query}`, `peer.${id}.${secret}`, options);
}

export const isSnapshot = (message) => "expiresAt" in message;
export const isItems = (message) => "items" in message;
export const isAnswers = (message) => "answers" in message;
export const isCandidates = (message) => "candidates" in message;
export const hasStatus = (message) => typeof message.status === "number";
export const namesOf = ({ items }) => items.map(({ candidate }) => candidate);

export const range = (count) => Array.from({ length: count }, (_, i) => i);
