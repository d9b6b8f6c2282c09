// A network between browsers and a server on which sockets can fail: TCP, passed on. Sockets are told from
// requests by how they begin; requests always get through.

import { connect, createServer } from "node:net";

/** @param {string} to the server's address */
export async function openNetwork(to) {
  const { hostname, port } = new URL(to);
  const network = new Network();
  const server = createServer((browser) => network.join(browser, connect(Number(port), hostname)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const stop = () => {
    network.end();
    return new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(network, { url: `http://127.0.0.1:${server.address().port}`, stop });
}

class Network {
  /** Whether sockets are refused. */
  refuses = false;
  /** Whether what sockets bring to the server is lost, and nobody told. */
  swallows = false;
  /** What the server says last: it does not get through, and the socket is cut. @type {RegExp | undefined} */
  lastWords;

  /** @type {Set<import("node:net").Socket>} */
  #all = new Set();
  /** @type {Set<import("node:net").Socket>} */
  #sockets = new Set();

  /** @param {import("node:net").Socket} browser @param {import("node:net").Socket} server */
  join(browser, server) {
    this.#tie(browser, server);
    this.#tie(server, browser);
    browser.once("data", (first) => {
      const isSocket = /^upgrade: websocket/im.test(String(first));
      if (isSocket && this.refuses) return browser.destroy();
      if (isSocket) this.#sockets.add(browser);
      server.write(isSocket ? plain(first) : first);
      browser.on("data", (bytes) => (isSocket && this.swallows) || server.write(bytes));
    });
    server.on("data", (bytes) => {
      if (!this.#sockets.has(browser) || !this.lastWords?.test(String(bytes)))
        return browser.write(bytes);
      this.lastWords = undefined;
      browser.destroy();
    });
  }

  /** Cuts every socket. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  end() {
    for (const side of this.#all) side.destroy();
  }

  /** Whoever loses its other side ends too. */
  #tie(side, other) {
    this.#all.add(side);
    side.on("error", () => {});
    side.on("close", () => {
      other.destroy();
      this.#all.delete(side);
      this.#sockets.delete(side);
    });
  }
}

/** The request for a socket whose messages are not compressed. @param {Buffer} request */
function plain(request) {
  return String(request).replace(/^sec-websocket-extensions:.*\r\n/im, "");
}
