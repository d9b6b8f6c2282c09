// The tab bar. The hash of the address selects a tab, and may fill in its form:
// #rooms&room=ABC&join=123. What is behind it stays in the browser.

import { el, make, setText } from "../common/util.js";

/** @typedef {import("./family.js").FamilyName} FamilyName */

/** @type {FamilyName[]} */
export const FAMILIES = ["topics", "rooms", "services"];

/** Where each key leads, from the tab of this index. @type {Record<string, (index: number) => number>} */
const KEYS = {
  ArrowRight: (index) => (index + 1) % FAMILIES.length,
  ArrowLeft: (index) => (index + FAMILIES.length - 1) % FAMILIES.length,
  Home: () => 0,
  End: () => FAMILIES.length - 1,
};

export class Tabs {
  #tabs = FAMILIES.map((name) => new Tab(name));
  #onSelect;

  /** @param {(name: FamilyName) => void} onSelect hears of a choice of the person at the page */
  constructor(onSelect) {
    this.#onSelect = onSelect;
    for (const [index, { name, button }] of this.#tabs.entries()) {
      button.addEventListener("click", () => this.#choose(name));
      button.addEventListener("keydown", (event) => {
        const next = this.#tabs[KEYS[event.key]?.(index) ?? -1];
        if (!next || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        next.button.focus();
        this.#choose(next.name);
      });
    }
  }

  /** Shows which tab is selected, and what belongs to it. @param {FamilyName} selected */
  select(selected) {
    for (const { name, button, panel } of this.#tabs) {
      button.setAttribute("aria-selected", String(name === selected));
      button.tabIndex = name === selected ? 0 : -1;
      panel.hidden = name !== selected;
    }
    for (const part of document.querySelectorAll("[data-of]"))
      if (part instanceof HTMLElement) part.hidden = part.dataset.of !== selected;
  }

  /**
   * Shows how a family stands, so that one that goes on behind another tab is not forgotten.
   * @param {FamilyName} name @param {string} state @param {number} unread messages
   */
  mark(name, state, unread) {
    this.#tabs.find((tab) => tab.name === name)?.mark(state, unread);
  }

  /** @param {FamilyName} name */
  #choose(name) {
    // Not one entry of the history for each look at a tab.
    history.replaceState(null, "", `#${name}`);
    this.#onSelect(name);
  }
}

class Tab {
  #unread = make("span", "unread");

  /** @param {FamilyName} name */
  constructor(name) {
    this.name = name;
    this.button = el(`tab-${name}`, HTMLButtonElement);
    this.panel = el(`panel-${name}`, HTMLElement);
    this.button.append(this.#unread);
  }

  /** @param {string} state @param {number} unread */
  mark(state, unread) {
    this.button.dataset.state = state;
    setText(this.#unread, unread > 0 ? String(unread) : "");
    const count = unread === 1 ? "1 new message" : `${unread} new messages`;
    if (unread > 0) this.button.setAttribute("aria-label", `${this.#title}, ${count}`);
    else this.button.removeAttribute("aria-label");
  }

  get #title() {
    return this.name.charAt(0).toUpperCase() + this.name.slice(1);
  }
}

/** What the address says: which tab, and what goes into its form. */
export function readAddress() {
  const [, name = "", rest = ""] = /^#([a-z]*)[?&]?(.*)$/s.exec(location.hash) ?? [];
  const params = new URLSearchParams(location.search);
  for (const [key, value] of new URLSearchParams(rest)) params.set(key, value);
  return { family: FAMILIES.find((family) => family === name) ?? "topics", params };
}
