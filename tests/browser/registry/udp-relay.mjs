// All UDP between two browsers goes through here, so that a test can drop it.
//
// Every host candidate gets a socket that stands for it: who sends to that socket reaches the
// candidate's owner, and what arrives comes from the socket that stands for the sender. So each side
// sees consistent addresses, and neither knows one at which it could reach the other directly.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIP } from "node:net";

/** "candidate:<foundation> <component> <transport> <priority> <address> <port> typ host ..." */
const HOST_UDP = /^(candidate:\S+ \d+ udp \d+) (\S+) (\d+) (typ host.*)$/i;

export class UdpRelay {
  /** The socket that stands for "address port". @type {Map<string, Promise<object>>} */
  #stands = new Map();
  #isDropped = (_owner) => false;
  /** Datagrams. */
  passed = 0;
  dropped = 0;

  /** Drops everything from now on, or only what goes to the candidates of this owner. */
  cut(owner) {
    this.#isDropped = (to) => owner === undefined || to === owner;
  }

  mend() {
    this.#isDropped = () => false;
  }

  /** The candidate to tell the other side, or nothing for one of another kind, TCP for one. */
  async stand(candidate, owner) {
    const [, head, address, port, tail] = HOST_UDP.exec(candidate.candidate) ?? [];
    if (!isIP(address ?? "")) return undefined;
    const name = `${address} ${port}`;
    if (!this.#stands.has(name)) this.#stands.set(name, this.#listen(address, Number(port), owner));
    const socket = await this.#stands.get(name);
    return { ...candidate, candidate: `${head} ${address} ${socket.address().port} ${tail}` };
  }

  async #listen(address, port, owner) {
    const socket = createSocket(isIP(address) === 6 ? "udp6" : "udp4");
    socket.on("message", async (datagram, from) => {
      if (this.#isDropped(owner)) return void this.dropped++;
      const sender = await this.#stands.get(`${from.address} ${from.port}`);
      // One whose candidate is still on its way to the registry sends again.
      if (!sender) return;
      this.passed++;
      sender.send(datagram, port, address, () => {});
    });
    // The candidate's own address: the way there and back is the same.
    socket.bind(0, address);
    await once(socket, "listening");
    return socket;
  }

  async stop() {
    for (const socket of await Promise.all(this.#stands.values())) socket.close();
    this.#stands.clear();
  }
}
