// Topics: everybody who joins under the same topic sees each other, and connects to whom they like.

import { el, make, memory, randomTag } from "../common/util.js";
import { Gathering } from "./family.js";
import { explain, Http } from "./http.js";
import { Lobby } from "./lobby.js";
import { Signalling } from "./signalling.js";

const NAME_KEY = "rondevu-demo-name";

export class Topics extends Gathering {
  #form = el("join-form", HTMLFormElement);
  #topic = el("topic", HTMLInputElement);
  #name = el("name", HTMLInputElement);
  #join = el("join", HTMLButtonElement);
  #leave = el("leave", HTMLButtonElement);
  #copy = el("copy-link", HTMLButtonElement);
  #whereabouts = el("whereabouts", HTMLElement);
  #api;
  /** @type {Lobby | null} */
  #lobby = null;
  #joining = false;

  /** @param {import("./family.js").Page} page */
  constructor(page) {
    super("topics", page);
    const http = new Http(location.origin, (report) => this.report(report));
    this.#api = new Signalling(http, () => page.changed());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter();
    });
    this.#leave.addEventListener("click", () => this.leave());
    this.#copy.addEventListener("click", () =>
      page.copy(this.#copy, page.link("topics", { topic: this.#topic.value.trim() })),
    );
    this.#name.addEventListener("input", () => page.changed());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#lobby?.refresh().catch(() => {}); // the regular look tells about problems
    });
  }

  /** @override @param {URLSearchParams} params */
  fill(params) {
    if (this.#lobby) return;
    this.#topic.value = params.get("topic") ?? "lobby";
    this.#name.value = params.get("name") ?? memory.get(NAME_KEY) ?? "";
    if (params.get("join") === "1") void this.#enter();
  }

  async #enter() {
    if (this.#lobby || this.#joining) return;
    const topic = this.#topic.value.trim();
    const name = this.#name.value.trim();
    if (topicProblem(topic)) return this.refuse(this.#topic, topicProblem(topic));
    if (!name) return this.refuse(this.#name, "Type a name, so that others know you.");
    const servers = this.page.iceServers();
    if (!servers) return;
    this.accept();
    this.trouble("peer", null);
    memory.set(NAME_KEY, name);
    const info = `${name}#${randomTag(6)}`;
    const lobby = new Lobby(this.#api, this.#surroundings, this.#events, { topic, info, servers });
    this.#lobby = lobby;
    this.#joining = true;
    this.page.changed();
    try {
      await lobby.join();
    } catch (error) {
      this.leave();
      this.trouble("form", `Could not join. ${explain(error)}`);
    }
    this.#joining = false;
    this.page.changed();
  }

  /** @type {import("./lobby.js").Surroundings} */
  #surroundings = {
    log: (kind, text) => this.step(kind, text),
    trouble: (what, sentence) => this.trouble(what, sentence),
    onMessage: (peer, text) => this.receive(peer, text),
  };

  /** @type {import("./lobby.js").LobbyEvents} */
  #events = {
    onChange: () => this.page.changed(),
    onPeer: (peer) => this.#lobby && this.announce(peer),
  };

  /** @override */
  leave() {
    const left = this.#lobby;
    this.#lobby = null;
    left?.leave();
    this.forget();
    this.page.changed();
  }

  /** @override @param {string} text */
  say(text) {
    return (this.#lobby?.broadcast(text) ?? 0) > 0;
  }

  /** @override @param {string} id */
  connect(id) {
    void this.#lobby?.connect(id);
  }

  /** @override @param {string} id */
  disconnect(id) {
    this.#lobby?.disconnect(id);
  }

  /** @override */
  get standing() {
    const lobby = this.#lobby;
    const people = lobby?.people ?? new Map();
    const empty = lobby
      ? "Nobody else is here yet. Open the link in another tab."
      : "Join to see who is here.";
    const [state, words] = this.#alone;
    return this.standingWith(people, {
      state,
      words,
      open: lobby !== null && !this.#joining,
      me: this.#name.value.trim(),
      way: this.#api.way,
      list: { people, title: "Who is here", empty },
    });
  }

  /** @returns {[state: string, words: string]} */
  get #alone() {
    if (!this.#lobby) return ["idle", "Not joined"];
    if (this.#joining) return ["joining", "Joining"];
    const offered = [...this.#lobby.people.values()].some(({ session }) => session);
    return ["waiting", offered ? "Somebody is here: connect" : "Waiting for somebody"];
  }

  /** @override */
  get buttons() {
    return [this.#leave, this.#join];
  }

  /** @override */
  show() {
    const joined = this.#lobby !== null;
    for (const field of [this.#topic, this.#name]) field.readOnly = joined;
    this.#join.hidden = joined;
    this.#leave.hidden = !joined;
    const topic = make("strong", "", this.#topic.value.trim());
    const name = make("strong", "", this.#name.value.trim());
    this.#whereabouts.replaceChildren(...(joined ? ["In ", topic, " as ", name] : []));
  }
}

/** @param {string} topic @returns {string} what is wrong with it, or nothing */
function topicProblem(topic) {
  if (!topic) return "Type a topic to meet under.";
  if ([...topic].length > 256) return "A topic has 256 characters at most.";
  // A browser resolves these before it sends the request, even when they are percent-encoded.
  if (topic === "." || topic === "..") return "A topic cannot be one or two dots.";
  return "";
}
