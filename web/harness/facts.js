// What a handshake has come to, read off the answers of the server. Whoever makes the requests, a button
// or the client, the facts are the same.

import { readCandidate } from "./candidate.js";

/** @typedef {import("./candidate.js").Candidate} Candidate */
/** @typedef {import("./recorder.js").Exchange} Exchange */
/** @typedef {import("./steps.js").StepId} StepId */
/**
 * @typedef {object} Room
 * @property {string} code
 * @property {string} joinCode empty for the guest
 * @property {"open" | "joined" | "paired" | "closed" | "gone" | "unknown"} status gone: 404, so expired or closed
 * @property {number} expiresAt epoch ms, as last heard; 0 when unknown
 * @property {boolean} renewed whether something has renewed its time since
 * @property {number} generation 0 before the first offer
 */

export class Facts {
  /** @type {Room | null} */
  room = null;
  /** @type {Map<StepId, string>} the steps that are done, with what came of them */
  done = new Map();
  /** @type {Set<string>} candidate lines that the server has taken from us */
  sent = new Set();
  /** @type {Map<string, Candidate>} the other side's, by their line, in order */
  remote = new Map();

  /** @param {Exchange} exchange */
  observe({ entry, sent, got }) {
    if (entry.status === 404 && entry.method === "GET") return this.#lost(entry.path);
    if (entry.status >= 300) return;
    const rule = RULES.find(([method, path]) => method === entry.method && path.test(entry.path));
    rule?.[2](this, { entry, sent, got });
  }

  /** @param {StepId} step @param {string} note */
  tick(step, note) {
    this.done.set(step, note);
  }

  /** @param {Partial<Room>} news */
  update(news) {
    if (this.room) Object.assign(this.room, news);
  }

  // The public look-up is 404 for every room but an open one, so it says nothing about ours.
  /** @param {string} path */
  #lost(path) {
    if (!path.endsWith("/public")) this.update({ status: "gone" });
  }
}

/** @typedef {(facts: Facts, exchange: Exchange) => void} Rule */
/** @type {[method: string, path: RegExp, rule: Rule][]} */
const RULES = [
  ["POST", /\/rooms$/, created],
  ["POST", /\/join$/, joined],
  ["POST", /\/offer$/, offered],
  ["POST", /\/answer$/, answered],
  ["POST", /\/candidate$/, candidatesSent],
  ["GET", /\/candidates$/, candidatesFetched],
  ["GET", /\/rooms\/[^/]+$/, looked],
  ["POST", /\/close$/, closed],
];

/** @type {Rule} */
function created(facts, { entry, got }) {
  const { code, joinCode, expiresAt } = got;
  facts.room = { code, joinCode, expiresAt, renewed: false, status: "open", generation: 0 };
  facts.tick("create-room", outcome(entry));
}

/** @type {Rule} */
function joined(facts, { entry, got }) {
  const typed = decodeURIComponent(entry.path.split("/").at(-2) ?? "");
  const code = typed.toUpperCase().replace(/[^A-Z0-9]/g, "");
  const { expiresAt } = got;
  const room = { code, joinCode: "", expiresAt, renewed: false, generation: 0 };
  facts.room = { ...room, status: "joined" };
  facts.tick("join-room", outcome(entry));
}

/** @type {Rule} */
function offered(facts, { entry, sent }) {
  facts.update({ renewed: true, generation: sent?.generation ?? 1 });
  facts.tick("post-offer", outcome(entry));
}

/** @type {Rule} */
function answered(facts, { entry, sent }) {
  facts.update({ status: "paired", renewed: true, generation: sent?.generation ?? 1 });
  facts.tick("post-answer", outcome(entry));
}

/** @type {Rule} */
function candidatesSent(facts, { sent }) {
  for (const { candidate } of sent?.candidates ?? [sent]) facts.sent.add(candidate);
  facts.update({ renewed: true });
  facts.tick("send-candidates", `${facts.sent.size} sent`);
}

/** @type {Rule} */
function candidatesFetched(facts, { got }) {
  for (const { candidate } of got?.items ?? [])
    if (!facts.remote.has(candidate)) facts.remote.set(candidate, readCandidate(candidate));
  if (facts.remote.size > 0) facts.tick("fetch-candidates", `${facts.remote.size} received`);
}

/** @type {Rule} */
function looked(facts, { entry, got }) {
  const { status, expiresAt, generation, offer, answer } = got;
  const known = facts.room?.generation ?? 0;
  facts.update({ status, expiresAt, renewed: false, generation: generation ?? known });
  if (offer) facts.tick("fetch-offer", outcome(entry));
  if (answer) facts.tick("fetch-answer", outcome(entry));
}

/** @type {Rule} */
function closed(facts, { entry }) {
  facts.update({ status: "closed", expiresAt: 0 });
  facts.tick("close-room", outcome(entry));
}

/** @param {import("./recorder.js").Entry} entry */
function outcome({ status, startedAt, endedAt }) {
  return `${status} in ${Math.round(endedAt - startedAt)} ms`;
}
