// The two lists of states, and both sides' candidates.

import { el, make, setText } from "../common/util.js";
import { endpoint } from "./candidate.js";

/** @typedef {import("./candidate.js").Candidate} Candidate */
/** @typedef {"" | "good" | "busy" | "bad"} Tone */

/** What colour a state has, whatever it is the state of. @type {Record<string, Tone>} */
const TONES = {
  open: "good",
  joined: "good",
  paired: "good",
  stable: "good",
  complete: "good",
  completed: "good",
  connected: "good",
  checking: "busy",
  connecting: "busy",
  gathering: "busy",
  creating: "busy",
  joining: "busy",
  closing: "busy",
  disconnected: "busy",
  "have-local-offer": "busy",
  "have-remote-offer": "busy",
  failed: "bad",
  error: "bad",
  gone: "bad",
};

/** A <dl> of named states. Names become data-testids: "ICE connection" is `ice-connection-state`. */
export class StateList {
  #list;
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();

  /**
   * @param {string} id of the <dl>
   * @param {Record<string, string>} names data-testid to the name that people read
   */
  constructor(id, names) {
    this.#list = el(id, HTMLDListElement);
    for (const [testid, name] of Object.entries(names)) this.#add(testid, name);
  }

  /** @param {Record<string, string>} states by data-testid */
  show(states) {
    for (const [testid, value] of this.#values) {
      const state = states[testid] ?? "";
      setText(value, state || "–");
      value.dataset.tone = TONES[state] ?? "";
      value.classList.toggle("none", !state);
    }
  }

  /** @param {string} testid @param {string} name */
  #add(testid, name) {
    const value = make("span", "value");
    value.dataset.testid = testid;
    const cell = make("dd");
    cell.append(value);
    this.#list.append(make("dt", "", name), cell);
    this.#values.set(testid, value);
  }
}

/** How much of a room's time is left: a bar under its countdown. */
export class Countdown {
  #value;
  #bar = make("span", "left");
  #whole = 0;
  #until = 0;

  /** @param {Element | null} value the element that shows the time */
  constructor(value) {
    if (!value) throw new Error("there is nothing to count down in");
    this.#value = value;
    value.after(this.#bar);
  }

  /**
   * @param {number} expiresAt epoch ms; 0 when nothing runs down
   * @param {number} now
   * @param {boolean} atLeast whether it may be later
   */
  show(expiresAt, now, atLeast) {
    if (expiresAt !== this.#until) this.#whole = expiresAt - now;
    this.#until = expiresAt;
    const left = Math.max(0, expiresAt - now);
    setText(this.#value, expiresAt ? `${atLeast ? "≥ " : ""}${clock(left)}` : "–");
    this.#value.classList.toggle("none", !expiresAt);
    this.#bar.hidden = !expiresAt;
    this.#bar.style.setProperty("--left", String(this.#whole > 0 ? left / this.#whole : 0));
    this.#bar.classList.toggle("short", left < 30000);
  }
}

/** @param {number} ms */
function clock(ms) {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export class CandidateList {
  #list;
  #empty;

  /** @param {"local" | "remote"} side */
  constructor(side) {
    this.#list = el(side, HTMLUListElement);
    this.#empty = el(`${side}-empty`, HTMLElement);
  }

  /**
   * @param {Candidate[]} candidates
   * @param {(candidate: Candidate) => string} stateOf
   * @param {Partial<Candidate> | undefined} used the one in use
   */
  show(candidates, stateOf, used) {
    this.#empty.hidden = candidates.length > 0;
    while (this.#list.children.length > candidates.length) this.#list.lastChild?.remove();
    for (const [i, candidate] of candidates.entries()) {
      const row = this.#list.children[i] ?? this.#list.appendChild(make("li", "candidate"));
      if (row instanceof HTMLElement)
        fill(row, candidate, stateOf(candidate), isSame(candidate, used));
    }
  }
}

/** @param {HTMLElement} row @param {Candidate} candidate @param {string} state @param {boolean} used */
function fill(row, candidate, state, used) {
  const { text, type, protocol, address, port } = candidate;
  const shown = `${text} ${state} ${used}`;
  if (row.dataset.shown === shown) return;
  const data = { testid: "candidate", type, protocol, address, port, state, used, shown };
  for (const [name, value] of Object.entries(data)) row.dataset[name] = String(value);
  row.title = text;
  const where = make("span", "where", endpoint(candidate));
  const mark = make("span", "mark-state", used ? "in use" : state);
  row.replaceChildren(make("span", `kind ${type}`, type), make("span", "", protocol), where, mark);
}

/** @param {Candidate} candidate @param {Partial<Candidate> | undefined} used */
function isSame(candidate, used) {
  return (
    used !== undefined &&
    candidate.port === used.port &&
    candidate.address === used.address &&
    candidate.protocol === used.protocol
  );
}
