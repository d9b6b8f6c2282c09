// Services: one page claims a user name and publishes a service under it; others find it by name and
// version, or know its UUID, and call. Here is the form; publisher.js and caller.js do the work.

import { el, make, setText } from "../common/util.js";
import { Caller } from "./caller.js";
import { Gathering } from "./family.js";
import { explain, Http, SignallingError } from "./http.js";
import { loadIdentity } from "./identity.js";
import { OffersLine } from "./offers-line.js";
import { peersOf } from "./people.js";
import { Publisher } from "./publisher.js";
import { ServiceList } from "./service-list.js";
import { ServicesApi } from "./services-api.js";
import { fqnProblem, ServicesForm, usernameProblem } from "./services-form.js";

/** @typedef {import("./caller.js").Target} Target */

export class Services extends Gathering {
  #form = new ServicesForm();
  #copyLink = el("copy-service-link", HTMLButtonElement);
  #copyUuid = el("copy-uuid", HTMLButtonElement);
  #stop = el("stop-service", HTMLButtonElement);
  #ticket = el("service-ticket", HTMLElement);
  #whereabouts = el("service-whereabouts", HTMLElement);
  #uuid = el("service-uuid", HTMLOutputElement);
  #open = el("open-offers", HTMLOutputElement);
  #keyNote = el("key-note", HTMLElement);
  #list = new ServiceList((uuid) => void this.#call({ uuid }));
  #api;
  #line;
  /** @type {Publisher | Caller | null} */
  #active = null;
  /** What is being done before there is anything to show; empty after that. */
  #beginning = "";

  /** @param {import("./family.js").Page} page */
  constructor(page) {
    super("services", page);
    this.#api = new ServicesApi(new Http(location.origin, (report) => this.report(report)));
    this.#line = new OffersLine(this.#api, () => page.changed());
    this.#form.onPublish = () => void this.#publish();
    this.#form.onCall = () => void this.#callByName();
    this.#form.onCallUuid = () => void this.#callByUuid();
    this.#form.onLook = () => void this.#lookAround();
    this.#form.onChange = () => page.changed();
    this.#form.onRole = () => {
      this.accept();
      this.#list.clear();
    };
    this.#stop.addEventListener("click", () => this.leave());
    this.#copyLink.addEventListener("click", () => page.copy(this.#copyLink, this.#link));
    this.#copyUuid.addEventListener("click", () =>
      page.copy(this.#copyUuid, this.#active instanceof Publisher ? this.#active.uuid : ""),
    );
  }

  /** @override @param {URLSearchParams} params */
  fill(params) {
    if (!this.#active) this.#form.fill(params);
    this.show();
  }

  get #link() {
    if (!(this.#active instanceof Publisher)) return "";
    const { username, fqn } = this.#active.plan;
    return this.page.link("services", { user: username, service: fqn.replace("@", "@^") });
  }

  // What people do

  async #publish() {
    if (this.#active) return;
    const { username, fqn, isPublic, fields } = this.#form;
    if (usernameProblem(username)) return this.refuse(fields.username, usernameProblem(username));
    if (fqnProblem(fqn)) return this.refuse(fields.fqn, fqnProblem(fqn));
    const servers = this.page.iceServers();
    if (!servers) return;
    this.accept();
    this.#form.remember();
    this.#beginning = "Publishing";
    this.page.changed();
    try {
      const identity = await loadIdentity();
      this.#showKey(identity);
      if (!this.#beginning) return; // stopped meanwhile
      const plan = { username, fqn, isPublic };
      const { api, events } = this.#means;
      const publisher = new Publisher(api, identity, this.#surroundings(servers), events, plan);
      await this.#begin(publisher);
      if (this.#active === publisher) await this.#look(username, false);
    } catch (error) {
      this.#fail(error, username, fqn, fields.username);
    }
  }

  async #callByName() {
    const { target, range, fields } = this.#form;
    if (usernameProblem(target)) return this.refuse(fields.target, usernameProblem(target));
    if (!range) return this.refuse(fields.range, "Type a service, such as chat or chat@^1.0.0.");
    await this.#call({ username: target, range });
  }

  async #callByUuid() {
    const { uuid, fields } = this.#form;
    if (!uuid) return this.refuse(fields.uuid, "Type or paste the UUID that you were told.");
    await this.#call({ uuid });
  }

  /** @param {Target} target */
  async #call(target) {
    if (this.#active) return;
    const { name, fields } = this.#form;
    if (!name) return this.refuse(fields.name, "Type a name, so that who is called knows you.");
    const servers = this.page.iceServers();
    if (!servers) return;
    this.accept();
    this.#form.remember();
    this.#list.clear();
    this.#beginning = "Looking for the service";
    this.page.changed();
    const [whom, what, field] =
      "uuid" in target
        ? ["the service", "with this UUID", fields.uuid]
        : [target.username, target.range, fields.target];
    const { api, events } = this.#means;
    const told = {
      ...events,
      explain: (/** @type {unknown} */ error) => inWords(error, whom, what),
    };
    const plan = { name, target };
    try {
      await this.#begin(new Caller(api, this.#surroundings(servers), told, plan));
    } catch (error) {
      this.#fail(error, whom, what, field);
    }
  }

  async #lookAround() {
    const { target, fields } = this.#form;
    if (usernameProblem(target)) return this.refuse(fields.target, usernameProblem(target));
    this.accept();
    await this.#look(target, true);
  }

  /** Shows what a name has published. @param {string} username @param {boolean} callable */
  async #look(username, callable) {
    try {
      await this.#list.show(this.#api, username, callable);
      this.trouble("list", null);
    } catch (error) {
      this.trouble("list", `What ${username} has published is not known. ${explain(error)}`);
    }
  }

  /** @param {Publisher | Caller} active */
  async #begin(active) {
    this.#active = active;
    try {
      await active.start();
    } catch (error) {
      if (this.#active !== active) return active.stop(); // somebody has stopped it meanwhile
      this.leave();
      throw error;
    } finally {
      if (this.#active === active) this.#beginning = "";
      this.page.changed();
    }
  }

  /** @param {unknown} error @param {string} whom @param {string} what @param {HTMLElement} field */
  #fail(error, whom, what, field) {
    this.#beginning = "";
    const sentence = inWords(error, whom, what);
    const { status = 0 } = error instanceof SignallingError ? error : {};
    // The form comes back before its field can be gone to.
    document.body.dataset.state = "idle";
    if (status === 404 || status === 409) this.refuse(field, sentence);
    else this.trouble("form", sentence);
  }

  /** @override */
  leave() {
    const left = this.#active;
    this.#active = null;
    this.#beginning = "";
    left?.stop();
    this.forget();
    this.#list.clear();
    this.page.changed();
  }

  /** @override @param {string} text */
  say(text) {
    return (this.#active?.broadcast(text) ?? 0) > 0;
  }

  /** @override */
  connect() {
    if (this.#active instanceof Caller) void this.#active.again();
  }

  /** @override @param {string} id */
  disconnect(id) {
    const peer = this.#active?.people.get(id)?.peer;
    peer?.close("You disconnected.");
  }

  // What publisher and caller work with

  get #means() {
    const events = {
      onChange: () => this.page.changed(),
      onPeer: (/** @type {import("./peer.js").Peer} */ peer) => {
        if (this.#active) this.announce(peer);
      },
    };
    return { api: this.#api, events };
  }

  /** @param {RTCIceServer[]} servers @returns {import("./publisher.js").Surroundings} */
  #surroundings(servers) {
    return {
      line: this.#line,
      servers,
      log: (kind, text) => this.step(kind, text),
      trouble: (what, sentence) => this.trouble(what, sentence),
      onMessage: (peer, text) => this.receive(peer, text),
    };
  }

  // Showing it

  /** @override */
  get standing() {
    const active = this.#active;
    const people = active?.people ?? new Map();
    const calling = active ? active instanceof Caller : this.#form.calling;
    const title = calling ? "Who is called" : "Callers";
    const [state, words] = this.#alone;
    const empty = calling ? "Nobody is called." : "Nobody has called yet.";
    return this.standingWith(people, {
      state,
      words,
      open: state === "waiting" || peersOf(people.values()).length > 0,
      me: active instanceof Publisher ? active.plan.username : this.#form.me,
      way: this.#line.way,
      ...(active && !this.#beginning && { list: { people, title, empty } }),
    });
  }

  /** @returns {[state: string, words: string]} */
  get #alone() {
    if (this.#beginning) return ["joining", this.#beginning];
    if (this.#active instanceof Publisher) return ["waiting", "Waiting for callers"];
    if (this.#active) return ["closed", "The call is over"];
    return ["idle", this.#form.calling ? "In no call" : "Nothing published"];
  }

  /** @override */
  get buttons() {
    return [this.#stop, ...this.#form.buttons];
  }

  /** @override */
  show() {
    const active = this.#active;
    const publisher = active instanceof Publisher ? active : null;
    this.#form.show(active !== null || this.#beginning !== "");
    this.#ticket.hidden = !active && !this.#beginning;
    this.#stop.hidden = this.#ticket.hidden;
    this.#ticket.dataset.published = String(Boolean(publisher?.uuid));
    this.#copyLink.hidden = !publisher?.uuid;
    this.#copyLink.classList.toggle("primary", publisher?.people.size === 0);
    const over = this.#alone[0] === "closed" && peersOf(active?.people.values() ?? []).length === 0;
    setText(this.#stop, !this.#form.calling ? "Stop" : over ? "Start over" : "Hang up");
    setText(this.#uuid, publisher?.uuid ?? "");
    setText(this.#open, String(publisher?.open ?? ""));
    const { fqn = "", username = "" } = publisher?.plan ?? {};
    const { serviceFqn = "", username: called = "" } =
      active instanceof Caller ? (active.service ?? {}) : {};
    const what = make("strong", "", fqn || serviceFqn);
    const who = make("strong", "", username || called);
    this.#whereabouts.replaceChildren(...(fqn || serviceFqn ? [what, " of ", who] : []));
  }

  /** @param {import("./identity.js").Identity} identity */
  #showKey({ publicKey, kept }) {
    const where = kept
      ? "kept in this browser's IndexedDB"
      : "gone with this page, for this browser keeps nothing";
    const code = make("code", "", `${publicKey.slice(0, 10)}…`);
    this.#keyNote.replaceChildren(
      "Key ",
      code,
      `: made here by WebCrypto, ${where}; nobody can read its private half, not even this page.`,
    );
  }
}

/**
 * What the server's refusals mean here, and what to do next.
 * @type {[status: number, said: RegExp, sentence: (whom: string, what: string) => string][]}
 */
const REFUSALS = [
  [
    503,
    /AUTH_SECRET/,
    () =>
      "This server is not set up for services. Whoever runs it sets AUTH_SECRET to 32 bytes or more; topics and rooms work without it.",
  ],
  [
    503,
    /No available offers/,
    (whom) => `All offers of ${whom} are taken at the moment. Call again in a few seconds.`,
  ],
  [
    409,
    /different public key/,
    (whom) =>
      `The name ${whom} is held by another key. Choose another name, or publish from the browser that claimed it.`,
  ],
  [
    409,
    /Too many open offers/,
    () => "This page has too many open offers. Reload it, and publish again.",
  ],
  [
    400,
    /^Message time/,
    () => "This machine's clock is more than five minutes off. Set it right, and try again.",
  ],
  [
    404,
    /Service not found/,
    (whom, what) =>
      whom === "the service"
        ? "There is no service with this UUID: it was stopped, or has expired. Find it by its name instead."
        : `${whom} has no ${what} at the moment. Check both, or look at what ${whom} has published.`,
  ],
  [401, /./, () => "The server does not know this page any more. Try again: it registers anew."],
];

/** @param {unknown} error @param {string} whom @param {string} what */
function inWords(error, whom, what) {
  if (!(error instanceof SignallingError)) return explain(error);
  const known = REFUSALS.find(
    ([status, said]) => error.status === status && said.test(error.message),
  );
  return known ? known[2](whom, what) : explain(error);
}
