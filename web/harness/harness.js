// The debugging harness: puts the form, one walk through the handshake and the views together. The table
// of data-testids is at the top of index.html.

import { ChatView } from "../common/chat.js";
import { Diagram } from "../common/diagram.js";
import { copyFrom, el, setText } from "../common/util.js";
import { advise } from "../common/room-advice.js";
import { RegistryClient } from "../common/client.js";
import { Form } from "./form.js";
import { lookOf, other, overall } from "./overall.js";
import { ProblemBox } from "./problem-box.js";
import { Recorder } from "./recorder.js";
import { CandidateList, Countdown, StateList } from "./state-view.js";
import { StepsView } from "./steps-view.js";
import { Timeline, timelineText } from "./timeline.js";
import { Walk } from "./walk.js";

/** @typedef {import("./steps.js").StepId} StepId */

const lookUpResult = el("look-up-result", HTMLElement);
const connectAll = el("connect-all", HTMLButtonElement);
const startOver = el("start-over", HTMLButtonElement);
const copyLink = el("copy-guest-link", HTMLButtonElement);
const ticket = el("ticket", HTMLElement);
const whereabouts = el("whereabouts", HTMLElement);
const roomCode = el("room-code", HTMLOutputElement);
const joinCode = el("join-code", HTMLOutputElement);
const refresh = el("refresh-room", HTMLButtonElement);
const cut = el("cut-connection", HTMLButtonElement);
const stateText = el("state", HTMLElement);
const chatInput = el("chat-input", HTMLInputElement);
const chatSend = el("chat-send", HTMLButtonElement);

const chat = new ChatView();
const diagram = new Diagram();
const timeline = new Timeline();
const problem = new ProblemBox();
const recorder = new Recorder(changed);
const steps = new StepsView((id) => void takeStep(id));
const roomFacts = new StateList("room-facts", {
  "room-status": "Status",
  "room-expires": "Expires in",
  "room-generation": "Generation",
  "client-state": "Client",
  path: "Path",
});
const roomCountdown = new Countdown(document.querySelector('[data-testid="room-expires"]'));
const connectionFacts = new StateList("connection-facts", {
  "connection-state": "Connection",
  "ice-connection-state": "ICE",
  "ice-gathering-state": "Gathering",
  "signalling-state": "Signalling",
  "channel-state": "Data channel",
  "round-trip": "Round trip",
});
const localList = new CandidateList("local");
const remoteList = new CandidateList("remote");

/** @type {Walk | null} */
let walk = null;
/** The end of the room's time that was looked into already. */
let lookedAt = 0;
let drawing = false;
/** How many requests, and how much of the other side, were shown last. */
let seen = { requests: 0, heard: 0 };

const form = new Form(
  (field, title) => {
    const texts = { code: "form", title, said: "", next: "" };
    showProblem({ ...texts, passing: false, retryAfter: 0, field });
  },
  () => {
    if (walk && !walk.facts.room) drop();
    clearProblem();
    render();
  },
);

// What people do

/** The walk that is under way, or a new one when the form allows it. */
function ensureWalk() {
  if (walk?.facts.room) return walk;
  // What was typed since a first step failed counts.
  const plan = form.read();
  if (!plan) return null;
  drop();
  walk = new Walk(plan, recorder, { onChange: changed, onMessage: receive, onError: fail });
  return walk;
}

function drop() {
  walk?.stop();
  walk = null;
}

/** @param {StepId} id */
async function takeStep(id) {
  clearProblem();
  const pressed = document.activeElement;
  const current = ensureWalk();
  if (!current) return;
  await current.run(id);
  render();
  if (current !== walk || problem.current) return;
  // The button that was pressed may have gone grey, and a keyboard user with it.
  const { activeElement } = document;
  if (activeElement === document.body || activeElement === pressed) steps.focusNext();
}

function connect() {
  clearProblem();
  const current = ensureWalk();
  if (!current) return;
  void current.connect();
  render();
  startOver.focus();
}

function reset() {
  drop();
  clearProblem();
  chat.clear();
  recorder.forget();
  render();
  form.focus();
}

async function lookUp() {
  clearProblem();
  setText(lookUpResult, "");
  const plan = form.read();
  if (!plan) return;
  const config = { registryApiUrl: plan.server, fetch: recorder.tap(), retry: { attempts: 1 } };
  try {
    const room = await new RegistryClient(config).getPublicRoomInfo(plan.roomCode);
    const left = Math.max(0, Math.round((room.expiresAt - Date.now()) / 1000));
    setText(lookUpResult, `Open: ${room.hostUserName} waits, ${left} s left`);
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
  showProblem(advise(error, walk?.role ?? form.role, passing));
}

/** @param {import("../common/room-advice.js").Advice} advice */
function showProblem(advice) {
  problem.show(advice);
  if (advice.field && !walk?.facts.room) form.mark(advice.field);
  changed();
}

function clearProblem() {
  problem.clear();
  form.unmark();
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

function render() {
  if (problem.current?.passing && walk?.channelOpen) clearProblem();
  const [state, words] = overall(walk);
  const role = walk?.role ?? form.role;
  document.body.dataset.state = state;
  document.body.dataset.role = role;
  setText(stateText, words);
  steps.show(role, (step) => lookOf(walk, step, problem.current !== null));
  showTicket();
  showRoom();
  showConnection();
  showDiagram(state);
  showChat();
  timeline.show(recorder.entries, walk?.marks ?? []);
}

function showTicket() {
  const room = walk?.facts.room;
  const begun = Boolean(room) || walk?.mode === "all";
  ticket.hidden = !begun;
  startOver.hidden = !begun;
  connectAll.hidden = begun && !walk?.canConnect;
  connectAll.disabled = walk !== null && walk.running.size > 0;
  setText(connectAll, begun ? "The rest at once" : "All at once");
  copyLink.hidden = !room?.joinCode || walk?.over === true;
  copyLink.classList.toggle("primary", room?.status === "open");
  setText(roomCode, room?.code ?? "");
  setText(joinCode, room?.joinCode ?? "");
  setText(whereabouts, walk ? `${walk.role === "host" ? "Host" : "Guest"} · ${walk.name}` : "");
}

function showRoom() {
  const room = walk?.facts.room;
  const { local, remote } = walk?.watch?.pair ?? {};
  roomFacts.show({
    "room-status": room?.status ?? "",
    "room-generation": room?.generation ? String(room.generation) : "",
    "client-state": walk?.clientState ?? "",
    path: local && remote ? `${local.type} to ${remote.type}, ${local.protocol}` : "",
  });
  refresh.disabled = !isAlive();
  tick();
}

/** Whether the room is still of use, as far as is known. */
function isAlive() {
  return Boolean(walk?.facts.room) && !walk?.over && walk?.facts.room?.status !== "gone";
}

function showConnection() {
  const { watch, facts } = walk ?? {};
  const states = watch?.states;
  const roundTrip = walk?.roundTrip ?? watch?.pair?.roundTrip;
  cut.disabled = !walk?.canCut;
  const why =
    walk?.mode === "steps"
      ? "Step by step, nobody would mend the connection"
      : "There is no connection to cut";
  cut.title = cut.disabled ? why : "";
  connectionFacts.show({
    "connection-state": states?.connection ?? "",
    "ice-connection-state": states?.iceConnection ?? "",
    "ice-gathering-state": states?.gathering ?? "",
    "signalling-state": states?.signalling ?? "",
    "channel-state": states?.channel ?? "",
    "round-trip": typeof roundTrip === "number" ? `${roundTrip.toFixed(1)} ms` : "",
  });
  const stateOf = (/** @type {{text: string}} */ { text }) =>
    facts?.sent.has(text) ? "sent" : "gathered";
  localList.show(watch?.local ?? [], stateOf, watch?.pair?.local);
  remoteList.show([...(facts?.remote.values() ?? [])], () => "received", watch?.pair?.remote);
}

/** The picture's idea of the overall state. @type {Record<string, import("../common/diagram.js").Direct>} */
const DIRECT = { connected: "on", connecting: "trying", disconnected: "trying", failed: "failed" };

/** @param {string} state */
function showDiagram(state) {
  const host = (walk?.role ?? form.role) === "host";
  const alone = host && walk?.facts.room?.status === "open";
  diagram.show({
    open: isAlive(),
    others: isAlive() && !alone && !walk?.left,
    direct: (!walk?.left && DIRECT[state]) || "off",
    me: walk?.name ?? form.name,
    peers: [walk?.otherName || (host ? "guest" : "host")],
  });
  pulse();
}

/** Lights the wires that something has just gone through. */
function pulse() {
  const { done, remote } = walk?.facts ?? {};
  const described = [done?.has("fetch-offer"), done?.has("fetch-answer")].filter(Boolean).length;
  const now = { requests: recorder.entries.length, heard: described + (remote?.size ?? 0) };
  if (now.requests > seen.requests) diagram.pulse("near");
  if (now.heard > seen.heard) diagram.pulse("far");
  seen = now;
}

function showChat() {
  const open = walk?.channelOpen ?? false;
  chatInput.disabled = !open;
  chatSend.disabled = !open;
  chatInput.placeholder = walk && open ? `Message to ${other(walk)}` : "Connect first";
}

/** What changes with time only. */
function tick() {
  const now = Date.now();
  const { expiresAt = 0, renewed = false } = (isAlive() && walk?.facts.room) || {};
  roomCountdown.show(expiresAt, now, renewed);
  problem.tick(now);
  // What either side sends renews the time without saying so: the server knows if this is the end.
  if (expiresAt && expiresAt < now && expiresAt !== lookedAt) {
    lookedAt = expiresAt;
    void walk?.look();
  }
}

function readLink() {
  if (walk?.facts.room || !form.readLink()) return;
  drop();
  clearProblem();
  render();
  form.focus();
}

// Buttons

/** @param {string} id @param {() => void} act */
function press(id, act) {
  el(id, HTMLButtonElement).addEventListener("click", act);
}

/** @param {string} id @param {() => string} text */
function copies(id, text) {
  const button = el(id, HTMLButtonElement);
  press(id, () => void copyFrom(button, text()));
}

/** @param {string} id @param {() => void} act */
function submits(id, act) {
  el(id, HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

submits("setup", connect);
submits("chat-form", say);
press("look-up", () => void lookUp());
press("start-over", reset);
press("refresh-room", () => void walk?.look());
press("cut-connection", () => walk?.cut());
press("clear-log", () => recorder.clear());
copies("copy-room-code", () => walk?.facts.room?.code ?? "");
copies("copy-join-code", () => walk?.facts.room?.joinCode ?? "");
copies("copy-guest-link", () => form.linkFor(walk?.facts.room?.code ?? ""));
copies("copy-log", () => timelineText(recorder.entries, walk?.marks ?? []));
addEventListener("hashchange", readLink);
addEventListener("pagehide", () => walk?.stop());
setInterval(tick, 500);

render();
readLink();
