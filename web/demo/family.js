// What the three ways to meet have in common: each has a chat, problems, and a standing that the page
// shows while its tab is selected. What is under way goes on while another tab is.

import { ChatView } from "../common/chat.js";
import { el } from "../common/util.js";
import { NO_SOCKET } from "./http.js";
import { overallOf } from "./people.js";

/** @typedef {"topics" | "rooms" | "services"} FamilyName */
/** @typedef {import("./people.js").Person} Person */
/** @typedef {import("./peer.js").Peer} Peer */
/**
 * @typedef {object} Standing
 * @property {string} state a word for it; data-state of the page
 * @property {string} words the same in words
 * @property {boolean} open whether something of this page is on the server
 * @property {boolean} others whether anybody else is known
 * @property {string} me
 * @property {string[]} names of the others, those who are connected first
 * @property {string[]} connected names of those that messages go to
 * @property {import("./push.js").Way | ""} [way] how the other side's news come, where any are wanted
 * @property {{people: Map<string, Person>, title: string, empty: string}} [list] who is listed
 */
/**
 * @typedef {object} Page what the page does for them
 * @property {() => void} changed what is shown may be out of date; it is shown anew soon
 * @property {import("./log.js").Log} log
 * @property {(family: Family, line: "near" | "far") => void} pulse lights a line of the picture
 * @property {() => RTCIceServer[] | null} iceServers null when the field must be mended first; it says so
 * @property {(family: FamilyName, params: Record<string, string>) => string} link that fills in the form
 * @property {(button: HTMLButtonElement, text: string) => void} copy
 */

export class Family {
  chat = new ChatView();
  /** @type {FamilyName} */
  name;

  /** @type {Map<string, string>} */
  #problems = new Map();
  /** @type {HTMLElement | null} the field that was refused last */
  #refused = null;

  /** @param {FamilyName} name @param {Page} page */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.panel = el(`panel-${name}`, HTMLElement);
    this.chat.putAside();
  }

  /** The latest problem; it goes when its cause has gone. */
  get problem() {
    return [...this.#problems.values()].at(-1) ?? "";
  }

  /** @returns {Standing} */
  get standing() {
    throw new Error("not said");
  }

  /** What there is to press, first of all what ends what has begun. @returns {HTMLButtonElement[]} */
  get buttons() {
    return [];
  }

  /** Brings the panel up to date. */
  show() {}

  /** Fills in the form as a link says. @param {URLSearchParams} _params */
  fill(_params) {}

  /** @param {string} _text @returns {boolean} whether it went to anybody */
  say(_text) {
    return false;
  }

  /** @param {string} _id of a person in the list */
  connect(_id) {}

  /** @param {string} _id of a person in the list */
  disconnect(_id) {}

  /** Ends what is under way. What must reach the server is sent before the first await. */
  leave() {}

  /** @param {string} what it is about @param {string | null} sentence null when it is over */
  trouble(what, sentence) {
    this.#problems.delete(what);
    if (sentence) {
      this.#problems.set(what, sentence);
      this.page.log.add("problem", sentence, `problem ${sentence}`);
    }
    this.page.changed();
  }

  /** Says what is wrong with a field, and goes there. @param {HTMLElement} field @param {string} sentence */
  refuse(field, sentence) {
    this.accept();
    this.trouble("form", sentence);
    this.#refused = field;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }

  /** There is nothing wrong with the form. */
  accept() {
    this.trouble("form", null);
    this.#refused?.removeAttribute("aria-invalid");
    this.#refused = null;
  }

  /** @param {"ice" | "channel"} kind @param {string} text */
  step(kind, text) {
    // Several connections that are made at once take the same steps.
    this.page.log.add(kind, text, kind === "ice" ? text : "");
    if (!/^(remote|answer)/.test(text)) return;
    this.page.pulse(this, "far");
    this.page.pulse(this, "near");
  }

  /** Hears of every request: see Http. @param {import("./http.js").RequestReport} report */
  report({ phase, method, path, about, status, ms, problem, early }) {
    const background = method === "GET";
    if (!background) this.page.pulse(this, "near");
    if (phase === "start") return;
    const where = `${method} ${shorten(decodeURIComponent(path))}`;
    const request = `${where}${about && ` (${about})`} ${status || problem} ${Math.round(ms)} ms`;
    const { log } = this.page;
    if (early) return log.add("http", `${request}: not known there yet, asking again`, "early");
    const repeats = background || path === "/poll" ? `${where} ${status || problem}` : "";
    const fine = (status > 0 && status < 400) || problem === "stopped" || problem === NO_SOCKET;
    log.add(fine ? "http" : "problem", request, repeats);
  }

  /**
   * What had the focus may be hidden by now: then a button takes it.
   * @param {Element | null} focused before anything was hidden
   */
  keepFocus(focused) {
    if (!this.panel.contains(focused) || focused?.checkVisibility()) return;
    this.buttons.find((button) => button.checkVisibility())?.focus();
  }
}

/** People who are met one by one: those of a topic, the callers of a service. */
export class Gathering extends Family {
  /** Whom connecting to failed last. */
  #lastProblem = "";
  /** @type {Set<Peer>} peers whose coming was announced in the chat */
  #announced = new Set();

  /** A peer's state is another. @param {Peer} peer */
  announce(peer) {
    const { name } = peer.who;
    if (peer.state === "connected" && !this.#announced.has(peer)) {
      this.#announced.add(peer);
      this.#lastProblem = "";
      this.chat.note(`${name} is connected`);
    }
    if (!peer.alive && this.#announced.delete(peer)) this.chat.note(peer.detail || `${name} left.`);
    if (peer.state === "failed") {
      this.#lastProblem = name;
      this.page.log.add("problem", `${name}: ${peer.detail}`);
    }
  }

  /** @param {Peer} peer @param {string} text */
  receive(peer, text) {
    this.chat.message(peer.who.name, text, false);
    if (this.chat.unread > 0) this.page.changed();
  }

  /** Everybody has been left. */
  forget() {
    this.#lastProblem = "";
    this.#announced.clear();
  }

  /**
   * The standing of whoever has met these people.
   * @param {Map<string, Person>} met
   * @param {Omit<Standing, "names" | "connected" | "others">} otherwise when nothing is going on with them
   * @returns {Standing}
   */
  standingWith(met, otherwise) {
    const people = [...met.values()];
    const linked = people.filter(({ peer, seeking }) => peer?.alive || seeking);
    const shown = linked.length > 0 ? linked : people;
    const connected = people.filter(({ peer }) => peer?.state === "connected");
    const going = overallOf(people, this.#lastProblem);
    return {
      ...otherwise,
      ...(going && { state: going[0], words: going[1] }),
      others: people.some(({ session, peer }) => session || peer?.alive),
      names: shown.map(({ who }) => who.name),
      connected: connected.map(({ who }) => who.name),
    };
  }
}

/** Ids say little, and fill the line. @param {string} path */
function shorten(path) {
  return path.replace(/[0-9a-f-]{32,}/g, (id) => `…${id.slice(-4)}`);
}
