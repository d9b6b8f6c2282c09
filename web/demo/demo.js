// The demo page: puts the form, the lobby and the views together. The table of data-testids is at the
// top of index.html.

import { ChatView } from "../common/chat.js";
import { Diagram } from "../common/diagram.js";
import { DEFAULT_ICE, isShareable, parseIce } from "../common/ice.js";
import { copyFrom, el, make, memory, randomTag } from "../common/util.js";
import { Lobby } from "./lobby.js";
import { Log } from "./log.js";
import { explain, Signalling } from "./signalling.js";
import { PeopleView, ProblemView } from "./view.js";

const NAME_KEY = "rondevu-demo-name";

const form = el("join-form", HTMLFormElement);
const fields = {
  topic: el("topic", HTMLInputElement),
  name: el("name", HTMLInputElement),
  ice: el("ice-servers", HTMLTextAreaElement),
};
const iceProblem = el("ice-problem", HTMLElement);
const joinButton = el("join", HTMLButtonElement);
const leaveButton = el("leave", HTMLButtonElement);
const whereabouts = el("whereabouts", HTMLElement);
const stateText = el("state", HTMLElement);
const chatForm = el("chat-form", HTMLFormElement);
const chatInput = el("chat-input", HTMLInputElement);
const chatSend = el("chat-send", HTMLButtonElement);

const log = new Log(el("log", HTMLOListElement), el("log-empty", HTMLElement));
const chat = new ChatView();
const problems = new ProblemView();
const diagram = new Diagram();
const people = new PeopleView({
  onConnect: (id) => void lobby?.connect(id),
  onDisconnect: (id) => lobby?.disconnect(id),
});
const api = new Signalling(location.origin, reportRequest);

/** @type {Lobby | null} */
let lobby = null;
let joining = false;
let lastProblem = "";
/** @type {Set<import("./peer.js").Peer>} peers whose coming was announced in the chat */
const announced = new Set();

// Joining and leaving

/** @param {string} topic @returns {string} what is wrong with it, or nothing */
function topicProblem(topic) {
  if (!topic) return "Type a topic to meet under.";
  if ([...topic].length > 256) return "A topic has 256 characters at most.";
  // A browser resolves these before it sends the request, even when they are percent-encoded.
  if (topic === "." || topic === "..") return "A topic cannot be one or two dots.";
  return "";
}

/** @param {HTMLElement} field @param {string} sentence */
function reject(field, sentence) {
  problems.set("form", sentence);
  field.focus();
}

function checkIce() {
  const { servers, problem } = parseIce(fields.ice.value);
  iceProblem.textContent = problem;
  fields.ice.setAttribute("aria-invalid", String(problem !== ""));
  return problem ? null : servers;
}

async function join() {
  if (lobby || joining) return;
  const topic = fields.topic.value.trim();
  const name = fields.name.value.trim();
  const servers = checkIce();
  if (topicProblem(topic)) return reject(fields.topic, topicProblem(topic));
  if (!name) return reject(fields.name, "Type a name, so that others know you.");
  if (!servers) return reject(fields.ice, "One of the ICE servers is not written as it should be.");
  problems.set("form", null);
  problems.set("peer", null);
  memory.set(NAME_KEY, name);
  const surroundings = { api, log: logStep, trouble, onMessage: receive };
  const events = { onChange: render, onPeer: announce };
  lobby = new Lobby(surroundings, events, { topic, info: `${name}#${randomTag(6)}`, servers });
  joining = true;
  render();
  try {
    await lobby.join();
  } catch (error) {
    leave();
    trouble("form", `Could not join. ${explain(error)}`);
  }
  joining = false;
  render();
}

function leave() {
  const left = lobby;
  lobby = null;
  lastProblem = "";
  left?.leave();
  announced.clear();
  render();
}

// What the lobby tells

/** @param {string} what @param {string | null} sentence */
function trouble(what, sentence) {
  problems.set(what, sentence);
  if (sentence) log.add("problem", sentence, `problem ${sentence}`);
}

/** @param {"ice" | "channel"} kind @param {string} text */
function logStep(kind, text) {
  log.add(kind, text);
  if (text.startsWith("remote") || text.startsWith("answer")) diagram.pulse("far");
}

/** @param {import("./signalling.js").RequestReport} report */
function reportRequest({ phase, method, path, about, status, ms, problem, early }) {
  const background = method === "GET";
  if (!background) diagram.pulse("near");
  if (phase === "start") return;
  const request = `${method} ${decodeURIComponent(path)}${about && ` (${about})`} ${status || problem} ${Math.round(ms)} ms`;
  if (early) return log.add("http", `${request}: not known there yet, asking again`, "early");
  const repeats = background || path === "/poll" ? `${method} ${path} ${status || problem}` : "";
  log.add(
    status >= 200 && status < 300 ? "http" : problem === "stopped" ? "http" : "problem",
    request,
    repeats,
  );
}

/** @param {import("./peer.js").Peer} peer */
function announce(peer) {
  const { name } = peer.who;
  if (peer.state === "connected" && !announced.has(peer)) {
    announced.add(peer);
    lastProblem = "";
    chat.note(`${name} is connected`);
  }
  if (!peer.alive && announced.delete(peer) && lobby) chat.note(peer.detail || `${name} left.`);
  if (peer.state === "failed") {
    lastProblem = name;
    log.add("problem", `${name}: ${peer.detail}`);
  }
}

/** @param {import("./peer.js").Peer} peer @param {string} text */
function receive(peer, text) {
  chat.message(peer.who.name, text, false);
}

function send() {
  const text = chatInput.value;
  if (!text.trim() || !lobby) return;
  if (lobby.broadcast(text) === 0) return;
  chat.message(fields.name.value.trim(), text, true);
  chatInput.value = "";
}

// Showing it

/** @returns {[state: string, words: string]} */
function overall() {
  if (!lobby) return ["idle", "Not joined"];
  if (joining) return ["joining", "Joining"];
  const peers = [...lobby.people.values()].map(({ peer, seeking }) =>
    seeking ? "connecting" : peer?.state,
  );
  const connected = lobby.connected.length;
  if (connected > 0)
    return [
      "connected",
      `Connected to ${connected === 1 ? lobby.connected[0]?.who.name : `${connected} people`}`,
    ];
  if (peers.includes("disconnected"))
    return ["disconnected", "Disconnected, waiting for a sign of life"];
  if (peers.includes("connecting")) return ["connecting", "Connecting"];
  if (lastProblem) return ["failed", `Connecting to ${lastProblem} failed`];
  const offered = [...lobby.people.values()].some(({ session }) => session);
  return ["waiting", offered ? "Somebody is here: connect" : "Waiting for somebody"];
}

function render() {
  const [state, words] = overall();
  const connected = lobby?.connected ?? [];
  if (stateText.textContent !== words) stateText.textContent = words;
  document.body.dataset.state = state;
  showForm();
  people.show(
    lobby?.people ?? new Map(),
    lobby ? "Nobody else is here yet. Open the link in another tab." : "Join to see who is here.",
  );
  showDiagram(state);
  chatInput.disabled = connected.length === 0;
  chatSend.disabled = connected.length === 0;
  chatInput.placeholder =
    connected.length > 0
      ? `Message to ${connected.map(({ who }) => who.name).join(", ")}`
      : "Connect first";
}

function showForm() {
  const joined = lobby !== null;
  for (const field of Object.values(fields)) field.readOnly = joined;
  const focused = document.activeElement;
  joinButton.hidden = joined;
  leaveButton.hidden = !joined;
  // What had the focus may just have been hidden.
  if (form.contains(focused) && !focused?.checkVisibility())
    (joined ? leaveButton : joinButton).focus();
  whereabouts.replaceChildren(
    ...(joined
      ? [
          "In ",
          make("strong", "", fields.topic.value.trim()),
          " as ",
          make("strong", "", fields.name.value.trim()),
        ]
      : []),
  );
}

/** @param {string} state */
function showDiagram(state) {
  const known = [...(lobby?.people.values() ?? [])];
  const linked = known.filter(({ peer, seeking }) => peer?.alive || seeking);
  const direct =
    { connected: "on", connecting: "trying", disconnected: "trying", failed: "failed" }[state] ??
    "off";
  const shown = (linked.length > 0 ? linked : known).map(({ who }) => who.name);
  diagram.show({
    open: lobby !== null && !joining,
    others: known.some(({ session, peer }) => session || peer?.alive),
    direct: /** @type {import("../common/diagram.js").Direct} */ (direct),
    me: fields.name.value.trim(),
    peers: shown,
  });
}

// Links and copying

function shareLink() {
  const link = new URL(location.pathname, location.origin);
  link.searchParams.set("topic", fields.topic.value.trim());
  const ice = fields.ice.value.trim();
  if (ice !== DEFAULT_ICE && isShareable(ice)) link.searchParams.set("ice", ice);
  return link.href;
}

/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  const copied = await copyFrom(button, text);
  trouble(
    "copy",
    copied ? null : `This browser does not allow copying here. The text is: ${text.slice(0, 300)}`,
  );
}

function prefill() {
  const query = new URLSearchParams(location.search);
  fields.topic.value = query.get("topic") ?? "lobby";
  fields.name.value = query.get("name") ?? memory.get(NAME_KEY) ?? "";
  fields.ice.value = (query.get("ice") ?? DEFAULT_ICE).split(",").join("\n");
  checkIce();
  render();
  if (query.get("join") === "1") void join();
  else if (!fields.name.value) fields.name.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void join();
});
chatForm.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
leaveButton.addEventListener("click", leave);
fields.ice.addEventListener("input", checkIce);
fields.name.addEventListener("input", render);
const copyLink = el("copy-link", HTMLButtonElement);
copyLink.addEventListener("click", () => void copy(copyLink, shareLink()));
const copyLog = el("copy-log", HTMLButtonElement);
copyLog.addEventListener("click", () => void copy(copyLog, log.toString()));
el("clear-log", HTMLButtonElement).addEventListener("click", () => log.clear());
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) lobby?.refresh().catch(() => {}); // the regular look tells about problems
});

prefill();
