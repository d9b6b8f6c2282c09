// The debugging harness: puts the form, one walk through the handshake and the views together. The table
// of data-testids is at the top of index.html.

import { ChatView } from "../common/chat.js";
import { Diagram } from "../common/diagram.js";
import { parseIce } from "../common/ice.js";
import { copyFrom, el, make, memory, setText } from "../common/util.js";
import { advise } from "./advice.js";
import { RegistryClient } from "./client.js";
import { Recorder } from "./recorder.js";
import { CandidateList, Countdown, StateList } from "./state-view.js";
import { StepsView } from "./steps-view.js";
import { STEPS } from "./steps.js";
import { Timeline, timelineText } from "./timeline.js";
import { Walk } from "./walk.js";

/** @typedef {import("./steps.js").Role} Role */
/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./steps.js").StepId} StepId */

const DEFAULT_NAMES = { host: "Alice", guest: "Bob" };

const setup = el("setup", HTMLFormElement);
const inputs = {
  "user-name": el("user-name", HTMLInputElement),
  "room-code-input": el("room-code-input", HTMLInputElement),
  "join-code-input": el("join-code-input", HTMLInputElement),
  "server-url": el("server-url", HTMLInputElement),
};
const ice = el("ice-servers", HTMLTextAreaElement);
const iceProblem = el("ice-problem", HTMLElement);
const readWait = el("read-wait", HTMLSelectElement);
const settings = el("settings", HTMLDetailsElement);
const lookUpButton = el("look-up", HTMLButtonElement);
const lookUpResult = el("look-up-result", HTMLElement);
const connectAll = el("connect-all", HTMLButtonElement);
const copyLink = el("copy-guest-link", HTMLButtonElement);
const startOver = el("start-over", HTMLButtonElement);
const ticket = el("ticket", HTMLElement);
const refresh = el("refresh-room", HTMLButtonElement);
const cut = el("cut-connection", HTMLButtonElement);
const stateText = el("state", HTMLElement);
const errorBox = el("error", HTMLElement);
const retryIn = el("retry-in", HTMLElement);
const chatForm = el("chat-form", HTMLFormElement);
const chatInput = el("chat-input", HTMLInputElement);
const chatSend = el("chat-send", HTMLButtonElement);

const chat = new ChatView();
const diagram = new Diagram();
const timeline = new Timeline();
const steps = new StepsView((id) => void takeStep(id));
const roomFacts = new StateList("room-facts", {
  "room-status": "Status",
  "room-expires": "Expires in",
  "room-generation": "Generation",
  "client-state": "Client",
  path: "Path",
});
const connectionFacts = new StateList("connection-facts", {
  "connection-state": "Connection",
  "ice-connection-state": "ICE",
  "ice-gathering-state": "Gathering",
  "signalling-state": "Signalling",
  "channel-state": "Data channel",
  "round-trip": "Round trip",
});
const roomCountdown = new Countdown(document.querySelector('[data-testid="room-expires"]'));
const localList = new CandidateList("local");
const remoteList = new CandidateList("remote");
const recorder = new Recorder(changed);

/** @type {Walk | null} */
let walk = null;
/** @type {import("./advice.js").Advice | null} */
let problem = null;
/** When the problem may have passed, in epoch ms; 0 when it is not a matter of time. */
let retryAt = 0;
/** The end of the room's time that was looked into already. */
let lookedAt = 0;
let drawing = false;
/** How many requests, and how much of the other side, were shown last. */
let seen = { requests: 0, heard: 0 };

// The form

/** @returns {Role} */
function role() {
  return el("role-guest", HTMLInputElement).checked ? "guest" : "host";
}

function checkIce() {
  const { servers, problem: sentence } = parseIce(ice.value);
  setText(iceProblem, sentence);
  ice.setAttribute("aria-invalid", String(sentence !== ""));
  return sentence ? null : servers;
}

/** @param {keyof typeof inputs} field @param {string} sentence */
function reject(field, sentence) {
  const texts = { code: "form", title: sentence, said: "", next: "" };
  showProblem({ ...texts, passing: false, retryAfter: 0, field });
}

/** @returns {import("./walk.js").Plan | null} nothing when the form must be mended first */
function readForm() {
  const iceServers = checkIce();
  const roomCode = inputs["room-code-input"].value.trim();
  const server = inputs["server-url"].value.trim();
  if (!URL.canParse(server))
    return (reject("server-url", "The registry address is not a URL."), null);
  if (role() === "guest" && !roomCode)
    return (reject("room-code-input", "Type the room code that the host has told you."), null);
  if (!iceServers) {
    settings.open = true;
    return (ice.focus(), null);
  }
  return {
    role: role(),
    name: inputs["user-name"].value.trim(),
    roomCode,
    joinCode: inputs["join-code-input"].value.replace(/[\s-]/g, ""),
    server,
    iceServers,
    wait: Number(readWait.value),
  };
}

/** The walk that is under way, or a new one when the form allows it. */
function ensureWalk() {
  // What was typed after a first step that failed counts.
  if (walk?.facts.room) return walk;
  const plan = readForm();
  if (!plan) return null;
  memory.set(`rondevu-harness-${plan.role}`, plan.name);
  walk?.stop();
  walk = new Walk(plan, recorder, { onChange: changed, onMessage: receive, onError: fail });
  return walk;
}

// What people do

/** @param {StepId} id */
async function takeStep(id) {
  clearProblem();
  const pressed = document.activeElement;
  const current = ensureWalk();
  if (!current) return;
  await current.run(id);
  render();
  if (current !== walk || problem) return;
  // The button that was pressed may have gone grey, and a keyboard user with it.
  const lost = document.activeElement === document.body || document.activeElement === pressed;
  if (lost) steps.focusNext();
}

async function connect() {
  clearProblem();
  const current = ensureWalk();
  if (!current) return;
  void current.connect();
  render();
  startOver.focus();
}

function reset() {
  walk?.stop();
  walk = null;
  clearProblem();
  chat.clear();
  recorder.forget();
  render();
  firstField().focus();
}

function firstField() {
  if (role() === "host") return inputs["user-name"];
  return inputs["room-code-input"].value ? inputs["join-code-input"] : inputs["room-code-input"];
}

async function lookUp() {
  clearProblem();
  setText(lookUpResult, "");
  const plan = readForm();
  if (!plan) return;
  const { server, roomCode } = plan;
  const retry = { attempts: 1 };
  const registry = new RegistryClient({ registryApiUrl: server, fetch: recorder.tap(), retry });
  try {
    const { hostUserName, expiresAt } = await registry.getPublicRoomInfo(roomCode);
    const left = Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
    setText(lookUpResult, `Open: ${hostUserName} waits, ${left} s left`);
  } catch (error) {
    fail(error);
  }
}

function say() {
  const text = chatInput.value;
  if (!text.trim() || !walk?.channelOpen) return;
  try {
    walk.say(text);
  } catch (error) {
    return fail(error);
  }
  chat.message(walk.name, text, true);
  chatInput.value = "";
}

// What the walk tells

/** @param {string} from @param {string} text */
function receive(from, text) {
  chat.message(from, text, false);
}

/** @param {unknown} error @param {boolean} [passing] */
function fail(error, passing) {
  showProblem(advise(error, walk?.role ?? role(), passing));
}

/** @param {import("./advice.js").Advice} advice */
function showProblem(advice) {
  problem = advice;
  retryAt = advice.retryAfter ? Date.now() + advice.retryAfter * 1000 : 0;
  errorBox.dataset.code = advice.code;
  const next = make("span", "next", advice.next);
  next.dataset.testid = "error-next";
  const said = make("p", "said", advice.said);
  errorBox.replaceChildren(make("strong", "", advice.title), ...(advice.said ? [said] : []), next);
  const field = advice.field ? inputs[advice.field] : null;
  if (field && !walk?.facts.room) {
    if (advice.field === "server-url") settings.open = true;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
  changed();
}

function clearProblem() {
  problem = null;
  retryAt = 0;
  delete errorBox.dataset.code;
  errorBox.replaceChildren();
  for (const input of Object.values(inputs)) input.removeAttribute("aria-invalid");
}

// Showing it

/** Many things change together: they are shown together. */
function changed() {
  if (drawing) return;
  drawing = true;
  queueMicrotask(() => {
    drawing = false;
    render();
  });
}

/** @returns {[state: string, words: string]} */
function overall() {
  const room = walk?.facts.room;
  if (!walk || !walk.mode) return ["idle", "Not begun"];
  if (walk.over) return ["closed", walk.role === "host" ? "The room is closed" : "You have left"];
  const { connection = "" } = walk.watch?.states ?? {};
  if (problem?.code === "peer_left") return ["disconnected", "The other side has left"];
  if (connection === "disconnected" || walk.clientState === "disconnected")
    return ["disconnected", "Connection lost, trying again"];
  if (walk.channelOpen) return ["connected", `Connected to ${walk.otherName || otherRole()}`];
  if (connection === "failed" || walk.clientState === "error") return ["failed", "Not connected"];
  if (room?.status === "gone") return ["failed", "The room is gone"];
  if (!room) return walk.failed ? ["idle", "Not begun"] : ["waiting", "Asking the server"];
  if (walk.watch && walk.facts.done.has(walk.role === "host" ? "fetch-answer" : "create-answer"))
    return ["connecting", "Connecting"];
  if (walk.role === "guest") return ["waiting", "In the room"];
  return ["waiting", room.status === "open" ? "Waiting for the guest" : "The guest is in the room"];
}

function otherRole() {
  return walk?.role === "host" ? "the guest" : "the host";
}

function render() {
  if (problem?.passing && walk?.channelOpen) clearProblem();
  const [state, words] = overall();
  const begun = Boolean(walk?.facts.room) || walk?.mode === "all";
  document.body.dataset.state = state;
  document.body.dataset.begun = String(begun);
  document.body.dataset.role = walk?.facts.room ? walk.role : role();
  setText(stateText, words);
  steps.show(walk?.facts.room ? walk.role : role(), lookOf);
  showTicket(begun);
  showRoom();
  showConnection();
  showDiagram(state);
  pulse();
  showChat();
  timeline.show(recorder.entries, walk?.marks ?? []);
}

/** @param {Step} step @returns {import("./steps-view.js").StepLook} */
function lookOf(step) {
  const { id } = step;
  const done = walk?.facts.done.has(id) ?? false;
  const unsent = id === "send-candidates" && done ? (walk?.unsent.length ?? 0) : 0;
  const skipped = !done && walk?.channelOpen && id !== "close-room" ? "was not needed" : "";
  const note = walk?.notes.get(id) ?? walk?.facts.done.get(id) ?? skipped;
  return {
    state: stateOf(id, done),
    note: unsent > 0 ? `${note}, ${unsent} more to send` : note,
    enabled: isEnabled(step, done, unsent),
  };
}

/** @param {StepId} id @param {boolean} done */
function stateOf(id, done) {
  if (walk?.failed === id) return "failed";
  if (walk?.running.has(id)) return "running";
  if (done) return "done";
  if (walk?.channelOpen && id !== "close-room") return "skipped";
  if (walk?.over || id !== nextStep()) return "todo";
  if (walk?.mode !== "all") return "next";
  return id === "close-room" || problem ? "todo" : "running";
}

function nextStep() {
  return STEPS[walk?.role ?? role()].find(
    ({ id }) => !walk?.facts.done.has(id) && !walk?.running.has(id),
  )?.id;
}

/** @param {Step} step @param {boolean} done @param {number} unsent */
function isEnabled({ id, after, again }, done, unsent) {
  if (!walk?.facts.room) return !after && !walk?.running.size && walk?.mode !== "all";
  if (walk.over || walk.running.has(id)) return false;
  if (walk.mode === "all") return id === "close-room";
  if (done && (!again || (id === "send-candidates" && unsent === 0))) return false;
  return !after || (walk.facts.done.has(after) && !walk.running.has(after));
}

/** @param {boolean} begun */
function showTicket(begun) {
  const room = walk?.facts.room;
  ticket.hidden = !begun;
  startOver.hidden = !begun;
  connectAll.hidden = begun && !walk?.canConnect;
  connectAll.disabled = walk !== null && walk.running.size > 0;
  setText(connectAll, begun ? "The rest at once" : "All at once");
  copyLink.hidden = !room?.joinCode || walk?.over === true;
  copyLink.classList.toggle("primary", room?.status === "open");
  setText(el("room-code", HTMLOutputElement), room?.code ?? "");
  setText(el("join-code", HTMLOutputElement), room?.joinCode ?? "");
  const where = walk && begun ? `${walk.role === "host" ? "Host" : "Guest"} · ${walk.name}` : "";
  setText(el("whereabouts", HTMLElement), where);
}

function showRoom() {
  const room = walk?.facts.room;
  roomFacts.show({
    "room-status": room?.status ?? "",
    "room-expires": "",
    "room-generation": room?.generation ? String(room.generation) : "",
    "client-state": walk?.clientState ?? "",
    path: pathText(),
  });
  refresh.disabled = !room || walk?.over === true || room.status === "gone";
  tick();
}

function pathText() {
  const { local, remote } = walk?.watch?.pair ?? {};
  return local && remote ? `${local.type} to ${remote.type}, ${local.protocol}` : "";
}

function showConnection() {
  cut.disabled = !walk?.canCut;
  const states = walk?.watch?.states;
  const roundTrip = walk?.roundTrip ?? walk?.watch?.pair?.roundTrip;
  connectionFacts.show({
    "connection-state": states?.connection ?? "",
    "ice-connection-state": states?.iceConnection ?? "",
    "ice-gathering-state": states?.gathering ?? "",
    "signalling-state": states?.signalling ?? "",
    "channel-state": states?.channel ?? "",
    "round-trip": typeof roundTrip === "number" ? `${roundTrip.toFixed(1)} ms` : "",
  });
  const pair = walk?.watch?.pair;
  const sent = walk?.facts.sent;
  localList.show(
    walk?.watch?.local ?? [],
    ({ text }) => (sent?.has(text) ? "sent" : "gathered"),
    pair?.local,
  );
  remoteList.show([...(walk?.facts.remote.values() ?? [])], () => "received", pair?.remote);
}

/** Lights the wires that something has just gone through. */
function pulse() {
  const facts = walk?.facts;
  const heard =
    (facts?.remote.size ?? 0) +
    Number(facts?.done.has("fetch-offer")) +
    Number(facts?.done.has("fetch-answer"));
  if (recorder.entries.length > seen.requests) diagram.pulse("near");
  if (heard > seen.heard) diagram.pulse("far");
  seen = { requests: recorder.entries.length, heard };
}

/** @param {string} state */
function showDiagram(state) {
  const direct =
    { connected: "on", connecting: "trying", disconnected: "trying", failed: "failed" }[state] ??
    "off";
  const room = walk?.facts.room;
  const live = room !== null && room !== undefined && !walk?.over && room.status !== "gone";
  diagram.show({
    open: live,
    others: live && (room.status !== "open" || walk?.role === "guest"),
    direct: /** @type {import("../common/diagram.js").Direct} */ (direct),
    me: walk?.name ?? inputs["user-name"].value.trim(),
    peers: [walk?.otherName || (role() === "host" ? "guest" : "host")],
  });
}

function showChat() {
  const open = walk?.channelOpen ?? false;
  chatInput.disabled = !open;
  chatSend.disabled = !open;
  chatInput.placeholder = open ? `Message to ${walk?.otherName || otherRole()}` : "Connect first";
}

/** What changes with time only. */
function tick() {
  const room = walk?.facts.room;
  const now = Date.now();
  const lives = room && !walk?.over && room.status !== "gone";
  roomCountdown.show(lives ? room.expiresAt : 0, now, room?.renewed ?? false);
  const wait = Math.ceil((retryAt - now) / 1000);
  retryIn.hidden = retryAt === 0;
  setText(retryIn, wait > 0 ? `Try again in ${wait} s.` : "Try again now.");
  // What either side sends renews the time without saying so: the server knows if this is the end.
  if (lives && room.expiresAt < now && room.expiresAt !== lookedAt) {
    lookedAt = room.expiresAt;
    void walk?.look();
  }
}

// Links and copying

/** @param {string} code */
function guestLink(code) {
  const link = new URL(location.pathname, location.origin);
  const fragment = new URLSearchParams({ guest: code });
  const server = inputs["server-url"].value.trim();
  if (server !== location.origin) fragment.set("server", server);
  link.hash = fragment.toString();
  return link.href;
}

/** @param {string} id @param {() => string} text */
function copies(id, text) {
  const button = el(id, HTMLButtonElement);
  button.addEventListener("click", () => void copyFrom(button, text()));
}

/** Reads the address: a guest's link opens the guest's form. */
function readLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  const code = link.get("guest") ?? link.get("room");
  if (!code || walk?.facts.room) return;
  el("role-guest", HTMLInputElement).checked = true;
  inputs["room-code-input"].value = code;
  const server = link.get("server");
  if (server) {
    inputs["server-url"].value = server;
    settings.open = true; // whoever follows the link sees whom it asks
  }
  changeRole();
  inputs["join-code-input"].focus();
}

function changeRole() {
  const name = inputs["user-name"];
  const names = Object.values(DEFAULT_NAMES);
  if (!name.value || names.includes(name.value))
    name.value = memory.get(`rondevu-harness-${role()}`) ?? DEFAULT_NAMES[role()];
  if (walk && !walk.facts.room) {
    walk.stop();
    walk = null;
  }
  clearProblem();
  render();
}

setup.addEventListener("submit", (event) => {
  event.preventDefault();
  void connect();
});
chatForm.addEventListener("submit", (event) => {
  event.preventDefault();
  say();
});
for (const id of ["role-host", "role-guest"])
  el(id, HTMLInputElement).addEventListener("change", changeRole);
lookUpButton.addEventListener("click", () => void lookUp());
startOver.addEventListener("click", reset);
refresh.addEventListener("click", () => void walk?.look());
cut.addEventListener("click", () => walk?.cut());
ice.addEventListener("input", checkIce);
inputs["user-name"].addEventListener("input", changed);
copies("copy-room-code", () => walk?.facts.room?.code ?? "");
copies("copy-join-code", () => walk?.facts.room?.joinCode ?? "");
copies("copy-guest-link", () => guestLink(walk?.facts.room?.code ?? ""));
copies("copy-log", () => timelineText(recorder.entries, walk?.marks ?? []));
el("clear-log", HTMLButtonElement).addEventListener("click", () => recorder.clear());
addEventListener("hashchange", readLink);
addEventListener("pagehide", () => walk?.stop());
setInterval(tick, 500);

inputs["server-url"].value = location.origin;
changeRole();
readLink();
