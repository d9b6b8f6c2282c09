// The handshake taken apart: each step is one call of the client's parts, made when somebody asks for it.

import { RegistryClient } from "../common/client.js";
import { WatchedManager } from "./watched-manager.js";

/** How long the last step waits for the channel, in ms. */
const CHANNEL_DEADLINE = 15000;

/** @typedef {import("./steps.js").StepId} StepId */
/** @typedef {RTCSessionDescriptionInit} Description */
/** @typedef {import("./entered-registry.js").Entered} Entered */
/**
 * @typedef {object} Surroundings
 * @property {typeof fetch} fetch
 * @property {import("./watched-manager.js").Sight} sight
 * @property {(data: unknown) => void} onMessage
 * @property {import("./facts.js").Facts} facts
 * @property {AbortSignal} signal
 * @property {() => RTCIceCandidateInit[]} unsent candidates that the server has not got yet
 */

/** What a step says that is not done, though nothing went wrong. */
export class NotYet extends Error {}

export class Parts {
  /** What the first step was answered with. @type {Entered | null} */
  entered = null;

  #plan;
  #around;
  #registry;
  #manager;
  /** @type {Description | null} */
  #local = null;
  /** @type {Description | null} */
  #remote = null;
  /** @type {RTCDataChannel | null} */
  #channel = null;
  /** @type {Set<string>} the other side's candidates that the connection has */
  #added = new Set();

  /** @param {import("./walk.js").Plan} plan @param {Surroundings} around */
  constructor(plan, around) {
    this.#plan = plan;
    this.#around = around;
    const retry = { attempts: 1 }; // a step shows what happened to it, the first time
    this.#registry = new RegistryClient({
      registryApiUrl: plan.server,
      fetch: around.fetch,
      retry,
    });
    this.#manager = new WatchedManager(around.sight);
  }

  /**
   * Takes a step. Resolves to what came of it; a request speaks for itself.
   * @param {StepId} id
   * @returns {Promise<string | void>}
   */
  run(id) {
    return this.#steps[id]();
  }

  /** Asks for the room's state; whoever watches the requests learns it. @param {string} token */
  async look(token) {
    await this.#registry.getRoom(this.#code, token, this.#options);
  }

  /** Closes the room without waiting for it; the room would expire anyway. */
  abandon() {
    this.#registry.closeRoom(this.#code, this.token).catch(() => {});
  }

  close() {
    this.#manager.close();
  }

  /** @type {Record<StepId, () => Promise<string | void>>} */
  #steps = {
    "create-room": async () => {
      this.entered = await this.#registry.createRoom(this.#plan.name, this.#options);
    },
    "join-room": async () => {
      const { roomCode, joinCode, name } = this.#plan;
      this.entered = await this.#registry.joinRoom(roomCode, joinCode, name, this.#options);
    },
    "create-offer": async () => {
      this.#connect();
      this.#adopt(this.#manager.createDataChannel("harness"));
      return this.#describe(await this.#manager.createOffer());
    },
    "post-offer": () =>
      this.#registry.postOffer(this.#code, this.token, must(this.#local), this.#options),
    "fetch-offer": async () => {
      this.#remote = (await this.#read()).offer;
      if (!this.#remote) throw new NotYet("none there yet");
    },
    "create-answer": async () => {
      this.#connect();
      this.#manager.onDataChannel((channel) => this.#adopt(channel));
      return this.#describe(await this.#manager.createAnswer(must(this.#remote)));
    },
    "post-answer": () =>
      this.#registry.postAnswer(this.#code, this.token, must(this.#local), this.#options),
    "fetch-answer": async () => {
      const { answer } = await this.#read();
      if (!answer) throw new NotYet("none there yet");
      await this.#manager.setRemoteDescription(answer);
    },
    "send-candidates": async () => {
      const unsent = this.#around.unsent();
      if (unsent.length === 0) throw new NotYet("none gathered yet");
      await this.#registry.postCandidates(this.#code, this.token, unsent, this.#options);
    },
    "fetch-candidates": () => this.#fetchCandidates(),
    "open-channel": () => this.#opening(),
    "close-room": async () => {
      if (this.#plan.role === "host")
        await this.#registry.closeRoom(this.#code, this.token, this.#options);
    },
  };

  /** Empty as long as there is no room. */
  get token() {
    const { entered } = this;
    if (!entered) return "";
    return "ownerToken" in entered ? entered.ownerToken : entered.guestToken;
  }

  get #code() {
    return this.#around.facts.room?.code ?? "";
  }

  get #options() {
    return { signal: this.#around.signal };
  }

  #connect() {
    this.#manager.createPeerConnection(this.#plan.iceServers);
  }

  /** @param {Description} description ours */
  async #describe(description) {
    this.#local = description;
    await this.#manager.setLocalDescription(description);
    return `${description.sdp?.length ?? 0} characters`;
  }

  #read() {
    const { wait } = this.#plan;
    return this.#registry.getRoom(this.#code, this.token, {
      ...this.#options,
      wait: wait || undefined,
    });
  }

  // Always all of them: the list on the page shows what the server has.
  async #fetchCandidates() {
    const wait = this.#added.size === 0 && this.#plan.wait > 0 ? this.#plan.wait : undefined;
    const options = { ...this.#options, wait };
    const { items } = await this.#registry.getCandidates(this.#code, this.token, options);
    for (const item of items) {
      if (this.#added.has(item.candidate ?? "")) continue;
      await this.#manager.addIceCandidate(item);
      this.#added.add(item.candidate ?? "");
    }
    if (this.#added.size === 0) throw new NotYet("none there yet");
  }

  /** @param {RTCDataChannel} channel */
  #adopt(channel) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => this.#around.onMessage(data));
  }

  /** @returns {Promise<void>} */
  #opening() {
    const { signal } = this.#around;
    return new Promise((resolve, reject) => {
      const settled = new AbortController();
      const look = () => this.#channel?.readyState === "open" && settle(resolve);
      /** @param {() => void} how */
      const settle = (how) => {
        settled.abort();
        clearInterval(timer);
        clearTimeout(late);
        how();
      };
      const timer = setInterval(look, 50);
      const late = setTimeout(
        () => settle(() => reject(new NotYet("not open yet"))),
        CHANNEL_DEADLINE,
      );
      signal.addEventListener("abort", () => settle(() => reject(signal.reason)), {
        signal: settled.signal,
      });
      look();
    });
  }
}

/** @param {Description | null} value */
function must(value) {
  if (!value) throw new Error("the step before this one is missing");
  return value;
}
