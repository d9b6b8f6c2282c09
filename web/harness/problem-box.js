// The problem of the moment: what happened, what the server said, what to do next.

import { el, make, setText } from "../common/util.js";

/** @typedef {import("../common/room-advice.js").Advice} Advice */

export class ProblemBox {
  /** @type {Advice | null} */
  current = null;

  #box = el("error", HTMLElement);
  #countdown = el("retry-in", HTMLElement);
  /** In epoch ms; 0 when it is not a matter of time. */
  #retryAt = 0;

  /** @param {Advice} advice */
  show(advice) {
    const { code, title, said, next, retryAfter } = advice;
    this.current = advice;
    this.#retryAt = retryAfter ? Date.now() + retryAfter * 1000 : 0;
    this.#box.dataset.code = code;
    const last = make("span", "next", next);
    last.dataset.testid = "error-next";
    const middle = said ? [make("p", "said", said)] : [];
    this.#box.replaceChildren(make("strong", "", title), ...middle, last);
    this.tick(Date.now());
  }

  clear() {
    this.current = null;
    this.#retryAt = 0;
    delete this.#box.dataset.code;
    this.#box.replaceChildren();
    this.tick(Date.now());
  }

  // Outside the box, which is read out whenever it changes.
  /** @param {number} now epoch ms */
  tick(now) {
    const wait = Math.ceil((this.#retryAt - now) / 1000);
    this.#countdown.hidden = this.#retryAt === 0;
    setText(this.#countdown, wait > 0 ? `Try again in ${wait} s.` : "Try again now.");
  }
}
