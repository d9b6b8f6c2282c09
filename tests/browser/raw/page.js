// Somebody who speaks to the server and to other browsers with what the platform has: fetch,
// RTCPeerConnection, WebCrypto.

class User {
  /** @type {{peerId: string, secret: string} | undefined} */ credentials;
  /** Connections that wait for an answer, by offer. @type {Map<string, Link>} */ offers =
    new Map();
  /** The connection that was made last. @type {Link} */ link;
  key;

  constructor(server) {
    this.server = server;
  }

  async call(method, path, body) {
    const headers = {};
    if (this.credentials)
      headers.Authorization = `Bearer ${this.credentials.peerId}:${this.credentials.secret}`;
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(this.server + path, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  async register() {
    this.credentials = await this.call("POST", "/register");
    return this.credentials.peerId;
  }

  // -- Offering

  /** Posts one offer; its candidates follow as they are found. */
  async offer(topics) {
    const link = await Link.offering();
    const { offers } = await this.call("POST", "/offers", {
      offers: [{ sdp: link.description, topics, info: document.baseURI }],
    });
    this.#expect(offers[0].id, link);
    return offers[0].id;
  }

  /** Claims the name with a new key. */
  async claim(username) {
    this.key = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    const publicKey = base64(await crypto.subtle.exportKey("raw", this.key.publicKey));
    const signed = await this.#sign(`claim:${username}:${Date.now()}`);
    return this.call("POST", "/usernames/claim", { username, publicKey, ...signed });
  }

  /** Publishes a service with a pool of that many offers. */
  async publish(username, serviceFqn, size) {
    const links = await Promise.all(Array.from({ length: size }, () => Link.offering()));
    const published = await this.call("POST", "/services", {
      username,
      serviceFqn,
      offers: links.map(({ description }) => ({ sdp: description })),
      ...(await this.#sign(`publish:${username}:${serviceFqn}:${Date.now()}`)),
    });
    published.offers.forEach(({ offerId }, i) => this.#expect(offerId, links[i]));
    return published;
  }

  /** Resolves when one of the offers was answered later than that, and its channel is open. */
  async beAnswered(since = 0) {
    for (;;) {
      const { answers } = await this.call("GET", `/offers/answers?since=${since}&wait=20`);
      if (answers.length === 0) continue;
      const [{ offerId, sdp, answeredAt, topics }] = answers;
      this.link = this.offers.get(offerId);
      this.offers.delete(offerId);
      await this.link.connection.setRemoteDescription({ type: "answer", sdp });
      await Promise.all([this.#receive(offerId, this.link), this.link.open]);
      return { offerId, answeredAt, topics, count: answers.length };
    }
  }

  async #sign(message) {
    const bytes = new TextEncoder().encode(message);
    const signature = await crypto.subtle.sign("Ed25519", this.key.privateKey, bytes);
    return { signature: base64(signature), message };
  }

  /** Candidates of the offer go out, from now on. */
  #expect(offerId, link) {
    this.offers.set(offerId, link);
    link.left = this.#send(offerId, link);
  }

  // -- Answering

  /** Answers; resolves when the channel is open. */
  async answer(offerId, sdp) {
    this.link = await Link.answering(sdp);
    const body = { sdp: this.link.description };
    const answered = await this.call("POST", `/offers/${offerId}/answer`, body);
    this.link.left = this.#send(offerId, this.link);
    await Promise.all([this.#receive(offerId, this.link), this.link.open]);
    return answered;
  }

  // -- Candidates

  /** Leaves this side's candidates as they are found, one request after the other; the last is null. */
  async #send(offerId, link) {
    while (link.sent.at(-1) !== null) {
      const candidates = await link.candidates();
      await this.call("POST", `/offers/${offerId}/ice-candidates`, { candidates });
      link.sent.push(...candidates);
    }
  }

  /** Takes the other side's candidates, up to its null, each from where the last request ended. */
  async #receive(offerId, link) {
    for (let since = 0; link.received.at(-1) !== null;) {
      const query = `since=${since}&wait=20`;
      const { candidates } = await this.call("GET", `/offers/${offerId}/ice-candidates?${query}`);
      for (const { candidate, createdAt } of candidates) {
        link.received.push(candidate);
        if (candidate) await link.connection.addIceCandidate(candidate);
        since = createdAt;
      }
    }
  }

  /** What this side left and what it got, once both are through. */
  async traded() {
    await this.link.left;
    const { sent, received } = this.link;
    return { sent, received };
  }

  // -- Talking

  say(text) {
    this.link.channel.send(text);
  }

  async hear() {
    return this.link.heard();
  }

  close() {
    for (const { connection } of [this.link, ...this.offers.values()]) connection.close();
  }
}

/** One connection and its channel. */
class Link {
  sent = [];
  received = [];
  description = "";
  #found = new Queue();
  #heard = new Queue();
  #opened = Promise.withResolvers();
  connection = new RTCPeerConnection();

  constructor() {
    this.connection.onicecandidate = ({ candidate }) =>
      this.#found.add(candidate?.toJSON() ?? null);
    this.connection.ondatachannel = ({ channel }) => this.#use(channel);
  }

  static async offering() {
    const link = new Link();
    link.#use(link.connection.createDataChannel("talk"));
    return link.#describe(await link.connection.createOffer());
  }

  static async answering(sdp) {
    const link = new Link();
    await link.connection.setRemoteDescription({ type: "offer", sdp });
    return link.#describe(await link.connection.createAnswer());
  }

  /** Candidates that were found since the last call; waits for one. */
  candidates = () => this.#found.takeAll();

  /** All messages since the last call; waits for one. */
  heard = () => this.#heard.takeAll();

  get open() {
    return this.#opened.promise;
  }

  async #describe(description) {
    await this.connection.setLocalDescription(description);
    this.description = description.sdp; // as it was before any candidate
    return this;
  }

  #use(channel) {
    this.channel = channel;
    channel.onmessage = ({ data }) => this.#heard.add(data);
    if (channel.readyState === "open") this.#opened.resolve();
    else channel.onopen = () => this.#opened.resolve();
  }
}

class Queue {
  #items = [];
  #added = Promise.withResolvers();

  add(item) {
    this.#items.push(item);
    this.#added.resolve();
  }

  async takeAll() {
    await this.#added.promise;
    this.#added = Promise.withResolvers();
    return this.#items.splice(0);
  }
}

function base64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

/** A bloom filter that has these peer ids, as the contract words it. */
function bloom(ids, bytes = 512) {
  const bits = new Uint8Array(bytes);
  for (const id of ids)
    for (let i = 0; i < 3; i++) {
      let hash = 2166136261 ^ i;
      for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 16777619);
      const index = (hash >>> 0) % (8 * bytes);
      bits[index >> 3] |= 1 << (index & 7);
    }
  return base64(bits);
}

Object.assign(window, { User, bloom });
