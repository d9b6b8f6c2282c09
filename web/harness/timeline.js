// The picture of the requests: a row for each, its bar on a time axis that all of them share. Lines
// across all rows mark what happened between the requests.

import { el, make, setText } from "../common/util.js";
import { duration, foldedScale, labelsOf } from "./scale.js";

/** How often bars of requests under way grow, in ms. */
const GROW_EVERY = 200;
/** What a label on the axis commonly takes, and a letter of any label at most, in px. */
const LABEL_WIDTH = 46;
const LETTER_WIDTH = 8;
/** What a label takes beside its letters, in px. */
const PADDING = 8;

/** @typedef {import("./recorder.js").Entry} Entry */
/** @typedef {{at: number, label: string, good: boolean}} Mark */

export class Timeline {
  #frame = el("timeline", HTMLElement);
  #list = el("request-list", HTMLOListElement);
  #empty = el("timeline-empty", HTMLElement);
  #axis = part(this.#frame, ".axis");
  #backdrop = part(this.#frame, ".backdrop");
  /** @type {Map<Entry, Row>} */
  #rows = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Entry[]} entries in the order in which they began @param {Mark[]} marks */
  show(entries, marks) {
    clearTimeout(this.#timer);
    const follow = this.#atEnd();
    this.#keepRows(entries);
    this.#empty.hidden = entries.length > 0;
    this.#frame.hidden = entries.length === 0;
    const now = performance.now();
    const first = entries[0]?.startedAt ?? 0;
    const shown = marks.filter(({ at }) => at >= first);
    const moments = [
      ...entries.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt || now]),
      ...shown.map(({ at }) => at),
    ];
    const width = this.#axis.clientWidth || 400;
    const scale = foldedScale(moments, LABEL_WIDTH / width);
    for (const [entry, row] of this.#rows) row.show(entry, scale, now);
    this.#drawAxis(scale, (text) => widthOf(text) / width);
    this.#drawFlags(scale, shown, width);
    if (follow) this.#frame.scrollTop = this.#frame.scrollHeight;
    if (entries.some(({ endedAt }) => !endedAt))
      this.#timer = setTimeout(() => this.show(entries, marks), GROW_EVERY);
  }

  /** @param {Entry[]} entries */
  #keepRows(entries) {
    const wanted = new Set(entries);
    for (const [entry, row] of this.#rows) {
      if (wanted.has(entry)) continue;
      row.item.remove();
      this.#rows.delete(entry);
    }
    for (const entry of entries) {
      if (this.#rows.has(entry)) continue;
      const row = new Row(entry);
      this.#rows.set(entry, row);
      this.#list.append(row.item);
    }
  }

  /** @param {import("./scale.js").Scale} scale @param {(text: string) => number} share of the axis */
  #drawAxis(scale, share) {
    const lines = scale.ticks.map(({ place }) => at(make("span", "grid"), place));
    const bands = scale.folds.map(({ place, width }) => at(make("span", "fold"), place, width));
    const labels = labelsOf(scale, share).map(({ kind, text, begin, end }) =>
      at(make("span", kind, text), begin, end - begin),
    );
    this.#axis.replaceChildren(...labels);
    this.#backdrop.replaceChildren(...lines, ...bands);
  }

  /**
   * Flags stand below the rows, so many lines deep that none hides another.
   * @param {import("./scale.js").Scale} scale
   * @param {Mark[]} marks
   * @param {number} width of the axis, in px
   */
  #drawFlags(scale, marks, width) {
    /** @type {number[]} where the last flag of each line ends */
    const lines = [];
    for (const { at: when, label, good } of marks) {
      const place = scale.place(when);
      const length = widthOf(label) / width;
      const late = place + length > 1;
      const begin = late ? place - length : place;
      const free = lines.findIndex((end) => end <= begin);
      const line = free < 0 ? lines.length : free;
      lines[line] = begin + length;
      const flag = at(make("span", "flag", label), place);
      flag.classList.toggle("good", good);
      flag.classList.toggle("late", late);
      flag.style.setProperty("--line", String(line));
      this.#backdrop.append(flag);
    }
    this.#list.style.setProperty("--lines", String(lines.length));
  }

  // Somebody who has scrolled up to read is left where they are.
  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#frame;
    return scrollHeight - scrollTop - clientHeight < 24;
  }
}

class Row {
  item = make("li", "request");
  #line = make("button", "request-line");
  #status = make("span", "status");
  #time = make("span", "time");
  #bar = make("span", "bar");
  #detail = make("div", "request-detail");

  /** @param {Entry} entry */
  constructor(entry) {
    const { method, path, query, wait } = entry;
    Object.assign(this.item.dataset, { testid: "request", method, path, wait });
    this.#line.type = "button";
    this.#line.dataset.testid = "request-open";
    this.#line.setAttribute("aria-expanded", "false");
    this.#line.addEventListener("click", () => this.#toggle(entry));
    this.#detail.dataset.testid = "request-detail";
    this.#detail.hidden = true;
    this.#bar.classList.add(method.toLowerCase());
    this.#bar.classList.toggle("wait", wait > 0);
    const address = make("span", "path");
    address.title = path + query;
    // Where there is no room for all of it, the room's part goes first.
    const [, room = path, rest = ""] = /^(.*\/rooms\/[^/]+)(\/.*)?$/.exec(path) ?? [];
    address.append(make("span", "path-room", room), rest, make("span", "query", query));
    const lane = make("span", "lane");
    lane.append(this.#bar);
    this.#line.append(make("span", "method", method), address, this.#status, this.#time, lane);
    this.item.append(this.#line, this.#detail);
  }

  /** @param {Entry} entry @param {import("./scale.js").Scale} scale @param {number} now */
  show(entry, scale, now) {
    const { startedAt, endedAt, status, problem } = entry;
    const end = endedAt || now;
    this.item.dataset.state = stateOf(entry);
    this.item.dataset.status = String(status);
    setText(this.#status, String(status || (problem === "stopped" ? "stop" : problem && "fail")));
    setText(this.#time, duration(end - startedAt));
    const begin = scale.place(startedAt);
    at(this.#bar, begin, scale.place(end) - begin);
    if (!this.#detail.hidden && endedAt && !this.#detail.dataset.whole) this.#fill(entry);
  }

  /** @param {Entry} entry */
  #toggle(entry) {
    this.#detail.hidden = !this.#detail.hidden;
    this.#line.setAttribute("aria-expanded", String(!this.#detail.hidden));
    if (!this.#detail.hidden) this.#fill(entry);
  }

  /** @param {Entry} entry */
  #fill(entry) {
    const headers = Object.entries(entry.headers).map(([name, value]) => `${name}: ${value}`);
    const sent = [`${entry.method} ${entry.path}${entry.query}`, ...headers, "", entry.sent];
    const got = entry.endedAt ? [String(entry.status || entry.problem), "", entry.got] : ["…"];
    this.#detail.replaceChildren(block("Sent", sent), block("Received", got));
    if (entry.endedAt) this.#detail.dataset.whole = "yes";
  }
}

/** @param {string} title @param {string[]} lines */
function block(title, lines) {
  const box = make("div");
  const text = make("pre", "", lines.join("\n").trimEnd());
  text.tabIndex = 0;
  text.setAttribute("aria-label", title);
  box.append(make("h4", "", title), text);
  return box;
}

/** @param {Entry} entry */
function stateOf({ endedAt, status, problem }) {
  if (!endedAt) return "open";
  if (problem === "stopped") return "stopped";
  return status >= 200 && status < 400 ? "ok" : "bad";
}

/**
 * Puts something on the axis; both numbers are fractions of it.
 * @template {HTMLElement} T
 * @param {T} node
 * @param {number} place
 * @param {number} [width]
 */
function at(node, place, width) {
  node.style.left = `${(place * 100).toFixed(3)}%`;
  if (width !== undefined) node.style.width = `${(width * 100).toFixed(3)}%`;
  return node;
}

/** What a label takes at most, in px. @param {string} text */
function widthOf(text) {
  return text.length * LETTER_WIDTH + PADDING;
}

/** @param {HTMLElement} frame @param {string} selector */
function part(frame, selector) {
  const found = frame.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`${selector} is missing`);
  return found;
}

/** The timeline as plain text, one request a line. @param {Entry[]} entries @param {Mark[]} marks */
export function timelineText(entries, marks) {
  const start = entries[0]?.startedAt ?? 0;
  const requests = entries.map(({ startedAt, endedAt, method, path, query, status, problem }) => {
    const took = endedAt ? duration(endedAt - startedAt) : "under way";
    return { when: startedAt, text: `${method} ${path}${query} ${status || problem} ${took}` };
  });
  const others = marks.map(({ at: when, label }) => ({ when, text: `-- ${label}` }));
  return [...requests, ...others]
    .sort((a, b) => a.when - b.when)
    .map(({ when, text }) => `${String(Math.round(when - start)).padStart(8)} ms  ${text}`)
    .join("\n");
}
