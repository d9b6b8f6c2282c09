// The parts of the page that change: who is here, the problems. Names come from strangers, so they are
// only ever set as text.

import { el, make, setText } from "../common/util.js";

/** @typedef {import("./lobby.js").Person} Person */
/** @typedef {{onConnect: (id: string) => void, onDisconnect: (id: string) => void}} PeopleActions */

const WORDS = {
  available: "here",
  new: "here",
  connecting: "connecting",
  connected: "connected",
  disconnected: "disconnected",
  failed: "failed",
  closed: "closed",
};

/** @param {Person} person @returns {keyof typeof WORDS} */
export function stateOf({ peer, seeking, problem, session, oldCode }) {
  if (peer?.alive) return peer.state;
  if (seeking) return "connecting";
  if (problem) return "failed";
  // Only a session published since then shows that somebody whose connection closed is still here.
  const back = session !== null && session.code !== oldCode;
  if (!peer || (peer.state === "closed" && back)) return "available";
  return peer.state;
}

/** The list of people. Entries are kept while a person is listed, so that focus is not lost. */
export class PeopleView {
  #list = el("peers", HTMLUListElement);
  #empty = el("peers-empty", HTMLElement);
  /** @type {Map<string, PersonRow>} */
  #rows = new Map();
  #actions;

  /** @param {PeopleActions} actions */
  constructor(actions) {
    this.#actions = actions;
  }

  /**
   * @param {Map<string, Person>} people
   * @param {string} empty what to say when nobody is there
   */
  show(people, empty) {
    for (const [id, row] of this.#rows) {
      if (people.has(id)) continue;
      row.item.remove();
      this.#rows.delete(id);
    }
    const names = [...people.values()].map(({ who }) => who.name);
    for (const [id, person] of people) {
      let row = this.#rows.get(id);
      if (!row) {
        row = new PersonRow(id, person.who.name, this.#actions);
        this.#rows.set(id, row);
        this.#list.append(row.item);
      }
      const ambiguous = names.filter((name) => name === person.who.name).length > 1;
      row.show(person, ambiguous);
    }
    this.#empty.textContent = empty;
    this.#empty.hidden = people.size > 0;
  }
}

class PersonRow {
  item = make("li", "person");
  #state = make("span", "person-state");
  #tag = make("span", "person-tag");
  #detail = make("p", "person-detail");
  #connect = make("button", "small primary", "Connect");
  #disconnect = make("button", "small quiet", "Disconnect");

  /** @param {string} id @param {string} name @param {PeopleActions} actions */
  constructor(id, name, { onConnect, onDisconnect }) {
    const title = make("span", "person-name", name);
    const head = make("div", "person-head");
    const actions = make("div", "person-actions");
    this.item.dataset.testid = "peer";
    this.item.dataset.name = name;
    this.#state.dataset.testid = "peer-state";
    this.#detail.dataset.testid = "peer-detail";
    this.#tag.textContent = id.slice(name.length);
    this.#connect.dataset.testid = "connect";
    this.#connect.setAttribute("aria-label", `Connect to ${name}`);
    this.#disconnect.dataset.testid = "disconnect";
    this.#disconnect.setAttribute("aria-label", `Disconnect from ${name}`);
    for (const button of [this.#connect, this.#disconnect]) button.type = "button";
    this.#connect.addEventListener("click", () => onConnect(id));
    this.#disconnect.addEventListener("click", () => onDisconnect(id));
    title.append(this.#tag);
    head.append(make("span", "dot"), title, this.#state);
    actions.append(this.#connect, this.#disconnect);
    this.item.append(head, actions, this.#detail);
  }

  /** @param {Person} person @param {boolean} ambiguous whether another person has this name */
  show(person, ambiguous) {
    const { peer, seeking, session, problem } = person;
    const state = stateOf(person);
    const busy = Boolean(peer?.alive) || seeking;
    setText(this.#state, WORDS[state]);
    setText(
      this.#detail,
      state === "available" ? "" : peer?.alive ? peer.detail : problem || peer?.detail || "",
    );
    setText(this.#connect, peer || problem ? "Connect again" : "Connect");
    this.item.dataset.state = state;
    this.#tag.hidden = !ambiguous;
    this.#connect.hidden = busy || !session;
    this.#disconnect.hidden = !peer?.alive;
    setText(this.#disconnect, state === "connecting" ? "Cancel" : "Disconnect");
  }
}

/** Problems by what they are about; the latest one is shown, and goes when its cause has gone. */
export class ProblemView {
  #box = el("error", HTMLElement);
  /** @type {Map<string, string>} */
  #problems = new Map();

  /** @param {string} what @param {string | null} sentence */
  set(what, sentence) {
    this.#problems.delete(what);
    if (sentence) this.#problems.set(what, sentence);
    setText(this.#box, [...this.#problems.values()].at(-1) ?? "");
  }
}
