// Somebody who meets others over WebSockets that push: what has no message of its own is posted, nothing is asked for twice.
// Link and Queue are those of ../raw/page.js.

/** A socket that is opened again whenever it breaks; what was not answered is sent again. */
class Line {
  /** Messages that nobody has answered yet, by id. */ #waiting = new Map();
  #settled = Promise.resolve();
  #socket;
  opened = 0;

  /** @param {{url: string, protocols: string[], resume: () => string, take: (message: any) => any, breaks: boolean}} options
   *  `breaks`: at every message that it is sent, but for the snapshot, or the answers, that each socket begins with */
  constructor(options) {
    Object.assign(this, options);
    this.#open();
  }

  #open() {
    const socket = new WebSocket(this.url + this.resume(), this.protocols);
    let fresh = true;
    this.#socket = socket;
    this.opened++;
    socket.onopen = () => {
      for (const message of this.#waiting.values()) socket.send(JSON.stringify(message));
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return; // it was given up
      const message = JSON.parse(data);
      this.#take(message);
      const begins = fresh && (message.expiresAt || message.answers);
      fresh = false;
      if (!this.breaks || begins) return;
      socket.close();
      this.#open();
    };
  }

  /** What is to be done with messages is done one after the other. */
  #take(message) {
    if (typeof message.status === "number") return this.#answered(message);
    this.seen?.(message);
    this.#settled = this.#settled.then(() => this.take(message));
  }

  #answered({ id, status }) {
    if (!this.#waiting.delete(id)) return;
    if (status >= 300 && status !== 409) throw new Error(`a message was answered ${status}`);
    if (this.#waiting.size === 0) this.done?.();
  }

  send(message) {
    const id = crypto.randomUUID();
    this.#waiting.set(id, { id, ...message });
    if (this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ id, ...message }));
  }

  /** Resolves once all that was sent has been answered. */
  async flushed() {
    while (this.#waiting.size > 0) await new Promise((resolve) => (this.done = resolve));
  }

  close() {
    this.#socket.onmessage = null;
    this.#socket.close();
  }
}

class PushedUser {
  requests = [];
  sent = [];
  received = [];
  #arrived = new Queue();
  #linked = Promise.withResolvers();

  constructor(server, breaks) {
    Object.assign(this, { server, breaks });
  }

  async post(path, body, headers = {}) {
    this.requests.push(`POST ${path}`);
    const sent = { "Content-Type": "application/json", ...headers };
    const answer = await fetch(this.server + path, {
      method: "POST",
      headers: sent,
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return text && JSON.parse(text);
  }

  #listen(path, credential, resume, take) {
    const url = this.server.replace("http", "ws") + path;
    const protocols = ["rondevu", credential];
    this.line = new Line({ url, protocols, resume, take, breaks: this.breaks });
  }

  // -- Rooms: everything but making and joining goes over the socket

  async makeRoom() {
    const room = await this.post("/rooms", { hostUserName: "ann" }, { "X-Registry-Version": "1" });
    this.#enter(room.code, room.ownerToken, async ({ status, answer }) => {
      if (status !== "open" && !this.link) {
        this.#use(await Link.offering());
        this.line.send({ type: "offer", sdp: this.link.description });
        this.#trickle((candidate) => ({ candidate }));
      }
      if (answer) await this.#accept(answer.sdp);
    });
    return room;
  }

  async joinRoom({ code, joinCode }) {
    const body = { joinCode, guestUserName: "bob" };
    const headers = { "X-Registry-Version": "1" };
    const { guestToken } = await this.post(`/rooms/${code}/join`, body, headers);
    this.#enter(code, guestToken, async ({ offer }) => {
      if (!offer || this.link) return;
      this.#use(await Link.answering(offer.sdp));
      this.line.send({ type: "answer", sdp: this.link.description });
      this.#trickle((candidate) => ({ candidate }));
    });
  }

  #enter(code, token, changed) {
    let since = "";
    this.#listen(
      `/rooms/${code}/socket`,
      `token.${token}`,
      () => since,
      (message) =>
        message.items ? this.#add(message.items.map((item) => item.candidate)) : changed(message),
    );
    this.line.seen = ({ lastSeq }) => lastSeq && (since = `?since=${lastSeq}`);
  }

  // -- Sessions

  async offerSession(topic) {
    this.#use(await Link.offering());
    const { code } = await this.post(`/${topic}/offer`, { offer: this.link.description });
    this.#attend(code, "offerer", async ({ answer, answerCandidates }) => {
      if (answer) await this.#accept(answer);
      await this.#add(answerCandidates.slice(this.received.length));
    });
    this.#trickle((candidate) => ({ candidate }));
    return code;
  }

  async answerSession(code) {
    this.#attend(code, "answerer", async ({ offer, offerCandidates }) => {
      if (!this.link) {
        this.#use(await Link.answering(offer));
        await this.post("/answer", { code, side: "answerer", answer: this.link.description });
        this.#trickle((candidate) => ({ candidate }));
      }
      await this.#add(offerCandidates.slice(this.received.length));
    });
  }

  #attend(code, side, take) {
    let seen = "";
    this.#listen(`/sessions/${code}/socket`, `side.${side}`, () => seen, take);
    this.line.seen = (message) => (seen = `?seen=${message.seen}`);
  }

  // -- Peers

  async offer(topic) {
    await this.#register();
    this.#use(await Link.offering());
    const { offers } = await this.post(
      "/offers",
      { offers: [{ sdp: this.link.description, topics: [topic] }] },
      this.#bearer,
    );
    this.#follow(offers[0].id);
    return { id: offers[0].id, sdp: this.link.description };
  }

  async answerOffer({ id, sdp }) {
    await this.#register();
    this.#use(await Link.answering(sdp));
    await this.post(`/offers/${id}/answer`, { sdp: this.link.description }, this.#bearer);
    this.#follow(id);
  }

  async #register() {
    this.credentials = await this.post("/register");
  }

  get #bearer() {
    return { Authorization: `Bearer ${this.credentials.peerId}:${this.credentials.secret}` };
  }

  /** Resumes behind the last candidate; answers are there before any candidate of their peer. What is sent again comes
   *  twice here: the candidates of a peer's message are left each time. */
  #follow(offerId) {
    const { peerId, secret } = this.credentials;
    let since = "";
    this.#listen(
      "/offers/socket",
      `peer.${peerId}.${secret}`,
      () => since,
      async ({ answers, candidates = [] }) => {
        for (const { sdp } of answers ?? []) await this.#accept(sdp);
        const texts = [...new Set(candidates.map((one) => one.candidate))];
        await this.#add(texts.filter((text) => !this.received.includes(text)));
      },
    );
    this.line.seen = ({ candidates }) =>
      candidates && (since = `?since=${candidates.at(-1).createdAt}`);
    this.#trickle((candidate) => ({ offerId, candidates: [candidate] }));
  }

  // -- The connection

  #use(link) {
    this.link = link;
    this.#linked.resolve();
  }

  async #accept(sdp) {
    const { connection } = this.link;
    if (!connection.remoteDescription)
      await connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Sends this side's candidates as texts, each in a message of its own. */
  #trickle(message) {
    const send = async () => {
      for (let last; last !== null;)
        for (last of await this.link.candidates()) {
          if (!last?.candidate) continue;
          this.sent.push(JSON.stringify(last));
          this.line.send(message(JSON.stringify(last)));
        }
      await this.line.flushed();
    };
    this.left = send();
  }

  async #add(candidates) {
    for (const text of candidates) {
      this.received.push(text);
      await this.link.connection.addIceCandidate(JSON.parse(text));
      this.#arrived.add(text);
    }
  }

  async connected() {
    await this.#linked.promise;
    await this.link.open;
  }

  /** All of this side's candidates, once they have been left. */
  async allSent() {
    await this.left;
    return this.sent;
  }

  async allReceived(count) {
    while (this.received.length < count) await this.#arrived.takeAll();
    return this.received;
  }

  say(text) {
    this.link.channel.send(text);
  }

  hear() {
    return this.link.heard();
  }

  /** What it took. */
  tally() {
    return { requests: this.requests, sockets: this.line.opened };
  }

  close() {
    this.line.close();
    this.link.connection.close();
  }
}

Object.assign(window, { PushedUser });
