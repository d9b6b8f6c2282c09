// One walk through the handshake, from an empty form to a closed room: step by step with the parts of
// the client, or all at once with the whole of it. Either way every request goes through the recorder
// and every connection is watched, and the page shows what they saw.

import { sleep } from "../common/util.js";
import { WebRTCRegistryClient } from "../common/client.js";
import { EnteredRegistry } from "./entered-registry.js";
import { Facts } from "./facts.js";
import { NotYet, Parts } from "./parts.js";
import { PeerWatch } from "./peer-watch.js";
import { WatchedManager } from "./watched-manager.js";
import { BYE, readData, readMessage } from "./wire.js";

/** How long a last word may take before the connection is closed, in ms. */
const FAREWELL = 100;
/** How long whoever says goodbye may then take to close the room, in ms. */
const CLOSING = 500;

/** @typedef {import("./steps.js").StepId} StepId */
/**
 * @typedef {object} Plan what the form says
 * @property {import("./steps.js").Role} role
 * @property {string} name
 * @property {string} roomCode of a guest
 * @property {string} joinCode of a guest
 * @property {string} server the registry's address
 * @property {RTCIceServer[]} iceServers
 * @property {number} wait how long a read may be held, in seconds
 */
/** @typedef {{at: number, label: string, good: boolean}} Mark */
/**
 * @typedef {object} Listener
 * @property {() => void} onChange
 * @property {(from: string, text: string) => void} onMessage
 * @property {(error: unknown, passing: boolean) => void} onError passing: the client deals with it
 */
export class Walk {
  /** How it is walked; empty until the first step is taken. @type {"steps" | "all" | ""} */
  mode = "";
  facts = new Facts();
  /** @type {PeerWatch | null} */
  watch = null;
  /** The other side's name, once it has said it. */
  otherName = "";
  /** @type {Set<StepId>} */
  running = new Set();
  /** What steps that came to nothing yet say about it. @type {Map<StepId, string>} */
  notes = new Map();
  /** @type {StepId | ""} */
  failed = "";
  /** What happened between the requests. @type {Mark[]} */
  marks = [];
  /** Whether the handshake is over: the room closed, or the client without hope. */
  over = false;
  /** Whether the other side has left, which ends the connection but maybe not the room. */
  left = false;

  #plan;
  #listener;
  #fetch;
  #parts;
  #stopped = new AbortController();
  /** @type {WebRTCRegistryClient | null} */
  #client = null;
  #greeted = false;
  /** @type {RTCPeerConnection | null} */
  #connection = null;
  /** The one that was open last. @type {RTCDataChannel | null | undefined} */
  #channel = null;

  /**
   * @param {Plan} plan
   * @param {import("./recorder.js").Recorder} recorder
   * @param {Listener} listener
   */
  constructor(plan, recorder, listener) {
    this.#plan = plan;
    this.#listener = listener;
    this.#fetch = recorder.tap((exchange) => this.facts.observe(exchange));
    this.#parts = new Parts(plan, {
      fetch: this.#fetch,
      sight: this.#sight,
      onMessage: (data) => this.#hear(data),
      facts: this.facts,
      signal: this.#stopped.signal,
      unsent: () => this.unsent.map(({ init }) => init),
    });
  }

  get role() {
    return this.#plan.role;
  }

  get name() {
    return this.#plan.name;
  }

  /** The client's own state; empty step by step. */
  get clientState() {
    return this.#client?.getConnectionState() ?? "";
  }

  /** As the client's heartbeat measures it, in ms. */
  get roundTrip() {
    return this.#client?.roundTripTimeMs;
  }

  /** Whether messages can be sent. */
  get channelOpen() {
    const open = this.watch?.channelState === "open" && !this.over;
    return open && (!this.#client || this.clientState === "connected");
  }

  /** Candidates that were gathered and not sent yet. */
  get unsent() {
    return (this.watch?.local ?? []).filter(({ text }) => !this.facts.sent.has(text));
  }

  /** Whether the connection can be cut: nobody would mend it step by step. */
  get canCut() {
    return this.#client !== null && this.channelOpen;
  }

  /** Whether the client can take over: nothing is done yet that it would do. */
  get canConnect() {
    return this.mode !== "all" && !this.watch && !this.over && this.running.size === 0;
  }

  /** Takes one step. Resolves when it is done, failed, or came to nothing yet. @param {StepId} id */
  async run(id) {
    this.mode ||= "steps";
    this.failed = "";
    this.notes.delete(id);
    this.running.add(id);
    this.#changed();
    try {
      const note = await (id === "close-room" ? this.#close() : this.#parts.run(id));
      if (note || !this.facts.done.has(id)) this.facts.tick(id, note ?? "");
    } catch (error) {
      this.#fail(error, id);
    }
    this.running.delete(id);
    this.#changed();
  }

  /** The whole handshake by the client, or what a first step has left of it. */
  async connect() {
    this.mode = "all";
    this.failed = "";
    const client = this.#makeClient();
    this.#client = client;
    this.#changed();
    const options = { signal: this.#stopped.signal };
    const { role, name, roomCode, joinCode } = this.#plan;
    try {
      if (role === "host") await client.createRoom(name, options);
      else await client.joinRoom(roomCode, joinCode, name, options);
      await client.startConnection(options);
    } catch (error) {
      // Without a room there is nothing to go on with: the form is open again.
      if (!this.facts.room) this.mode = "";
      this.#fail(error);
    }
    this.#changed();
  }

  /** Closes the connection under the client, which is to notice and make another. */
  cut() {
    this.#mark("cut", false);
    this.#connection?.close();
    this.#changed();
  }

  /** @param {string} text */
  say(text) {
    this.#send({ type: "chat", text });
  }

  /** Asks for the room's state. */
  async look() {
    try {
      await this.#parts.look(this.#token);
    } catch (error) {
      // Those who are connected need the room no more, nor do those who were.
      if (!this.channelOpen && !this.left) this.#fail(error);
    }
    this.#changed();
  }

  /** Ends everything that runs. The host's room is closed, for nobody could use it any more. */
  stop() {
    const mustClose = this.role === "host" && this.#token && !this.over;
    this.#stopped.abort();
    if (this.#client) void this.#client.closeRoom().catch(() => {});
    else if (mustClose) this.#parts.abandon();
    this.#end();
  }

  get #token() {
    return this.#client?.getRoomInfo()?.token ?? this.#parts.token;
  }

  #makeClient() {
    const { server, iceServers } = this.#plan;
    const config = { registryApiUrl: server, fetch: this.#fetch };
    const { entered } = this.#parts;
    const client = new WebRTCRegistryClient({
      ...config,
      iceServers,
      webRTCManager: new WatchedManager(this.#sight),
      heartbeat: true,
      ...(entered && { registryClient: new EnteredRegistry(config, entered) }),
    });
    client.onStateChange(() => this.#changed());
    client.onMessage((message) => this.#receive(message));
    client.onError((error) => this.#fail(error));
    return client;
  }

  /** @type {import("./watched-manager.js").Sight} */
  #sight = {
    onConnection: (pc) => {
      this.#connection = pc;
      this.facts.remote.clear();
      this.watch?.stop();
      this.watch = new PeerWatch(pc, (what) => this.#seen(what));
      this.#changed();
    },
    onChannel: (channel) => this.watch?.attach(channel),
    onDescription: ({ type, sdp = "" }) =>
      this.facts.tick(
        type === "offer" ? "create-offer" : "create-answer",
        `${sdp.length} characters`,
      ),
  };

  /** @param {string} what happened to the connection that is watched */
  #seen(what) {
    const { watch } = this;
    if (what === "channel" && watch?.channelState === "open") this.#opened();
    if (what === "channel" && watch?.channelState === "closed") this.#closed();
    if (what === "connectionstate" && watch) this.#markState(watch.connectionState);
    this.#changed();
  }

  #opened() {
    if (this.watch?.channel === this.#channel) return;
    this.#channel = this.watch?.channel;
    this.#mark("channel open", true);
    this.facts.tick("open-channel", "open");
    this.#greeted = false;
    // The client counts itself connected a moment later than the channel.
    if (!this.#client) this.#greet();
  }

  #closed() {
    if (this.marks.at(-1)?.good && !this.over) this.#mark("channel closed", false);
    this.#hungUp();
  }

  // Step by step nobody makes another connection: what is left of this one goes.
  #hungUp() {
    if (this.#client || this.over || this.left) return;
    this.#parts.close();
    this.watch?.stop();
    const error = new Error("the other side closed the channel");
    this.#fail(Object.assign(error, { name: "WebRTCError", code: "peer_left" }));
  }

  // Only the server knows whether the room is closed as well.
  async #parted() {
    this.left = true;
    this.facts.update({ status: "unknown" });
    await sleep(CLOSING, this.#stopped.signal);
    if (!this.over) await this.look();
  }

  #greet() {
    if (this.#greeted || !this.channelOpen) return;
    this.#greeted = true;
    this.#send({ type: "hello", name: this.#plan.name });
  }

  /** @param {RTCPeerConnectionState} state */
  #markState(state) {
    if (state === "disconnected" || state === "failed") this.#mark(state, false);
    if (state === "failed" && !this.#client)
      this.#fail(Object.assign(new Error("ICE failed"), { name: "WebRTCError" }), "open-channel");
  }

  /** @param {string} label @param {boolean} good */
  #mark(label, good) {
    this.marks.push({ at: performance.now(), label, good });
  }

  /** @param {unknown} message */
  #send(message) {
    if (this.#client) this.#client.sendMessage(message);
    else this.watch?.channel?.send(JSON.stringify(message));
  }

  // Step by step there is no client to read the channel.
  /** @param {unknown} data */
  #hear(data) {
    const { message, reply, bye } = readData(data);
    if (reply) this.watch?.channel?.send(reply);
    if (message !== undefined) this.#receive(message);
    if (bye) {
      this.#mark("they left", false);
      this.#hungUp();
    }
    this.#changed();
  }

  /** @param {unknown} message */
  #receive(message) {
    const { name, text } = readMessage(message);
    if (name) this.otherName = name;
    if (text !== undefined) this.#listener.onMessage(this.otherName || this.#other, text);
    this.#changed();
  }

  get #other() {
    return this.role === "host" ? "Guest" : "Host";
  }

  async #close() {
    if (this.#client) await this.#client.closeRoom();
    else await this.#parts.run("close-room");
    this.#end();
  }

  #end() {
    if (!this.#client && this.channelOpen) this.watch?.channel?.send(BYE);
    this.over = true;
    setTimeout(() => {
      this.#parts.close();
      this.watch?.stop();
      this.#changed();
    }, FAREWELL);
    this.#changed();
  }

  /** @param {any} error @param {StepId} [id] the step that failed; else the next one did */
  #fail(error, id) {
    if (this.#stopped.signal.aborted) return;
    if (error.code === "peer_left") void this.#parted();
    if (error instanceof NotYet && id) this.notes.set(id, error.message);
    else {
      if (id) this.failed = id;
      this.#listener.onError(error, this.#isPassing(error));
    }
    this.#changed();
  }

  /** @param {any} error */
  #isPassing({ code }) {
    return ["disconnected", "connecting"].includes(this.clientState) && code !== "peer_left";
  }

  #changed() {
    if (this.clientState === "connected") this.#greet();
    this.#listener.onChange();
  }
}
