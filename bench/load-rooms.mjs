// The load of rooms: rooms that are there, and requests that each may be made once.

import { ask, candidate, sdp } from "./load.mjs";

const VERSION = "X-Registry-Version: 1";
const SEEN = 20; // rooms whose snapshot is read in turn
const CANDIDATES = 3; // a side, in each of them
const CANDIDATES_MAX = 40; // a side may leave

/** A line of a replay.lua file. */
const posted = (path, body, ...headers) =>
  ["POST", path, JSON.stringify(body), VERSION, ...headers].join("\t");
const access = (token) => `X-Access-Token: ${token}`;

export const CREATE = posted("/rooms", { hostUserName: "host" });

async function post(url, ...given) {
  const { status, text } = await ask(url, posted(...given));
  if (status >= 300) throw new Error(`POST ${given[0]}: ${status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A room that a guest has joined: {path, host, guest}, the latter two headers. */
async function joinedRoom(url) {
  const { status, text } = await ask(url, CREATE);
  if (status !== 201) throw new Error(`POST /rooms: ${status} ${text}`);
  const { code, joinCode, ownerToken } = JSON.parse(text);
  const path = `/rooms/${code}`;
  const { guestToken } = await post(url, `${path}/join`, { joinCode, guestUserName: "guest" });
  return { path, host: access(ownerToken), guest: access(guestToken) };
}

/** Rooms with an offer, an answer and candidates; the lines that read their snapshots, as the guest does. */
export async function seedSnapshots(url) {
  const lines = [];
  for (let i = 0; i < SEEN; i++) {
    const { path, host, guest } = await joinedRoom(url);
    await post(url, `${path}/offer`, { type: "offer", sdp: sdp("offer") }, host);
    await post(url, `${path}/answer`, { type: "answer", sdp: sdp("answer") }, guest);
    const candidates = Array.from({ length: CANDIDATES }, (_, n) => JSON.parse(candidate(n)));
    for (const side of [host, guest]) await post(url, `${path}/candidate`, { candidates }, side);
    lines.push(`GET\t${path}\t\t${guest}`);
  }
  return lines;
}

/** Lines that leave so many candidates or some more, one each, and none twice, in fresh rooms. */
export async function seedCandidates(url, count) {
  const lines = [];
  while (lines.length < count) {
    const { path, host, guest } = await joinedRoom(url);
    for (let n = 0; n < CANDIDATES_MAX; n++)
      for (const side of [host, guest])
        lines.push(posted(`${path}/candidate`, JSON.parse(candidate(n)), side));
  }
  return lines;
}
