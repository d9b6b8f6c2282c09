// The people a page knows of, and what they amount to. Nothing here touches the page.

/** @typedef {import("./peer.js").Peer} Peer */
/** @typedef {import("./peer.js").Who} Who */
/**
 * @template {{code: string}} [S={code: string}]
 * @typedef {object} Person somebody who was found, or was met
 * @property {Who} who
 * @property {S | null} session what of theirs can be answered
 * @property {Peer | null} peer
 * @property {boolean} seeking whether this page is about to answer
 * @property {string} problem why the last try to connect came to nothing
 * @property {number} endedAt when the peer ended, in ms of performance.now(); 0 while it lives
 * @property {string} oldCode the session that was there when the peer ended: no sign of life since
 */
/** @typedef {"available" | import("./peer.js").PeerState} PersonState */

/** How long somebody who has left stays in the list, in ms. */
const REMEMBER = 60000;

/** @param {Who} who @returns {Person<any>} */
export function newPerson(who) {
  return {
    who,
    session: null,
    peer: null,
    seeking: false,
    problem: "",
    endedAt: 0,
    oldCode: "",
  };
}

/** @param {Person} person @returns {PersonState} */
export function stateOf({ peer, seeking, problem, session, oldCode }) {
  if (peer?.alive) return peer.state;
  if (seeking) return "connecting";
  if (problem) return "failed";
  // Only a session published since then shows that somebody whose connection closed is still here.
  const back = session !== null && session.code !== oldCode;
  if (!peer || (peer.state === "closed" && back)) return "available";
  return peer.state;
}

/** Whether somebody is only remembered, and that for long enough. @param {Person} person */
export function isForgotten({ session, peer, seeking, problem, endedAt }) {
  if (session || seeking || peer?.alive) return false;
  return !(peer || problem) || performance.now() - endedAt >= REMEMBER;
}

/** The peers that live. @param {Iterable<Person>} people */
export function peersOf(people) {
  return [...people].flatMap(({ peer }) => (peer?.alive ? [peer] : []));
}

/** The peers that messages go to. @param {Iterable<Person>} people */
export function connectedOf(people) {
  return peersOf(people).filter(({ state }) => state === "connected");
}

/**
 * What is going on, in a word and in words; null when nothing is.
 * @param {Iterable<Person>} people
 * @param {string} lastProblem whom connecting to failed last
 * @returns {[state: string, words: string] | null}
 */
export function overallOf(people, lastProblem) {
  const all = [...people];
  const connected = connectedOf(all);
  if (connected.length > 1) return ["connected", `Connected to ${connected.length} people`];
  if (connected[0]) return ["connected", `Connected to ${connected[0].who.name}`];
  const states = all.map(({ peer, seeking }) => (seeking ? "connecting" : peer?.state));
  if (states.includes("disconnected"))
    return ["disconnected", "Disconnected, waiting for a sign of life"];
  if (states.includes("connecting")) return ["connecting", "Connecting"];
  return lastProblem ? ["failed", `Connecting to ${lastProblem} failed`] : null;
}
