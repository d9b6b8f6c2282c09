// npm's `peer`, the server of PeerJS, in a process of its own, counting what it is asked.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(import.meta.url);

/** @returns {Promise<{url: string, counts: () => Promise<object>, stop: () => Promise<void>}>} */
export async function startPeerServer() {
  const child = fork(FILE, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [port] = await once(child, "message");
  return {
    url: `http://127.0.0.1:${port}`,
    async counts() {
      child.send("counts");
      return (await once(child, "message"))[0];
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

/** In the child: listens, tells its port, then its counts when asked; ends with its parent. */
async function serve() {
  const { PeerServer } = await import("peer");
  const counts = { requests: 0, preflights: 0, sockets: 0 };
  PeerServer({ host: "127.0.0.1", port: 0 }, (server) => {
    server.on("request", ({ method }) => {
      counts[method === "OPTIONS" ? "preflights" : "requests"]++;
    });
    server.on("upgrade", () => counts.sockets++);
    process.send(server.address().port);
  });
  process.on("message", () => process.send(counts));
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === FILE) await serve();
