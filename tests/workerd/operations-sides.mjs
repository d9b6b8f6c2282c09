// The two sides of a handshake in each family, as the contracts would have them: how each offers, finds, answers, leaves
// candidates, looks for the other's, and is sent them.

/** 2 KB: no listing of Workers KV brings it along. */
const SDP =
  "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" +
  "a=mid:0\r\n".repeat(200);
const CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.1 56143 typ host generation 0 ufrag Rk4w";

/** What both sides of every family do. Looks are for `answers` or `candidates`. */
class Side {
  left = 0; // candidates
  theirs = 0; // candidates of the other side's that it has seen
  code = ""; // of what they meet in
  headers = {};
  /** @type {import("../sockets/client.mjs").Socket | undefined} */ channel;

  /** @param {import("./operations-stage.mjs").Stage} stage @param {"offerer" | "answerer"} role @param {string} topic */
  constructor(stage, role, topic) {
    Object.assign(this, { stage, role, topic });
  }

  async send(method, path, body, headers = {}) {
    return this.stage.send(method, path, body, { ...this.headers, ...headers });
  }

  /** Looks until there is something. @param {string} look @param {number} [wait] s */
  async bring(look, wait = 0) {
    for (;;) if (await this.look(look, wait)) return;
  }

  /** Takes what the socket brings until that is there. @param {string} look */
  async sent(look) {
    while (!this.takes(look, await this.channel.next()));
  }

  async open() {
    this.channel = await this.stage.socket(...this.door());
  }

  /** Leaves so many candidates that it has not left before, over the socket where it is open. */
  async leave(count) {
    const candidates = Array.from({ length: count }, () =>
      this.candidate(`${CANDIDATE} ${this.left++}`),
    );
    for (const body of this.inRequests(candidates))
      if (this.channel) await this.channel.ask(body);
      else await this.post(body);
  }

  inRequests(candidates) {
    return [{ candidates }];
  }

  /** Goes, unless the server has closed the socket. */
  async leaveSocket() {
    if (!this.channel) return;
    if (!this.channel.end) this.channel.close();
    await this.channel.closed();
  }
}

/** Somebody in a room. */
class Player extends Side {
  headers = { "X-Registry-Version": "1" };
  tag = "";
  since = 0;

  async offer() {
    const { body } = await this.send("POST", "/rooms", { hostUserName: "Ada" });
    this.enter(body.code, body.ownerToken);
    this.joinCode = body.joinCode;
    await this.send("POST", `/rooms/${this.code}/offer`, { type: "offer", sdp: SDP });
  }

  enter(code, token) {
    this.code = code;
    this.token = token;
    this.headers = { ...this.headers, "X-Access-Token": token };
  }

  async find({ code, joinCode }) {
    const guest = { joinCode, guestUserName: "Bob" };
    const { body } = await this.send("POST", `/rooms/${code}/join`, guest);
    this.enter(code, body.guestToken);
    await this.send("GET", `/rooms/${code}`);
  }

  async answer() {
    await this.send("POST", `/rooms/${this.code}/answer`, { type: "answer", sdp: SDP });
  }

  candidate(candidate) {
    return { candidate, sdpMid: "0", sdpMLineIndex: 0 };
  }

  post(body) {
    return this.send("POST", `/rooms/${this.code}/candidate`, body);
  }

  async look(look, wait) {
    if (look === "candidates") {
      const query = `?since=${this.since}&wait=${wait}`;
      const { body } = await this.send("GET", `/rooms/${this.code}/candidates${query}`);
      return this.takes(look, body);
    }
    const known = { "If-None-Match": this.tag };
    const room = await this.send("GET", `/rooms/${this.code}?wait=${wait}`, undefined, known);
    this.tag = room.tag;
    return this.takes(look, room.body);
  }

  takes(look, body) {
    if (look === "answers") return body?.answer;
    this.theirs += body.items?.length ?? 0;
    this.since = body.lastSeq ?? this.since;
    return body.items?.length > 0;
  }

  door() {
    return [`/rooms/${this.code}/socket`, `token.${this.token}`];
  }

  async end() {
    await this.send("POST", `/rooms/${this.code}/close`);
  }
}

/** A side of a session under a topic. */
class SessionSide extends Side {
  seen = "0";

  async offer() {
    const { body } = await this.send("POST", `/${encodeURIComponent(this.topic)}/offer`, {
      offer: SDP,
    });
    this.code = body.code;
  }

  async find() {
    const { body } = await this.send("GET", `/${encodeURIComponent(this.topic)}/sessions`);
    this.code = body.sessions[0].code;
  }

  async answer() {
    await this.post({ answer: SDP });
  }

  candidate(text) {
    return text;
  }

  /** Each on its own, as the contract has it. */
  inRequests(candidates) {
    return candidates.map((candidate) => ({ candidate }));
  }

  post(body) {
    return this.send("POST", "/answer", { code: this.code, side: this.role, ...body });
  }

  async look(look, wait) {
    const { code, role, seen } = this;
    const { body } = await this.send("POST", "/poll", { code, side: role, seen, wait });
    return this.takes(look, body);
  }

  takes(look, body) {
    if (body.seen === undefined) return false;
    const before = this.theirs;
    this.seen = body.seen;
    this.theirs = (body.answerCandidates ?? body.offerCandidates).length;
    return look === "answers" ? body.answer !== null : this.theirs > before;
  }

  door() {
    return [`/sessions/${this.code}/socket?seen=${this.seen}`, `side.${this.role}`];
  }

  async end() {
    await this.send("DELETE", `/sessions/${this.code}`);
  }
}

/** A peer who has registered for this handshake. */
class Peer extends Side {
  since = { answers: 0, candidates: 0 };

  async register() {
    const { body } = await this.send("POST", "/register");
    this.credentials = body;
    this.headers = { Authorization: `Bearer ${body.peerId}:${body.secret}` };
  }

  async offer() {
    await this.register();
    const { body } = await this.send("POST", "/offers", {
      offers: [{ sdp: SDP, topics: [this.topic] }],
    });
    this.code = body.offers[0].id;
  }

  async find() {
    await this.register();
    const { body } = await this.send("GET", `/offers/by-topic/${encodeURIComponent(this.topic)}`);
    this.code = body.offers[0].id;
  }

  async answer() {
    await this.send("POST", `/offers/${this.code}/answer`, { sdp: SDP });
  }

  candidate(candidate) {
    return { candidate, sdpMid: "0", sdpMLineIndex: 0 };
  }

  inRequests(candidates) {
    return [{ candidates, ...(this.channel && { offerId: this.code }) }];
  }

  post(body) {
    return this.send("POST", `/offers/${this.code}/ice-candidates`, body);
  }

  async look(look, wait) {
    const path = look === "answers" ? "/offers/answers" : `/offers/${this.code}/ice-candidates`;
    const query = `?since=${this.since[look]}&wait=${wait}`;
    const { body } = await this.send("GET", path + query);
    return this.takes(look, body);
  }

  takes(look, body) {
    const news = body[look] ?? [];
    const time = look === "answers" ? "answeredAt" : "createdAt";
    this.since[look] = Math.max(this.since[look], ...news.map((one) => one[time]));
    if (look === "candidates") this.theirs += news.length;
    return news.length > 0;
  }

  door() {
    const { peerId, secret } = this.credentials;
    return ["/offers/socket", `peer.${peerId}.${secret}`];
  }

  async end() {
    await this.send("DELETE", `/offers/${this.code}`);
  }
}

/** Who meets whom, by family. */
export const FAMILIES = { session: SessionSide, room: Player, offer: Peer };
