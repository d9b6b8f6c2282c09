// The demo page: puts the three ways to meet, the tabs, the picture, the chat and the log together. The
// table of data-testids is at the top of index.html.

import { Diagram } from "../common/diagram.js";
import { DEFAULT_ICE, isShareable, parseIce } from "../common/ice.js";
import { copyFrom, el, setText } from "../common/util.js";
import { Log } from "./log.js";
import { Rooms } from "./rooms.js";
import { Services } from "./services.js";
import { FAMILIES, readAddress, Tabs } from "./tabs.js";
import { Topics } from "./topics.js";
import { PeopleView } from "./view.js";

/** @typedef {import("./family.js").Family} Family */
/** @typedef {import("./family.js").FamilyName} FamilyName */

const ice = el("ice-servers", HTMLTextAreaElement);
const settings = el("settings", HTMLDetailsElement);
const iceProblem = el("ice-problem", HTMLElement);
const stateText = el("state", HTMLElement);
const way = el("way", HTMLElement);
const problem = el("error", HTMLElement);
const here = el("here", HTMLElement);
const chatInput = el("chat-input", HTMLInputElement);
const chatSend = el("chat-send", HTMLButtonElement);

const log = new Log(el("log", HTMLOListElement), el("log-empty", HTMLElement));
const diagram = new Diagram();
const tabs = new Tabs(select);
const people = new PeopleView({
  onConnect: (id) => family().connect(id),
  onDisconnect: (id) => family().disconnect(id),
});

/** @type {import("./family.js").Page} */
const page = { log, changed, pulse, iceServers, link, copy };
/** @type {Record<FamilyName, Family>} */
const families = {
  topics: new Topics(page),
  rooms: new Rooms(page),
  services: new Services(page),
};
/** @type {FamilyName | ""} */
let selected = "";
let drawing = false;

function family() {
  return families[selected || "topics"];
}

/** @param {FamilyName} name */
function select(name) {
  if (name !== selected) {
    if (selected) family().chat.putAside();
    selected = name;
    tabs.select(name);
    family().chat.bringBack();
  }
  render();
}

// What the families ask of the page

function checkIce() {
  const { servers, problem: sentence } = parseIce(ice.value);
  setText(iceProblem, sentence);
  ice.setAttribute("aria-invalid", String(sentence !== ""));
  return sentence ? null : servers;
}

function iceServers() {
  const servers = checkIce();
  const sentence = "One of the ICE servers is not written as it should be.";
  family().trouble("ice", servers ? null : sentence);
  if (!servers) settings.open = true;
  if (!servers) ice.focus();
  return servers;
}

/** @param {Family} of @param {"near" | "far"} line */
function pulse(of, line) {
  if (of === family()) diagram.pulse(line);
}

/** @param {FamilyName} name @param {Record<string, string>} params */
function link(name, params) {
  const address = new URL(location.pathname, location.origin);
  const servers = ice.value.trim();
  if (servers !== DEFAULT_ICE && isShareable(servers))
    address.searchParams.set("ice", servers.split("\n").join(","));
  address.hash = `${name}&${new URLSearchParams(params)}`;
  return address.href;
}

/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  const copied = await copyFrom(button, text);
  const sentence = `This browser does not allow copying here. The text is: ${text.slice(0, 300)}`;
  family().trouble("copy", copied ? null : sentence);
}

// Showing it

/** Many things change together: they are shown together. */
function changed() {
  if (drawing) return;
  drawing = true;
  queueMicrotask(render);
}

function render() {
  drawing = false;
  const focused = document.activeElement;
  const standing = family().standing;
  const { state, words, list } = standing;
  document.body.dataset.state = state;
  setText(stateText, words);
  setText(way, standing.way ?? "");
  way.title = WAYS[standing.way ?? ""];
  setText(problem, family().problem);
  for (const name of FAMILIES)
    tabs.mark(name, families[name].standing.state, families[name].chat.unread);
  family().show();
  family().keepFocus(focused);
  here.hidden = !list;
  if (list) people.show(list.people, list.title, list.empty);
  showDiagram(standing);
  showChat(standing.connected);
}

const WAYS = {
  pushed: "The server pushes what the others leave there, through a WebSocket.",
  waiting: "Requests wait at the server until the others leave something there.",
  polling: "The server is asked again and again for what the others leave there.",
  "": "",
};

/** The picture's idea of a state. @type {Record<string, import("../common/diagram.js").Direct>} */
const DIRECT = { connected: "on", connecting: "trying", disconnected: "trying", failed: "failed" };

/** @param {import("./family.js").Standing} standing */
function showDiagram({ state, open, others, me, names }) {
  diagram.show({ open, others, direct: DIRECT[state] ?? "off", me, peers: names });
}

/** @param {string[]} connected names */
function showChat(connected) {
  chatInput.disabled = connected.length === 0;
  chatSend.disabled = connected.length === 0;
  chatInput.placeholder =
    connected.length > 0 ? `Message to ${connected.join(", ")}` : "Connect first";
}

// What people do

function send() {
  const text = chatInput.value;
  if (!text.trim() || !family().say(text)) return;
  family().chat.message(family().standing.me, text, true);
  chatInput.value = "";
}

/** @param {boolean} first whether the page has just been opened */
function readAddressLine(first) {
  const { family: name, params } = readAddress();
  select(name);
  for (const each of first ? Object.values(families) : [family()]) each.fill(params);
  render();
  if (first) [...family().panel.querySelectorAll("input")].find(isWanted)?.focus();
}

/** @param {HTMLInputElement} input */
function isWanted(input) {
  return input.value === "" && !("optional" in input.dataset) && input.checkVisibility();
}

el("chat-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
ice.addEventListener("input", checkIce);
const copyLog = el("copy-log", HTMLButtonElement);
copyLog.addEventListener("click", () => void copy(copyLog, log.toString()));
el("clear-log", HTMLButtonElement).addEventListener("click", () => log.clear());
addEventListener("hashchange", () => readAddressLine(false));
addEventListener("pagehide", () => Object.values(families).forEach((each) => each.leave()));

ice.value = (new URLSearchParams(location.search).get("ice") ?? DEFAULT_ICE).split(",").join("\n");
// Whoever follows a link sees whom it asks.
settings.open = ice.value !== DEFAULT_ICE || !checkIce();
readAddressLine(true);
