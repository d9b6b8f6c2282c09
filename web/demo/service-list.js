// What a user name has published, as the server tells everybody: public services with their name and
// version, of private ones only that they are there.

import { el, make } from "../common/util.js";

export class ServiceList {
  #box = el("service-list", HTMLElement);
  #title = el("services-heading", HTMLElement);
  #list = el("service-rows", HTMLUListElement);
  #onCall;
  /** Counts looks, for an earlier one may be answered later. */
  #looks = 0;

  /** @param {(uuid: string) => void} onCall */
  constructor(onCall) {
    this.#onCall = onCall;
  }

  /**
   * @param {import("./services-api.js").ServicesApi} api
   * @param {string} username
   * @param {boolean} callable whether each has a button to call it
   */
  async show(api, username, callable) {
    const look = ++this.#looks;
    const services = await api.servicesOf(username);
    if (look !== this.#looks) return;
    const rows = services.map((service) => this.#row(service, callable));
    const none = make("li", "empty", "Nothing is published under this name.");
    this.#title.textContent = `Services of ${username}`;
    this.#list.replaceChildren(...(rows.length > 0 ? rows : [none]));
    this.#box.hidden = false;
  }

  clear() {
    this.#looks += 1;
    this.#box.hidden = true;
    this.#list.replaceChildren();
  }

  /** @param {import("./services-api.js").Listed} service @param {boolean} callable */
  #row({ uuid, serviceFqn }, callable) {
    const row = make("li", "service");
    row.dataset.testid = "service";
    row.dataset.uuid = uuid;
    row.dataset.fqn = serviceFqn ?? "";
    row.append(
      make(
        "span",
        serviceFqn ? "service-fqn" : "service-fqn private",
        serviceFqn ?? "a private one",
      ),
    );
    if (callable)
      row.append(
        make("code", "service-uuid", uuid),
        this.#button(uuid, serviceFqn ?? "the private service"),
      );
    return row;
  }

  /** @param {string} uuid @param {string} what */
  #button(uuid, what) {
    const button = make("button", "small", "Call");
    button.type = "button";
    button.dataset.testid = "call-listed";
    button.setAttribute("aria-label", `Call ${what}`);
    button.addEventListener("click", () => this.#onCall(uuid));
    return button;
  }
}
