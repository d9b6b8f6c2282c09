// The ways to make a handshake that are measured beside each other, and the servers that they go through.

import { startPeerServer } from "./peer-server.mjs";
import { durableIsThere, startWorkerd } from "./workerd.mjs";

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {string} page which of pages/*-way.js
 * @property {object} config for it; the server's `url` is added
 * @property {string} [server] its name; ways with one name share it
 * @property {string} [store]
 * @property {number} [aim] at most so many times the floor
 * @property {string} [beside] the way that it is to be no slower than
 * @property {number} [spread] ms over which the guests' arrival is spread: the time between two polls
 * @property {number} [every] it has its turn in one of so many rounds
 */

const FLOOR = [
  { name: "floor: RTCPeerConnection, BroadcastChannel", page: "raw", config: {} },
  { name: "the same, host has offered before", page: "raw", config: { offered: true } },
];

const PEERJS = [
  { name: "PeerJS, cold", page: "peerjs", server: "peerjs", config: {} },
  { name: "PeerJS, socket open", page: "peerjs", server: "peerjs", config: { ready: true } },
];

const POLLING = { name: "polling", polling: { wait: 0, socket: false }, spread: 2000, every: 3 };
const WAIT = { name: "wait", polling: { socket: false }, aim: 2 };
const SOCKET = { name: "socket", polling: {}, aim: 1.3 };

/** Plain polling; the others with the guest that joins and starts, and with one that had joined before. */
function waysOn(store) {
  const push = store === "durable" ? [SOCKET] : [];
  const ready = (way) => ({ ...way, name: `${way.name}, joined before`, ready: true });
  const ways = [POLLING, ...[WAIT, ...push].flatMap((way) => [way, ready(way)])];
  return ways.map(({ polling, ready, name, ...rest }) => ({
    ...rest,
    name: `${store}, ${name}`,
    page: "registry",
    server: `${store}, ${name.split(",")[0]}`,
    store,
    config: { polling, ready },
    beside: rest.aim === SOCKET.aim ? PEERJS[Number(Boolean(ready))].name : undefined,
  }));
}

/** @returns {Way[]} the floor first */
export function allWays() {
  const stores = durableIsThere() ? ["kv", "durable"] : ["kv"];
  return [...FLOOR, ...PEERJS, ...stores.flatMap(waysOn)];
}

/** @returns {Promise<Map<string, {url, counts, stop}>>} the servers of these ways by name */
export async function startServers(ways) {
  const stores = new Map(ways.map(({ server, store }) => [server, store]));
  stores.delete(undefined);
  const started = [...stores].map(async ([name, store]) => [
    name,
    store ? await startCounting(name, store) : await startPeerServer(),
  ]);
  return new Map(await Promise.all(started));
}

async function startCounting(name, store) {
  const vars = { RATE_LIMITS: "off", STORAGE: store };
  const server = await startWorkerd(name.replace(", ", "-"), "counting-worker.js", vars);
  const counts = async () => (await fetch(`${server.url}/counts`)).json();
  return { ...server, counts };
}
