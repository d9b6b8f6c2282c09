// What the room tests share: rooms in every status, their two players, and what an error looks like.
// Bodies are those of the document's examples, changed where a test is about a field.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { example } from "../document.mjs";
import { Api } from "../helpers.mjs";

export const TOKEN = /^[A-Za-z0-9_-]{43}$/;
export const SDP_MAX = 20 * 1024; // bytes
export const CANDIDATE_MAX = 1024; // bytes
export const CANDIDATES_MAX = 40; // a side and generation
export const BODY_MAX = 64 * 1024; // bytes
/** ms that a room lives in each status, unless variables say otherwise. */
export const LIFE = { open: 180_000, joined: 300_000, paired: 600_000 };

export const VERSION = { "X-Registry-Version": "1" };
export const NO_SUCH_ROOM = "ZZZZZZZZ";
export const strangeToken = () => randomBytes(32).toString("base64url");

/** SDP that is recognised by its tag, of so many bytes where that is said. */
export function sdp(tag, bytes = 0) {
  const lines = ["v=0", `o=- ${tag} 2 IN IP4 127.0.0.1`, "s=-", "t=0 0", "m=application 9 x 0"];
  const text = lines.map((line) => `${line}\r\n`).join("");
  return text + (bytes && `a=${"x".repeat(bytes - text.length - "a=\r\n".length)}\r\n`);
}

/** A candidate like no other one. */
export const candidate = (name) => ({ ...example("postRoomCandidate", "one"), candidate: name });

/** Who calls a room's routes with one token; none where it is undefined. */
export class Player {
  constructor(api, code, token) {
    Object.assign(this, { api, code, token });
  }

  /** The same calls with another token, code or caller. */
  but(changes) {
    const { api, code, token } = { ...this, ...changes };
    return new Player(api, code, token);
  }

  #path(rest = "") {
    return `/rooms/${this.code}${rest}`;
  }

  #token() {
    return this.token === undefined ? {} : { "X-Access-Token": this.token };
  }

  post(action, body, headers = VERSION) {
    return this.api.post(this.#path(`/${action}`), body, { ...this.#token(), ...headers });
  }

  offer(fields) {
    return this.post("offer", { ...example("postRoomOffer", "first"), ...fields });
  }

  answer(fields) {
    return this.post("answer", { ...example("postRoomAnswer", "first"), ...fields });
  }

  candidate(body, headers) {
    return this.post("candidate", body, { ...VERSION, ...headers });
  }

  close() {
    return this.post("close");
  }

  join(fields, headers) {
    return this.post("join", { ...example("joinRoom", "guest"), ...fields }, headers);
  }

  lookUp() {
    return this.api.get(this.#path("/public"));
  }

  /** GET of the room, or of what is in it. */
  get(rest = "", headers) {
    return this.api.get(this.#path(rest), { ...this.#token(), ...headers });
  }

  /** The snapshot. */
  async room() {
    const answer = await this.get();
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  /** What the other side left. */
  async items(query = "") {
    const answer = await this.get(`/candidates${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.items;
  }
}

/** An open room. @returns {Promise<{made: any, code: string, host: Player, stranger: Player}>} */
export async function openRoom(api = new Api()) {
  const answer = await api.post("/rooms", example("createRoom", "host"), VERSION);
  assert.equal(answer.status, 201, answer.text);
  const made = answer.body;
  const stranger = new Player(api, made.code);
  return { api, made, code: made.code, host: stranger.but({ token: made.ownerToken }), stranger };
}

export async function joinedRoom(api) {
  const room = await openRoom(api);
  const answer = await room.stranger.join({ joinCode: room.made.joinCode });
  assert.equal(answer.status, 200, answer.text);
  return { ...room, joined: answer.body, guest: room.host.but({ token: answer.body.guestToken }) };
}

export async function offeredRoom(api) {
  const room = await joinedRoom(api);
  assertDone(await room.host.offer());
  return room;
}

export async function pairedRoom(api) {
  const room = await offeredRoom(api);
  assertDone(await room.guest.answer());
  return room;
}

export async function closedRoom(api) {
  const room = await pairedRoom(api);
  assertDone(await room.host.close());
  return room;
}

export function assertDone(answer) {
  assert.equal(answer.status, 204, answer.text);
  assert.equal(answer.text, "");
}

/** A failure as rooms have it: exactly these fields, and no secret that the client sent. */
export function assertRoomError(answer, status, code, ...secrets) {
  assert.equal(answer.status, status, answer.text);
  const { error, ...rest } = answer.body ?? {};
  assert.deepEqual(rest, {});
  const { message, retryAfterSec, ...exact } = error;
  assert.deepEqual(exact, { code, retryable: status === 429 || status >= 500 });
  assert.ok(typeof message === "string" && message.length > 0, answer.text);
  const seconds = answer.headers.get("Retry-After");
  assert.equal(seconds, retryAfterSec === undefined ? null : String(retryAfterSec));
  assert.equal(retryAfterSec !== undefined, status === 429, "retryAfterSec");
  for (const secret of secrets) assert.ok(!answer.text.includes(secret), "a secret is echoed");
}

export const assertForbidden = (answer, ...secrets) =>
  assertRoomError(answer, 403, "forbidden", ...secrets);
export const assertNoRoom = (answer) => assertRoomError(answer, 404, "not_found");

/** Every call that a room answers, each as it would be right but for the room. */
export const everyCall = ({ made, host, guest, stranger }) => [
  stranger.lookUp(),
  stranger.join({ joinCode: made.joinCode }),
  host.offer(),
  (guest ?? host).answer(),
  host.candidate(candidate("a")),
  (guest ?? host).candidate(candidate("b")),
  host.get(),
  (guest ?? host).get(),
  host.get("/candidates"),
  (guest ?? host).get("/candidates"),
  host.close(),
];

/** What a change to the room would move, for both sides. */
export async function stateOf({ host, guest }) {
  const answers = [await host.get(), await host.get("/candidates")];
  if (guest) answers.push(await guest.get("/candidates"));
  return answers.map(({ text }) => text);
}
