// The form: who we are, which codes, which server. A guest's link fills it in.

import { parseIce } from "../common/ice.js";
import { el, memory, setText } from "../common/util.js";

/** @typedef {import("./steps.js").Role} Role */
/** @typedef {import("./walk.js").Plan} Plan */
/** @typedef {"user-name" | "room-code-input" | "join-code-input" | "server-url"} Field */

const DEFAULT_NAMES = { host: "Alice", guest: "Bob" };

export class Form {
  #inputs = {
    "user-name": el("user-name", HTMLInputElement),
    "room-code-input": el("room-code-input", HTMLInputElement),
    "join-code-input": el("join-code-input", HTMLInputElement),
    "server-url": el("server-url", HTMLInputElement),
  };
  #guest = el("role-guest", HTMLInputElement);
  #ice = el("ice-servers", HTMLTextAreaElement);
  #iceProblem = el("ice-problem", HTMLElement);
  #wait = el("read-wait", HTMLSelectElement);
  #settings = el("settings", HTMLDetailsElement);
  #refuse;

  /**
   * @param {(field: Field, sentence: string) => void} refuse what is wrong with a field
   * @param {() => void} onChange the name or the role is another
   */
  constructor(refuse, onChange) {
    this.#refuse = refuse;
    this.#inputs["server-url"].value = location.origin;
    this.#ice.addEventListener("input", () => this.#readIce());
    this.#inputs["user-name"].addEventListener("input", onChange);
    for (const radio of [el("role-host", HTMLInputElement), this.#guest])
      radio.addEventListener("change", () => {
        this.#suggestName();
        onChange();
      });
    this.#suggestName();
  }

  /** @returns {Role} */
  get role() {
    return this.#guest.checked ? "guest" : "host";
  }

  get name() {
    return this.#inputs["user-name"].value.trim();
  }

  /** @returns {Plan | null} nothing when the form must be mended first */
  read() {
    const { role, name } = this;
    const roomCode = this.#inputs["room-code-input"].value.trim();
    const joinCode = this.#inputs["join-code-input"].value.replace(/[\s-]/g, "");
    const server = this.#inputs["server-url"].value.trim();
    const iceServers = this.#readIce();
    if (role === "guest" && !roomCode)
      return this.#reject("room-code-input", "Type the room code that the host has told you.");
    if (!URL.canParse(server))
      return this.#reject("server-url", "The registry address is not a URL.");
    if (!iceServers) {
      this.#settings.open = true;
      this.#ice.focus();
      return null;
    }
    memory.set(`rondevu-harness-${role}`, name);
    return { role, name, roomCode, joinCode, server, iceServers, wait: Number(this.#wait.value) };
  }

  /** Shows which field is to be mended, and goes there. @param {Field} field */
  mark(field) {
    if (field === "server-url") this.#settings.open = true;
    this.#inputs[field].setAttribute("aria-invalid", "true");
    this.#inputs[field].focus();
  }

  unmark() {
    for (const input of Object.values(this.#inputs)) input.removeAttribute("aria-invalid");
  }

  focus() {
    const guest = this.role === "guest";
    const first = guest ? "room-code-input" : "user-name";
    this.#inputs[guest && this.#inputs[first].value ? "join-code-input" : first].focus();
  }

  /** The address that opens the guest's form. @param {string} code */
  linkFor(code) {
    const link = new URL(location.pathname, location.origin);
    const fragment = new URLSearchParams({ guest: code });
    const server = this.#inputs["server-url"].value.trim();
    if (server !== location.origin) fragment.set("server", server);
    link.hash = fragment.toString();
    return link.href;
  }

  /** Fills the form as the address says. @returns {boolean} whether it says anything */
  readLink() {
    const link = new URLSearchParams(location.hash.slice(1) || location.search);
    const code = link.get("guest") ?? link.get("room");
    const server = link.get("server");
    if (!code) return false;
    this.#guest.checked = true;
    this.#inputs["room-code-input"].value = code;
    if (server) {
      this.#inputs["server-url"].value = server;
      this.#settings.open = true; // whoever follows the link sees whom it asks
    }
    this.#suggestName();
    return true;
  }

  #suggestName() {
    const input = this.#inputs["user-name"];
    const untouched = !input.value || Object.values(DEFAULT_NAMES).includes(input.value);
    const { role } = this;
    if (untouched) input.value = memory.get(`rondevu-harness-${role}`) || DEFAULT_NAMES[role];
  }

  #readIce() {
    const { servers, problem } = parseIce(this.#ice.value);
    setText(this.#iceProblem, problem);
    this.#ice.setAttribute("aria-invalid", String(problem !== ""));
    return problem ? null : servers;
  }

  /** @param {Field} field @param {string} sentence */
  #reject(field, sentence) {
    this.#refuse(field, sentence);
    return null;
  }
}
