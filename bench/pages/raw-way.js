// The floor: two RTCPeerConnections that tell each other everything over a BroadcastChannel, as it comes.
//
// The guest makes the offer when it connects, as in PeerJS; or, with `offered`, the host has made it before, as in
// a room, and keeps what it has to say until its guest says hello.

const opening = (channel) =>
  new Promise((resolve) => {
    if (channel.readyState === "open") resolve();
    else channel.onopen = () => resolve();
  });

class Side {
  #wire = new BroadcastChannel("handshake");
  /** What is said before anybody listens; undefined: somebody does. */
  #unsaid;
  #last = Promise.resolve();

  constructor(keepsQuiet) {
    if (keepsQuiet) this.#unsaid = [];
    this.peer = new RTCPeerConnection({ iceServers: [] });
    this.peer.onicecandidate = ({ candidate }) =>
      candidate && this.say({ candidate: candidate.toJSON() });
    this.#wire.onmessage = ({ data }) => (this.#last = this.#last.then(() => this.#take(data)));
  }

  say(message) {
    if (this.#unsaid) this.#unsaid.push(message);
    else this.#wire.postMessage(message);
  }

  /** Resolves when the channel is open. */
  async offer() {
    const opened = opening(this.peer.createDataChannel("bench"));
    await this.#describe();
    await opened;
  }

  answered() {
    return new Promise((resolve) => {
      this.peer.ondatachannel = ({ channel }) => resolve(opening(channel));
    });
  }

  async #describe() {
    await this.peer.setLocalDescription();
    this.say({ description: this.peer.localDescription.toJSON() });
  }

  async #take({ hello, description, candidate }) {
    if (hello) {
      const unsaid = this.#unsaid;
      this.#unsaid = undefined;
      for (const message of unsaid) this.say(message);
    } else if (candidate) {
      await this.peer.addIceCandidate(candidate);
    } else {
      await this.peer.setRemoteDescription(description);
      if (description.type === "offer") await this.#describe();
    }
  }

  close() {
    this.peer.close();
    this.#wire.close();
  }
}

export function host({ offered }) {
  const side = new Side(offered);
  const opened = offered ? side.offer() : side.answered();
  return { opened, close: () => side.close() };
}

export function guest({ offered }) {
  let side;
  return {
    async connect() {
      side = new Side();
      if (!offered) return side.offer();
      const opened = side.answered();
      side.say({ hello: true });
      await opened;
    },
    close: () => side.close(),
  };
}
