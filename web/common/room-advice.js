// An error in words: what happened, and what to do next. Server errors are known by their code.

/**
 * @typedef {object} Advice
 * @property {string} code the server's code, or the kind of error
 * @property {string} title
 * @property {string} said what the server or the browser said about it
 * @property {string} next
 * @property {boolean} passing whether it is over when the connection is back
 * @property {number} retryAfter in seconds; 0 when there is nothing to wait for
 * @property {"user-name" | "room-code-input" | "join-code-input" | "server-url" | ""} field to mend
 */

/** @type {Record<string, {title: string, host: string, guest?: string, field?: Advice["field"]}>} */
const KNOWN = {
  bad_username: {
    title: "This name will not do",
    host: "A name has 1 to 32 letters and digits, - and _ among them.",
    field: "user-name",
  },
  bad_join_code: {
    title: "The join code is not right",
    host: "Ask the host for the six digits again. After ten wrong ones in a minute the room is locked for that minute.",
    field: "join-code-input",
  },
  not_found: {
    title: "There is no such room",
    host: "It has expired or was closed. Start over for a new one.",
    guest:
      "It has expired, was closed, or its code is mistyped. Check the code, or ask the host for a new room.",
    field: "room-code-input",
  },
  not_open: {
    title: "Somebody has already joined this room",
    host: "A room takes one guest. Start over for a new one.",
    guest: "A join code works once. Ask the host for a new room.",
  },
  forbidden: {
    title: "The token is not good for this",
    host: "It belongs to another room or another role, or the room has a new one. Start over.",
  },
  no_offer: {
    title: "There is no offer to answer",
    host: "The host posts its offer first. Fetch the offer again.",
  },
  already_paired: {
    title: "The room is already paired",
    host: "Offer and answer have been exchanged. Go on with the candidates, or start over.",
  },
  too_many_candidates: {
    title: "The room takes no more candidates",
    host: "It keeps 40 for each side, which is plenty. Go on without the rest.",
  },
  rate_limited: {
    title: "Too many requests",
    host: "Wait until the budget is renewed, then try again.",
  },
  retry: { title: "The server is busy", host: "Try the same step again." },
  internal: { title: "The server failed", host: "Try the same step again." },
  network: {
    title: "The server could not be reached",
    host: "Check the server address. A server on another origin must allow this page in CORS_ORIGINS.",
    field: "server-url",
  },
  timeout: {
    title: "The other side took too long",
    host: "Is the guest's page open, and past its first steps? Start over to try again.",
    guest: "Is the host's page open, and past its first steps? Start over to try again.",
  },
  webrtc: {
    title: "The browsers found no way to each other",
    host: "Look at the candidates: without a STUN server they reach one network only. Start over to try again.",
  },
  lost: {
    title: "The connection was lost",
    host: "The client makes another one by itself, as long as the room lives.",
  },
  peer_left: {
    title: "The other side has left",
    host: "Start over for a new room.",
    guest: "Ask the host for a new room, and start over.",
  },
  state: { title: "That is not possible now", host: "Start over to begin a new handshake." },
};

const KINDS = [
  ["NetworkError", "network"],
  ["TimeoutError", "timeout"],
  ["WebRTCError", "webrtc"],
  ["StateError", "state"],
];

/**
 * @param {any} error
 * @param {import("../harness/steps.js").Role} role
 * @param {boolean} [passing] whether the client deals with it
 * @returns {Advice}
 */
export function advise(error, role, passing = false) {
  const kind = KINDS.find(([name]) => name === error?.name)?.[1] ?? "";
  const known = KNOWN[passing ? "lost" : error?.code] ?? KNOWN[kind];
  const code = String(error?.code ?? error?.name ?? "error");
  const status = error?.status ? `${error.status} ` : "";
  const field = known?.field ?? "";
  return {
    code,
    title: known?.title ?? "Something went wrong",
    said: `${status}${code}: ${error?.message ?? error}`,
    next: (role === "guest" && known?.guest) || (known?.host ?? "Copy the log, and start over."),
    passing,
    retryAfter: error?.retryAfterSec ?? 0,
    field: role === "host" && field === "room-code-input" ? "" : field,
  };
}
