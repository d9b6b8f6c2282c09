// The picture of the two peers and the server between them. It only sets data attributes; what they
// look like is in demo.css. Ochre is what goes through the server, teal what goes directly.

import { el } from "./util.js";

/** @typedef {"off" | "trying" | "on" | "failed"} Direct */
/**
 * @typedef {object} Scene
 * @property {boolean} open whether a session of this page is open on the server
 * @property {boolean} others whether anybody else is known
 * @property {Direct} direct
 * @property {string} me
 * @property {string[]} peers names of those connected or connecting
 */

/** How long a line stays lit after a request, in ms. */
const AFTERGLOW = 700;

const PICTURE = `
  <title id="diagram-title"></title>
  <path class="wire near" d="M58 92 140 36" />
  <path class="wire far" d="M262 92 180 36" />
  <path class="wire direct" d="M76 108h168" />
  <g class="node server">
    <rect x="118" y="10" width="84" height="30" rx="15" />
    <text id="diagram-server" x="160" y="29.5">server</text>
  </g>
  <g class="node me">
    <circle cx="54" cy="108" r="20" />
    <text id="diagram-me-initial" class="initial" x="54" y="113.5"></text>
    <text id="diagram-me" x="54" y="145">you</text>
  </g>
  <g class="node peer">
    <circle class="another" cx="276" cy="100" r="20" />
    <circle cx="266" cy="108" r="20" />
    <text id="diagram-peer-initial" class="initial" x="266" y="113.5"></text>
    <text id="diagram-peer" x="266" y="145">somebody</text>
  </g>`;

/** Fills the page's empty <svg id="diagram" viewBox="0 0 320 150" role="img">. */
export class Diagram {
  #svg = draw();
  #title = el("diagram-title", SVGTitleElement);
  #me = el("diagram-me", SVGTextElement);
  #peer = el("diagram-peer", SVGTextElement);
  #meInitial = el("diagram-me-initial", SVGTextElement);
  #peerInitial = el("diagram-peer-initial", SVGTextElement);
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();

  /** @param {Scene} scene */
  show({ open, others, direct, me, peers }) {
    const peer = peers.length > 1 ? `${shorten(peers[0])} +${peers.length - 1}` : shorten(peers[0]);
    this.#svg.dataset.open = String(open);
    this.#svg.dataset.others = String(others);
    this.#svg.dataset.direct = direct;
    this.#svg.dataset.many = String(peers.length > 1);
    this.#me.textContent = shorten(me) || "you";
    this.#peer.textContent = peer || "somebody";
    this.#meInitial.textContent = initial(me);
    this.#peerInitial.textContent = initial(peers[0]);
    this.#title.textContent = {
      off: "You and another peer meet through the signalling server; there is no direct connection yet",
      trying: "A direct connection is being signalled through the server",
      on: `A direct connection between you and ${peers.join(", ")}`,
      failed: "The direct connection failed",
    }[direct];
  }

  /**
   * Lights the line between the server and one side for a moment.
   * @param {"near" | "far"} line near: this page's line to the server
   */
  pulse(line) {
    clearTimeout(this.#timers.get(line));
    this.#svg.classList.add(`${line}-busy`);
    const fade = () => this.#svg.classList.remove(`${line}-busy`);
    this.#timers.set(line, setTimeout(fade, AFTERGLOW));
  }
}

function draw() {
  const svg = el("diagram", SVGSVGElement);
  svg.setAttribute("aria-labelledby", "diagram-title");
  svg.dataset.direct = "off";
  svg.innerHTML = PICTURE;
  return svg;
}

/** @param {string | undefined} name */
function initial(name) {
  return name ? ([...name.trim()][0]?.toUpperCase() ?? "") : "";
}

/** @param {string | undefined} name */
function shorten(name = "") {
  const signs = [...name];
  return signs.length > 12 ? `${signs.slice(0, 11).join("")}…` : name;
}
