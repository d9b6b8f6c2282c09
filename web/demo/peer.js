// One connection to one other peer: an RTCPeerConnection, its data channel, and the exchange of
// descriptions and candidates through one session on the server. A Peer lives once: what has
// `failed` or `closed` is replaced by a new one, never revived. Signalling ends when it is connected.

import { describeCandidate } from "../common/ice.js";
import { Outbox } from "./outbox.js";
import { explain, SignallingError } from "./signalling.js";
import { sleep } from "../common/util.js";
import { describePath, verdict } from "./verdict.js";
import { readDescription, readMessage, writeDescription, writeMessage } from "./wire.js";

/** From the answer to an open channel, in ms. */
const CONNECT_DEADLINE = 30000;
/** `disconnected` often heals by itself; after this long it counts as lost. In ms. */
const DISCONNECTED_GRACE = 6000;
/** After the session has gone, an answerer's connection still gets this long to come up. In ms. */
const GONE_GRACE = 2000;

/** @typedef {import("./signalling.js").Session} Session */
/** @typedef {import("./signalling.js").Side} Side */
/** @typedef {"new" | "connecting" | "connected" | "disconnected" | "failed" | "closed"} PeerState */
/** @typedef {{id: string, name: string}} Who `id` is the whole info, `name` what people see of it */
/**
 * @typedef {object} Context what all peers of one page share
 * @property {import("./signalling.js").Signalling} api
 * @property {string} info how this page calls itself on the server
 * @property {RTCIceServer[]} servers
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
  /** The session's code, once there is one. */
  code = "";
  /** When the channel opened, in ms of performance.now(); 0 before. */
  connectedAt = 0;
  /** Of an answerer that failed: whether the session ended first, so that another may do better. */
  unread = false;
  /** @type {Promise<"sent" | "lost">} of an answerer: whether its answer became the session's answer */
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
  #seen = {
    local: /** @type {Set<string>} */ (new Set()),
    remote: /** @type {Set<string>} */ (new Set()),
    serverErrors: /** @type {string[]} */ ([]),
    hidden: false,
    path: false,
  };

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
      (candidate) => context.api.candidate(this.code, side, candidate, signal),
      signal,
      (text) => this.#note(text),
    );
    this.#watchConnection();
  }

  get alive() {
    return this.state !== "failed" && this.state !== "closed";
  }

  /**
   * Publishes an open session under the topic. Throws, and ends, when the server refuses.
   * @param {string} topic
   */
  async publish(topic) {
    try {
      this.#adopt(this.#pc.createDataChannel("chat"));
      // The offer as it was made: setLocalDescription may already write candidates into its own copy.
      const offer = await this.#pc.createOffer();
      await this.#pc.setLocalDescription(offer);
      const text = writeDescription(offer, this.#context.info);
      this.code = await this.#context.api.publish(topic, this.#context.info, text);
    } catch (error) {
      this.close("The session could not be published.");
      throw error;
    }
    this.#outbox.open();
  }

  /**
   * Waits for an answer to the published session. Throws when the server refuses to tell.
   * @returns {Promise<"answered" | "gone">} gone: expired, withdrawn, not welcome or closed meanwhile
   */
  async untilAnswered() {
    try {
      for await (const news of this.#follow()) {
        if (news.description && (await this.#accept(news.description, news.candidates)))
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

  /** @param {string} text the answer @param {string[]} candidates */
  async #accept(text, candidates) {
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
   * Answers an open session. Never throws.
   * @param {Session} session
   * @returns {Promise<"sent" | "taken" | "failed">} taken: answered by another, expired or withdrawn
   */
  async answer(session) {
    this.code = session.code;
    this.#become("connecting");
    this.#context.trouble("peer", null);
    try {
      const offer = readDescription(session.offer, "offer");
      await this.#pc.setRemoteDescription(offer.description);
      const answer = await this.#pc.createAnswer();
      await this.#pc.setLocalDescription(answer);
      const text = writeDescription(answer, this.#context.info);
      await this.#context.api.answer(this.code, text, this.#signalling.signal);
    } catch (error) {
      if (!this.alive) return "failed";
      const taken = error instanceof SignallingError && [404, 409].includes(error.status);
      const why = error instanceof SignallingError ? "" : `${this.who.name}'s offer is of no use. `;
      this.#end(
        "failed",
        taken ? "Somebody else answered first, or the session is gone." : why + explain(error),
      );
      return taken ? "taken" : "failed";
    }
    this.#resolveAnswered("sent");
    // Not before: of two who answer one offer, the loser's packets would reach the offerer as well,
    // whose encryption would then greet the wrong one and fail for the winner too.
    await this.#apply(session.offerCandidates);
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
    const { api, trouble } = this.#context;
    return api.follow(this.code, this.side, this.#signalling.signal, (error) => {
      trouble("poll", error && `${explain(error)} Trying again.`);
    });
  }

  async #followCandidates() {
    try {
      for await (const news of this.#follow()) await this.#apply(news.candidates);
    } catch (error) {
      // The session may end before the connection is up. What was exchanged so far can still suffice.
      this.#note(`signalling ended: ${explain(error)}`);
      if (isGone(error) && this.side === "answerer") await this.#judgeLateAnswer();
    }
  }

  // An answer in the last moment of a session may be one that the offerer never gets to see.
  async #judgeLateAnswer() {
    await sleep(GONE_GRACE, this.#ended.signal);
    if (this.connectedAt > 0 || !this.alive) return;
    this.unread = true;
    this.#end("failed", `The session ended before ${this.who.name} read the answer.`);
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
      const read = this.side === "offerer" || (!this.#seen.path && (await this.#heard()));
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
    channel.onmessage = ({ data }) => this.#context.onMessage(this, readMessage(data));
    channel.onclose = () => {
      if (this.who.name) this.#context.log("channel", `channel to ${this.who.name} closed`);
      if (this.alive) this.close(`${this.who.name} closed the connection.`);
    };
    if (channel.readyState === "open") void this.#onOpen();
  }

  async #onOpen() {
    if (this.connectedAt > 0 || !this.alive) return;
    this.connectedAt = performance.now();
    const ms = Math.round(this.connectedAt - this.#began);
    this.#signalling.abort();
    this.#become("connected");
    this.#context.log("channel", `channel to ${this.who.name} open, ${ms} ms from answering`);
    const path = await this.#path();
    if (this.state === "connected") this.#become("connected", `${path}, in ${ms} ms`);
  }

  async #startDeadline() {
    await sleep(CONNECT_DEADLINE, this.#ended.signal);
    if (this.alive && this.connectedAt === 0) await this.#fail();
  }

  async #fail() {
    const heard = await this.#heard();
    const { servers } = this.#context;
    const evidence = { ...this.#seen, servers, heard, answerer: this.side === "answerer" };
    if (this.alive) this.#end("failed", verdict(evidence, this.who.name));
  }

  /** Whether any packet of the other side's ICE agent has arrived. */
  async #heard() {
    const pairs = [...(await this.#stats())].filter(({ type }) => type === "candidate-pair");
    return pairs.some((pair) => pair.requestsReceived > 0 || pair.responsesReceived > 0);
  }

  async #path() {
    const stats = new Map([...(await this.#stats())].map((entry) => [entry.id, entry]));
    const pair = [...stats.values()].find(
      ({ type, nominated, state }) =>
        type === "candidate-pair" && nominated && state === "succeeded",
    );
    const local = stats.get(pair?.localCandidateId)?.candidateType;
    const remote = stats.get(pair?.remoteCandidateId)?.candidateType;
    return describePath(local, remote);
  }

  /** @returns {Promise<Iterable<any>>} */
  async #stats() {
    const report = await this.#pc.getStats().catch(() => new Map());
    return /** @type {Map<string, any>} */ (report).values();
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

/** @param {unknown} error */
function isGone(error) {
  return error instanceof SignallingError && error.status === 404;
}
