// The form of the services: what is published, or whom to call.

import { el, memory } from "../common/util.js";

const KEYS = { username: "rondevu-demo-user", name: "rondevu-demo-name" };

export class ServicesForm {
  fields = {
    username: el("user-name", HTMLInputElement),
    fqn: el("service-fqn", HTMLInputElement),
    name: el("caller-name", HTMLInputElement),
    target: el("call-user", HTMLInputElement),
    range: el("call-service", HTMLInputElement),
    uuid: el("call-uuid", HTMLInputElement),
  };

  onPublish = () => {};
  onCall = () => {};
  onCallUuid = () => {};
  onLook = () => {};
  /** The other role was chosen. */
  onRole = () => {};
  /** Somebody typed a name. */
  onChange = () => {};

  #panel = el("panel-services", HTMLElement);
  #caller = el("service-caller", HTMLInputElement);
  #listed = el("service-public", HTMLInputElement);
  #publish = el("publish", HTMLButtonElement);
  #call = el("call", HTMLButtonElement);
  #look = el("list-services", HTMLButtonElement);
  #callUuid = el("call-by-uuid", HTMLButtonElement);

  #forms = ["publish-form", "call-form", "uuid-form"].map((id) => el(id, HTMLFormElement));

  /** All of them; those of the other role are hidden. */
  buttons = [this.#publish, this.#call, this.#callUuid, this.#look];

  constructor() {
    /** @type {Record<string, () => void>} */
    const submits = {
      "publish-form": () => this.onPublish(),
      "call-form": () => this.onCall(),
      "uuid-form": () => this.onCallUuid(),
    };
    for (const form of this.#forms)
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        submits[form.id]?.();
      });
    this.#look.addEventListener("click", () => this.onLook());
    for (const radio of [this.#caller, el("service-publisher", HTMLInputElement)])
      radio.addEventListener("change", () => this.onRole());
    for (const field of [this.fields.username, this.fields.name])
      field.addEventListener("input", () => this.onChange());
  }

  get calling() {
    return this.#caller.checked;
  }

  get username() {
    return tidy(this.fields.username);
  }

  get fqn() {
    return this.fields.fqn.value.trim();
  }

  get isPublic() {
    return this.#listed.checked;
  }

  get name() {
    return this.fields.name.value.trim();
  }

  get target() {
    return tidy(this.fields.target);
  }

  get range() {
    return this.fields.range.value.trim();
  }

  get uuid() {
    return this.fields.uuid.value.trim();
  }

  /** What this page is called. */
  get me() {
    return this.calling ? this.name : this.username;
  }

  /** @param {URLSearchParams} params */
  fill(params) {
    const { username, fqn, name, target, range, uuid } = this.fields;
    username.value = memory.get(KEYS.username) ?? "";
    fqn.value ||= "chat@1.0.0";
    name.value = params.get("name") ?? memory.get(KEYS.name) ?? "";
    target.value = params.get("user") ?? target.value;
    range.value = params.get("service") ?? (range.value || "chat@^1.0.0");
    uuid.value = params.get("uuid") ?? uuid.value;
    if (params.has("user") || params.has("uuid")) this.#caller.checked = true;
  }

  remember() {
    if (this.calling) memory.set(KEYS.name, this.name);
    else memory.set(KEYS.username, this.username);
  }

  /** @param {boolean} busy whether something is published or called, or is about to be */
  show(busy) {
    this.#panel.dataset.role = this.calling ? "caller" : "publisher";
    for (const form of this.#forms) form.hidden = busy;
  }
}

/** @param {HTMLInputElement} input */
function tidy({ value }) {
  return value.trim().toLowerCase();
}

/** @param {string} username @returns {string} what is wrong with it, or nothing */
export function usernameProblem(username) {
  if (!username) return "Type a user name.";
  return /^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$/.test(username)
    ? ""
    : "A user name has 3 to 32 of a-z, 0-9 and -, and begins and ends with a letter or a digit.";
}

/** @param {string} fqn @returns {string} what is wrong with it, or nothing */
export function fqnProblem(fqn) {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*@\d+\.\d+\.\d+([-+][\w.+-]+)?$/.test(fqn)
    ? ""
    : "A service is a name and a version of three numbers, such as chat@1.0.0.";
}
