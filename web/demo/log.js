// The log of signalling steps: when (ms since the page began), what kind, and what happened.

import { make } from "../common/util.js";

const MAX_LINES = 500;
/** A step that repeats one of the last few lines counts up there instead of taking a new line. */
const REPEAT_WINDOW = 6;

/** @typedef {"http" | "ice" | "channel" | "problem"} LogKind */
/** @typedef {{at: number, kind: LogKind, key: string, text: string, times: number, row: HTMLElement}} Line */

export class Log {
  /** @type {Line[]} */
  #lines = [];
  #list;
  #empty;

  /** @param {HTMLOListElement} list @param {HTMLElement} empty shown while the log is empty */
  constructor(list, empty) {
    this.#list = list;
    this.#empty = empty;
  }

  /**
   * @param {LogKind} kind
   * @param {string} text
   * @param {string} [key] steps of one key are repetitions of each other; the latest text is shown
   */
  add(kind, text, key = "") {
    const follow = this.#atEnd();
    const repeated = key && this.#lines.slice(-REPEAT_WINDOW).find((line) => line.key === key);
    if (repeated) {
      repeated.times += 1;
      repeated.text = text;
      repeated.row.replaceChildren(...cells(repeated));
    } else {
      this.#append({
        at: performance.now(),
        kind,
        key,
        text,
        times: 1,
        row: make("li", `line ${kind}`),
      });
    }
    if (follow) this.#list.scrollTop = this.#list.scrollHeight;
  }

  clear() {
    this.#lines = [];
    this.#list.replaceChildren();
    this.#empty.hidden = false;
  }

  /** The whole log as plain text, one step a line. */
  toString() {
    return this.#lines.map((line) => `${stamp(line.at)}  ${wording(line)}`).join("\n");
  }

  /** @param {Line} line */
  #append(line) {
    line.row.append(...cells(line));
    this.#lines.push(line);
    this.#list.append(line.row);
    this.#empty.hidden = true;
    if (this.#lines.length > MAX_LINES) this.#lines.shift()?.row.remove();
  }

  // Somebody who has scrolled up to read is left where they are.
  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < 24;
  }
}

/** @param {Line} line */
function cells(line) {
  return [make("span", "at", stamp(line.at).trim()), make("span", "what", wording(line))];
}

/** @param {Line} line */
function wording({ text, times }) {
  return times > 1 ? `${text} (×${times})` : text;
}

/** @param {number} at */
function stamp(at) {
  return `${Math.round(at)} ms`.padStart(10);
}
