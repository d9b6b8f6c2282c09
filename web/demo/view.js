// The list of people. Names come from strangers, so they are only ever set as text.

import { el, make, setText } from "../common/util.js";
import { stateOf } from "./people.js";

/** @typedef {import("./people.js").Person} Person */
/** @typedef {{onConnect: (id: string) => void, onDisconnect: (id: string) => void}} PeopleActions */

/** @type {Record<import("./people.js").PersonState, string>} */
const WORDS = {
  available: "here",
  new: "here",
  connecting: "connecting",
  connected: "connected",
  disconnected: "disconnected",
  failed: "failed",
  closed: "closed",
};

/** Entries are kept while a person is listed, so that focus is not lost. */
export class PeopleView {
  #list = el("peers", HTMLUListElement);
  #title = el("peers-heading", HTMLElement);
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
   * @param {string} title
   * @param {string} empty what to say when nobody is there
   */
  show(people, title, empty) {
    setText(this.#title, title);
    for (const [id, row] of this.#rows) {
      if (people.has(id)) continue;
      row.item.remove();
      this.#rows.delete(id);
    }
    const names = [...people.values()].map(({ who }) => who.name);
    for (const [id, person] of people) {
      let row = this.#rows.get(id);
      if (!row) {
        row = new PersonRow(id, this.#actions);
        this.#rows.set(id, row);
        this.#list.append(row.item);
      }
      const ambiguous = names.filter((name) => name === person.who.name).length > 1;
      row.show(person, ambiguous);
    }
    setText(this.#empty, empty);
    this.#empty.hidden = people.size > 0;
  }
}

class PersonRow {
  item = make("li", "person");
  #name = make("span");
  #state = make("span", "person-state");
  #tag = make("span", "person-tag");
  #detail = make("p", "person-detail");
  #connect = make("button", "small primary", "Connect");
  #disconnect = make("button", "small quiet", "Disconnect");

  /** @param {string} id @param {PeopleActions} actions */
  constructor(id, { onConnect, onDisconnect }) {
    const title = make("span", "person-name");
    const head = make("div", "person-head");
    const actions = make("div", "person-actions");
    this.item.dataset.testid = "peer";
    this.#state.dataset.testid = "peer-state";
    this.#detail.dataset.testid = "peer-detail";
    this.#connect.dataset.testid = "connect";
    this.#disconnect.dataset.testid = "disconnect";
    for (const button of [this.#connect, this.#disconnect]) button.type = "button";
    this.#connect.addEventListener("click", () => onConnect(id));
    this.#disconnect.addEventListener("click", () => onDisconnect(id));
    title.append(this.#name, this.#tag);
    head.append(make("span", "dot"), title, this.#state);
    actions.append(this.#connect, this.#disconnect);
    this.item.append(head, actions, this.#detail);
  }

  /** @param {Person} person @param {boolean} ambiguous whether another person has this name */
  show(person, ambiguous) {
    const { who, peer, seeking, session, problem } = person;
    const state = stateOf(person);
    const busy = Boolean(peer?.alive) || seeking;
    if (this.item.dataset.name !== who.name) this.#call(who);
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
  // Somebody may be listed before the name is known. The tag tells those of one name apart.
  /** @param {import("./peer.js").Who} who */
  #call({ id, name }) {
    this.item.dataset.name = name;
    setText(this.#name, name);
    setText(this.#tag, id.startsWith(name) ? id.slice(name.length) : `#${id.slice(-4)}`);
    this.#connect.setAttribute("aria-label", `Connect to ${name}`);
    this.#disconnect.setAttribute("aria-label", `Disconnect from ${name}`);
  }
}
