// One connection to one other peer: an RTCPeerConnection, its data channel, and the exchange of
// descriptions and candidates over a line, which is a session of a topic or an offer of a service. A
// Peer lives once: what has `failed` or `closed` is replaced by a new one. Signalling ends when it is
// connected.

import { describeCandidate } from "../common/ice.js";
import { Outbox } from "./outbox.js";
import { explain, isGone, SignallingError } from "./http.js";
import { sleep } from "../common/util.js";
import { hasHeard, nothingSeen, pathOf, verdict } from "./verdict.js";
import { readDescription, readMessage, writeHello, writeMessage } from "./wire.js";

/** From the answer to an open channel, in ms. */
const CONNECT_DEADLINE = 30000;
/** `disconnected` often heals by itself; after this long it counts as lost. In ms. */
const DISCONNECTED_GRACE = 6000;
/** After the session has gone, an answerer's connection still gets this long to come up. In ms. */
const GONE_GRACE = 2000;
/** Somebody who is connected has this long to say a name, in ms. Not every program does. */
const GREETING = 500;

/** @typedef {"offerer" | "answerer"} Side */
/** @typedef {"new" | "connecting" | "connected" | "disconnected" | "failed" | "closed"} PeerState */
/** @typedef {{id: string, name: string}} Who `id` is unique, `name` what people see of it */
/** @typedef {{code: string, offer: string, offerCandidates: string[]}} Offer as another page left it */
/**
 * @typedef {object} News what the other side left, oldest first
 * @property {string | null} description its offer or answer
 * @property {string[]} candidates each as JSON; the same ones may come again
 */
/**
 * @typedef {object} Line how descriptions and candidates get to the other side; `code` names a connection
 * @property {number} batch how many candidates one request takes
 * @property {(code: string, answer: string, signal: AbortSignal) => Promise<void>} answer
 * @property {(code: string, side: Side, candidates: string[], signal: AbortSignal) => Promise<void>} candidates
 * @property {(code: string, side: Side, signal: AbortSignal,
 *   trouble: (error: SignallingError | null) => void) => AsyncGenerator<News, void, void>} follow
 */
/**
 * @typedef {object} Context what all peers of one page share
 * @property {Line} line
 * @property {RTCIceServer[]} servers
 * @property {(description: RTCSessionDescriptionInit) => string} write a description for the other side
 * @property {string} [hello] the name to say when connected, where the description tells none
 * @property {(kind: "ice" | "channel", text: string) => void} log
 * @property {(what: string, sentence: string | null) => void} trouble a problem, or its end
 * @property {(info: string, code: string) => Who} identify
 * @property {(offer: Peer, who: Who) => Promise<boolean>} admit whether an answer is welcome
 * @property {(peer: Peer) => void} onState
 * @property {(peer: Peer, text: string) => void} onMessage
 */

export class Peer {
  /** @type {PeerState} */
  state = "new";
  /** Why it is in this state, in words; may be empty. */
  detail = "";
  /** What the line knows this connection by, once it does. */
  code = "";
  /** When the channel opened, in ms of performance.now(); 0 before. */
  connectedAt = 0;
  /** Of an answerer that failed: whether the offer ended first, so that another may do better. */
  unread = false;
  /** @type {Promise<"sent" | "lost">} of an answerer: whether its answer was taken */
  answered;
  /** @type {Promise<void>} resolves when it is connected or has ended */
  settled;

  #context;
  #pc;
  /** @type {RTCDataChannel | null} */
  #channel = null;
  #signalling = new AbortController(); // stops polling and sending candidates
  #ended = new AbortController(); // stops every timer
  #grace = new AbortController();
  #outbox;
  /** @type {Set<string>} */
  #applied = new Set();
  #began = performance.now();
  /** @type {() => void} */
  #settle = () => {};
  /** @type {(outcome: "sent" | "lost") => void} */
  #resolveAnswered = () => {};
  #greet = () => {};
  /** @type {Promise<void>} */
  #greeted = new Promise((resolve) => (this.#greet = resolve));
  #seen = nothingSeen();

  /**
   * @param {Context} context
   * @param {Side} side
   * @param {Who} who unknown to an offerer until somebody answers
   */
  constructor(context, side, who = { id: "", name: "" }) {
    this.#context = context;
    this.side = side;
    this.who = who;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    this.answered = new Promise((resolve) => (this.#resolveAnswered = resolve));
    this.#pc = new RTCPeerConnection({ iceServers: context.servers });
    const { signal } = this.#signalling;
    this.#outbox = new Outbox(
      context.line.batch,
      (candidates) => context.line.candidates(this.code, side, candidates, signal),
      signal,
      (text) => this.#note(text),
    );
    this.#watchConnection();
  }

  get alive() {
    return this.state !== "failed" && this.state !== "closed";
  }

  /** Makes an offer, as it is written for the other side. Throws, and ends, when the browser refuses. */
  async offer() {
    try {
      this.#adopt(this.#pc.createDataChannel("chat"));
      // The offer as it was made: setLocalDescription may already write candidates into its own copy.
      const offer = await this.#pc.createOffer();
      await this.#pc.setLocalDescription(offer);
      return this.#context.write(offer);
    } catch (error) {
      this.close("The browser made no offer.");
      throw error;
    }
  }

  /** The offer is on the server, which knows it by this code. @param {string} code */
  published(code) {
    this.code = code;
    this.#outbox.open();
  }

  /**
   * Waits for an answer to the published offer. Throws when the server refuses to tell.
   * @returns {Promise<"answered" | "gone">} gone: expired, withdrawn, not welcome or closed meanwhile
   */
  async untilAnswered() {
    try {
      for await (const news of this.#follow()) {
        if (news.description && (await this.accept(news.description, news.candidates)))
          return "answered";
        if (news.description) break;
      }
    } catch (error) {
      this.close("");
      if (!isGone(error)) throw error;
    }
    this.close("");
    return "gone";
  }

  /**
   * @param {string} text the answer
   * @param {string[]} candidates
   * @returns {Promise<boolean>} whether it is welcome, and of use
   */
  async accept(text, candidates) {
    try {
      const answer = readDescription(text, "answer");
      this.who = this.#context.identify(answer.info, this.code);
      this.#note("answer received");
      if (!(await this.#context.admit(this, this.who)) || !this.alive) return false;
      this.#began = performance.now();
      this.#become("connecting");
      void this.#startDeadline();
      await this.#pc.setRemoteDescription(answer.description);
    } catch (error) {
      this.#context.trouble("peer", `Somebody sent an answer that is of no use. ${explain(error)}`);
      return false;
    }
    await this.#apply(candidates);
    void this.#followCandidates();
    return true;
  }

  /**
   * Answers an offer. Never throws.
   * @param {Offer} offered
   * @returns {Promise<"sent" | "taken" | "failed">} taken: answered by another, expired or withdrawn
   */
  async answer({ code, offer, offerCandidates }) {
    this.code = code;
    this.#become("connecting");
    this.#context.trouble("peer", null);
    try {
      const { description } = readDescription(offer, "offer");
      await this.#pc.setRemoteDescription(description);
      const answer = await this.#pc.createAnswer();
      await this.#pc.setLocalDescription(answer);
      const text = this.#context.write(answer);
      await this.#context.line.answer(code, text, this.#signalling.signal);
    } catch (error) {
      if (!this.alive) return "failed";
      const taken = error instanceof SignallingError && [404, 409].includes(error.status);
      const why = error instanceof SignallingError ? "" : `${this.who.name}'s offer is of no use. `;
      this.#end(
        "failed",
        taken ? "Somebody else answered first, or the offer is gone." : why + explain(error),
      );
      return taken ? "taken" : "failed";
    }
    this.#resolveAnswered("sent");
    // Not before: of two who answer one offer, the loser's packets would reach the offerer as well,
    // whose encryption would then greet the wrong one and fail for the winner too.
    await this.#apply(offerCandidates);
    this.#outbox.open();
    void this.#startDeadline();
    void this.#followCandidates();
    return "sent";
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it could be sent
   */
  send(text) {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(writeMessage(text));
    return true;
  }

  /** @param {string} detail why, for the person at this page */
  close(detail) {
    this.#end("closed", detail);
  }

  // The exchange through the server

  #follow() {
    const { line, trouble } = this.#context;
    return line.follow(this.code, this.side, this.#signalling.signal, (error) => {
      trouble("poll", error && `${explain(error)} Trying again.`);
    });
  }

  async #followCandidates() {
    try {
      for await (const news of this.#follow()) await this.#apply(news.candidates);
    } catch (error) {
      // The offer may end before the connection is up. What was exchanged so far can still suffice.
      this.#note(`signalling ended: ${explain(error)}`);
      if (isGone(error) && this.side === "answerer") await this.#judgeLateAnswer();
    }
  }

  // An answer in the last moment of an offer may be one that the offerer never gets to see.
  async #judgeLateAnswer() {
    await sleep(GONE_GRACE, this.#ended.signal);
    if (this.connectedAt > 0 || !this.alive) return;
    this.unread = true;
    this.#end("failed", `The offer ended before ${this.who.name} read the answer.`);
  }

  /** @param {string[]} texts */
  async #apply(texts) {
    for (const text of texts) {
      if (this.#applied.has(text) || !this.alive) continue;
      this.#applied.add(text);
      try {
        const candidate = new RTCIceCandidate(JSON.parse(text));
        this.#seen.remote.add(candidate.type ?? "unknown");
        if (candidate.address?.endsWith(".local")) this.#seen.hidden = true;
        this.#note(`remote candidate ${describeCandidate(candidate)}`);
        await this.#pc.addIceCandidate(candidate);
      } catch (error) {
        this.#note(`remote candidate not usable: ${explain(error)}`);
      }
    }
  }

  // The connection

  // Attached before any description is set, so that not even the first candidate is missed.
  #watchConnection() {
    const pc = this.#pc;
    let ice = pc.iceConnectionState;
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate) return this.#note("gathering complete");
      if (!candidate.candidate) return; // end of one component's candidates
      this.#seen.local.add(candidate.type ?? "unknown");
      this.#note(`local candidate ${describeCandidate(candidate)}`);
      this.#outbox.add(candidate);
    };
    pc.onicecandidateerror = ({ url, errorCode, errorText }) => {
      this.#seen.serverErrors.push(`${url}: ${errorCode} ${errorText}`.trim());
      this.#note(`ICE server error ${url} ${errorCode} ${errorText}`.trim());
    };
    pc.oniceconnectionstatechange = () => {
      this.#note(`ICE ${ice}→${pc.iceConnectionState}`);
      ice = pc.iceConnectionState;
      if (ice === "connected" || ice === "completed") this.#seen.path = true;
    };
    pc.onconnectionstatechange = () => void this.#onConnectionState(pc.connectionState);
    pc.ondatachannel = ({ channel }) => this.#adopt(channel);
  }

  /** @param {RTCPeerConnectionState} state */
  async #onConnectionState(state) {
    this.#grace.abort();
    if (state === "connected" && this.state === "disconnected") this.#become("connected");
    if (state === "failed") {
      if (this.connectedAt > 0) return this.#end("closed", this.#lost());
      // An answerer's checks also fail, or stop after a good start, while its answer has not been read
      // yet; the deadline judges that.
      const read = this.side === "offerer" || (!this.#seen.path && (await hasHeard(this.#pc)));
      if (read) await this.#fail();
    }
    if (state === "disconnected" && this.connectedAt > 0) {
      this.#become("disconnected", "No sign of life; waiting a few seconds.");
      this.#grace = new AbortController();
      const { signal } = this.#grace;
      await sleep(DISCONNECTED_GRACE, signal);
      if (!signal.aborted) this.#end("closed", this.#lost());
    }
  }

  #lost() {
    const seconds = Math.round((performance.now() - this.connectedAt) / 1000);
    return `The connection was up for ${seconds} s, then nothing came any more: the other tab is gone or its network changed.`;
  }

  /** @param {RTCDataChannel} channel */
  #adopt(channel) {
    this.#channel = channel;
    channel.onopen = () => void this.#onOpen();
    channel.onmessage = ({ data }) => this.#hear(data);
    channel.onclose = () => {
      if (this.who.name) this.#context.log("channel", `channel to ${this.who.name} closed`);
      if (this.alive) this.close(`${this.who.name} closed the connection.`);
    };
    if (channel.readyState === "open") void this.#onOpen();
  }

  /** @param {unknown} data */
  #hear(data) {
    const { name, text } = readMessage(data);
    if (text !== undefined) return this.#context.onMessage(this, text);
    if (!name || !this.#context.hello) return;
    this.who = { ...this.who, name };
    this.#greet();
    this.#context.onState(this);
  }

  async #onOpen() {
    if (this.connectedAt > 0 || !this.alive) return;
    this.connectedAt = performance.now();
    const ms = Math.round(this.connectedAt - this.#began);
    this.#signalling.abort();
    await this.#introduce();
    this.#become("connected");
    this.#context.log("channel", `channel to ${this.who.name} open, ${ms} ms from answering`);
    const path = await pathOf(this.#pc);
    if (this.state === "connected") this.#become("connected", `${path}, in ${ms} ms`);
  }

  async #introduce() {
    const { hello } = this.#context;
    if (!hello) return;
    this.#channel?.send(writeHello(hello));
    await Promise.race([this.#greeted, sleep(GREETING, this.#ended.signal)]);
  }

  async #startDeadline() {
    await sleep(CONNECT_DEADLINE, this.#ended.signal);
    if (this.alive && this.connectedAt === 0) await this.#fail();
  }

  async #fail() {
    const heard = await hasHeard(this.#pc);
    const { servers } = this.#context;
    const evidence = { ...this.#seen, servers, heard, answerer: this.side === "answerer" };
    if (this.alive) this.#end("failed", verdict(evidence, this.who.name));
  }

  /** @param {"failed" | "closed"} state @param {string} detail */
  #end(state, detail) {
    if (!this.alive) return;
    this.#signalling.abort();
    this.#grace.abort();
    this.#ended.abort();
    this.#resolveAnswered("lost");
    this.#become(state, detail);
    this.#pc.close();
  }

  /** @param {PeerState} state @param {string} [detail] */
  #become(state, detail = "") {
    if (!this.alive) return;
    this.state = state;
    this.detail = detail;
    if (state !== "new" && state !== "connecting") this.#settle();
    this.#context.onState(this);
  }

  /** @param {string} text */
  #note(text) {
    if (this.alive) this.#context.log("ice", this.who.name ? `${text} (${this.who.name})` : text);
  }
}
