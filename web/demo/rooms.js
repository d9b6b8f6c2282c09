// Rooms: two players and two codes. All of it is done by the client library that the server serves to
// any page; here is the form around it.

import { WebRTCRegistryClient } from "../common/client.js";
import { advise } from "../common/room-advice.js";
import { el, make, memory, setText } from "../common/util.js";
import { Family } from "./family.js";
import { explain, Http, SignallingError } from "./http.js";
import { readMessage } from "./wire.js";

const NAME_KEY = "rondevu-demo-player";
const OTHER = "the other player";

/** Which field an error is about. */
const FIELDS = {
  "user-name": el("player", HTMLInputElement),
  "room-code-input": el("room-code-input", HTMLInputElement),
  "join-code-input": el("join-code-input", HTMLInputElement),
};

export class Rooms extends Family {
  #form = el("room-form", HTMLFormElement);
  #guest = el("room-guest", HTMLInputElement);
  #enterButton = el("room-enter", HTMLButtonElement);
  #leaveButton = el("room-leave", HTMLButtonElement);
  #copyLink = el("copy-room-link", HTMLButtonElement);
  #ticket = el("room-ticket", HTMLElement);
  #whereabouts = el("room-whereabouts", HTMLElement);
  #roomCode = el("room-code", HTMLOutputElement);
  #joinCode = el("join-code", HTMLOutputElement);
  #http;
  /** @type {WebRTCRegistryClient | null} */
  #client = null;
  /** The other player's name, once it has been said. */
  #other = "";
  /** Whether the other player has gone for good. */
  #left = false;

  /** @param {import("./family.js").Page} page */
  constructor(page) {
    super("rooms", page);
    this.#http = new Http(location.origin, (report) => this.report(report));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter();
    });
    this.#form.addEventListener("change", () => this.show());
    this.#leaveButton.addEventListener("click", () => this.leave());
    this.#copyLink.addEventListener("click", () => page.copy(this.#copyLink, this.#link));
    FIELDS["user-name"].addEventListener("input", () => page.changed());
  }

  /** @override @param {URLSearchParams} params */
  fill(params) {
    if (this.#client) return;
    const { "user-name": name, "room-code-input": room, "join-code-input": join } = FIELDS;
    name.value = params.get("player") ?? memory.get(NAME_KEY) ?? "";
    room.value = params.get("room") ?? "";
    join.value = params.get("join") ?? "";
    if (room.value) this.#guest.checked = true;
    this.show();
  }

  get #role() {
    return this.#guest.checked ? "guest" : "host";
  }

  get #name() {
    return FIELDS["user-name"].value.trim();
  }

  get #link() {
    const { code = "", joinCode = "" } = this.#client?.getRoomInfo() ?? {};
    return this.page.link("rooms", { room: code, join: joinCode });
  }

  async #enter() {
    if (this.#client) return;
    const room = FIELDS["room-code-input"].value.trim();
    const join = FIELDS["join-code-input"].value.replace(/[\s-]/g, "");
    const guest = this.#role === "guest";
    if (!this.#name) return this.refuse(FIELDS["user-name"], "Type a name for the other player.");
    if (guest && !room)
      return this.refuse(FIELDS["room-code-input"], "Type the room code that you were told.");
    if (guest && !join)
      return this.refuse(FIELDS["join-code-input"], "Type the join code that you were told.");
    const servers = this.page.iceServers();
    if (!servers) return;
    this.accept();
    memory.set(NAME_KEY, this.#name);
    const client = this.#makeClient(servers);
    this.#client = client;
    this.page.changed();
    try {
      if (guest) await client.joinRoom(room, join, this.#name);
      else await client.createRoom(this.#name);
      await client.startConnection();
    } catch {
      // It has been told through onError. Without a room the form is open again.
      if (client === this.#client && !client.getRoomInfo()) this.#client = null;
      this.page.changed();
    }
  }

  /** @param {RTCIceServer[]} iceServers */
  #makeClient(iceServers) {
    const { fetch } = this.#http;
    const registryApiUrl = location.origin;
    const client = new WebRTCRegistryClient({ registryApiUrl, iceServers, fetch, heartbeat: true });
    client.onStateChange((state) => {
      if (client === this.#client) this.#onState(client, state);
    });
    client.onMessage((message) => this.#receive(message));
    client.onError((error) => {
      if (client === this.#client) this.#fail(client, error);
    });
    return client;
  }

  /** @param {WebRTCRegistryClient} client @param {string} state */
  #onState(client, state) {
    if (state === "connected") {
      this.trouble("room", null);
      this.step("channel", "channel to the other player open");
      client.sendMessage({ type: "hello", name: this.#name });
      this.page.pulse(this, "far");
    } else this.step("ice", `client ${state}`);
    this.page.changed();
  }

  // The client hands over what was JSON as a value, and anything else as it came.
  /** @param {unknown} value */
  #receive(value) {
    const data = typeof value === "string" ? value : JSON.stringify(value);
    const { name, text } = readMessage(data);
    if (name && name !== this.#other) this.chat.note(`${name} is connected`);
    if (name) this.#other = name;
    if (text !== undefined) this.chat.message(this.#other || OTHER, text, false);
    this.page.changed();
  }

  /** @param {WebRTCRegistryClient} client @param {any} error */
  #fail(client, error) {
    const passing = error.retryable === true && client.getRoomInfo() !== null;
    const { title, next, field, retryAfter } = advise(error, this.#role, passing);
    if (error.code === "peer_left") {
      this.#left = true;
      this.chat.note(`${this.#other || OTHER} has left`);
    }
    const unreachable = error.name === "NetworkError";
    const what = unreachable ? explain(new SignallingError(0, "no answer")) : `${title}. ${next}`;
    const sentence = retryAfter ? `${what} That is in ${retryAfter} s.` : what;
    const input = field && field in FIELDS && FIELDS[/** @type {keyof typeof FIELDS} */ (field)];
    if (!input || client.getRoomInfo()) return this.trouble("room", sentence);
    this.#client = null;
    // The field is not to be seen before the form is.
    document.body.dataset.state = "idle";
    this.show();
    this.refuse(input, sentence);
  }

  /** @override */
  leave() {
    const left = this.#client;
    this.#client = null;
    this.#other = "";
    this.#left = false;
    left?.closeRoom().catch(() => {}); // it expires, and there is nobody left to tell
    this.trouble("room", null);
  }

  /** @override @param {string} text */
  say(text) {
    try {
      this.#client?.sendMessage({ type: "chat", text });
      return this.#client !== null;
    } catch (error) {
      this.trouble("room", `Not sent: ${explain(error)}`);
      return false;
    }
  }

  /** @override @returns {import("./family.js").Standing} */
  get standing() {
    const [state, words] = this.#overall;
    const room = this.#client?.getRoomInfo() ?? null;
    const other = this.#other || OTHER;
    const met = state === "connected" || state === "connecting" || this.#other !== "";
    return {
      state,
      words,
      open: room !== null && state !== "failed",
      others: room !== null && !this.#left && (room.role === "guest" || met),
      me: this.#name,
      names: this.#other || room?.role === "guest" ? [this.#other || "host"] : [],
      connected: state === "connected" ? [other] : [],
    };
  }

  /** @returns {[state: string, words: string]} */
  get #overall() {
    const guest = this.#role === "guest";
    if (this.#left) return ["disconnected", `${capital(this.#other || OTHER)} has left`];
    switch (this.#client?.getConnectionState()) {
      case undefined:
      case "idle":
        return ["idle", "In no room"];
      case "creating":
        return ["joining", "Making the room"];
      case "joining":
        return ["joining", "Joining the room"];
      case "connected":
        return ["connected", `Connected to ${this.#other || OTHER}`];
      case "disconnected":
        return ["disconnected", "Connection lost, trying again"];
      case "error":
        return ["failed", "Not connected"];
    }
    if (this.#other) return ["disconnected", "Connection lost, trying again"];
    return guest ? ["connecting", "Connecting"] : ["waiting", "Waiting for the other player"];
  }

  /** @override */
  get buttons() {
    return [this.#leaveButton, this.#enterButton];
  }

  /** @override */
  show() {
    const room = this.#client?.getRoomInfo() ?? null;
    const busy = this.#client !== null;
    const guest = this.#role === "guest";
    this.#form.dataset.role = this.#role;
    setText(this.#enterButton, guest ? "Join the room" : "Make a room");
    this.#enterButton.hidden = busy;
    this.#leaveButton.hidden = !busy;
    this.#copyLink.hidden = !room?.joinCode;
    this.#copyLink.classList.toggle("primary", !this.#other);
    this.#ticket.hidden = !busy;
    setText(this.#roomCode, room?.code ?? "");
    setText(this.#joinCode, room?.joinCode ?? "");
    const name = make("strong", "", this.#name);
    this.#whereabouts.replaceChildren(guest ? "Guest · " : "Host · ", name);
  }
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
