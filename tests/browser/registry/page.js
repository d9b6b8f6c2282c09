// One page, any number of clients. Peer connections, requests and timers are counted from before the
// client is loaded, so that a test can tell when nothing of it runs any more.

const connections = [];
const timers = new Set();
const requests = { sent: 0, pending: 0 };

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    connections.push(this);
  }
};

const { fetch, setTimeout, clearTimeout } = window;
window.fetch = async (...given) => {
  requests.sent++;
  requests.pending++;
  try {
    return await fetch(...given);
  } finally {
    requests.pending--;
  }
};
window.setTimeout = (run, ...given) => {
  const timer = setTimeout((...values) => (timers.delete(timer), run(...values)), ...given);
  timers.add(timer);
  return timer;
};
window.clearTimeout = (timer) => (timers.delete(timer), clearTimeout(timer));

const isLive = ({ connectionState, signalingState }) =>
  connectionState !== "closed" && signalingState !== "closed";

/** What runs in this page now. */
window.activity = () => ({
  connections: connections.filter(isLive).length,
  /** Peer connections that there ever were. */
  made: connections.length,
  pending: requests.pending,
  timers: timers.size,
});

const { WebRTCRegistryClient } = await import("/client.js");

/** What crosses to the test of an error: data only. */
const plain = ({ name, code, status, retryable, message, diagnostics, cause }) => ({
  name,
  code,
  status,
  retryable,
  message,
  diagnostics,
  cause: cause && plain(cause),
});

/** A client, and everything it ever said. */
class User {
  states = [];
  messages = [];
  errors = [];
  #waiting = new Set();

  constructor(config) {
    this.client = new WebRTCRegistryClient(config);
    this.client.onStateChange((state) => this.#note(this.states, state));
    this.client.onMessage((message) => this.#note(this.messages, message));
    this.client.onError((error) => this.#note(this.errors, plain(error)));
  }

  #note(list, entry) {
    list.push(entry);
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves once the list ("states", "messages") has the entry, from this position on. */
  has(list, entry, from = 0) {
    return new Promise((resolve) => {
      const look = () => {
        if (!this[list].includes(entry, from)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The error that the promise rejects with, or undefined. */
  failure(promise) {
    return promise.then(() => undefined, plain);
  }

  /** The connection that it uses now: the last one made, with a single client in the page. */
  get connection() {
    return connections.at(-1);
  }
}

window.enter = (config) => new User(config);
window.isReady = true;
