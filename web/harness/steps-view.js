// The list of steps. Rows are made once for a role and only change their texts, so that focus stays.

import { el, make, setText } from "../common/util.js";
import { STEPS } from "./steps.js";

/** @typedef {import("./steps.js").Role} Role */
/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./steps.js").StepId} StepId */
/** @typedef {{state: "todo" | "next" | "running" | "done" | "failed" | "skipped", note: string, enabled: boolean}} StepLook */

export class StepsView {
  #list = el("steps", HTMLOListElement);
  /** @type {StepRow[]} */
  #rows = [];
  #role = "";
  #run;

  /** @param {(id: StepId) => void} run */
  constructor(run) {
    this.#run = run;
  }

  /**
   * @param {Role} role
   * @param {(step: Step) => StepLook} look
   */
  show(role, look) {
    if (role !== this.#role) this.#build(role);
    for (const row of this.#rows) row.show(look(row.step));
  }

  /** The button to press next gets the focus. */
  focusNext() {
    this.#rows.find(({ item }) => item.dataset.state === "next")?.button.focus();
  }

  /** @param {Role} role */
  #build(role) {
    this.#role = role;
    this.#rows = STEPS[role].map((step) => new StepRow(step, this.#run));
    this.#list.replaceChildren(...this.#rows.map(({ item }) => item));
  }
}

class StepRow {
  item = make("li", "step");
  button = make("button", "small");
  #note = make("p", "step-note");

  /** @param {Step} step @param {(id: StepId) => void} run */
  constructor(step, run) {
    this.step = step;
    this.item.dataset.testid = "step";
    this.item.dataset.step = step.id;
    this.button.dataset.testid = `run-${step.id}`;
    this.button.type = "button";
    this.button.textContent = step.action;
    this.button.addEventListener("click", () => run(step.id));
    this.#note.dataset.testid = "step-note";
    const why = make("p", "step-why", step.why);
    why.id = `why-${step.id}`;
    this.button.setAttribute("aria-describedby", why.id);
    // Read in this order: the button, what came of it, what it is for.
    this.item.append(make("span", "step-mark"), this.button, this.#note, why);
  }

  /** @param {StepLook} look */
  show({ state, note, enabled }) {
    this.item.dataset.state = state;
    if (state === "next") this.item.setAttribute("aria-current", "step");
    else this.item.removeAttribute("aria-current");
    this.button.classList.toggle("primary", state === "next");
    this.button.disabled = !enabled;
    setText(this.#note, note);
  }
}
