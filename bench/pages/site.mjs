// Where the pages come from: an origin of its own, so that every request to a server is a cross-origin one, as in
// the field.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { listen } from "../../tests/browser/registry/listen.mjs";

const here = (name) => new URL(name, import.meta.url);
const script = (name) => ["text/javascript", here(name)];
const FILES = {
  "/": ["text/html", here("index.html")],
  "/page.js": script("page.js"),
  "/raw-way.js": script("raw-way.js"),
  "/peerjs-way.js": script("peerjs-way.js"),
  "/registry-way.js": script("registry-way.js"),
  "/client.js": script("../../web/client/registry.js"),
  "/peerjs.js": script("../../node_modules/peerjs/dist/peerjs.min.js"),
};

/** @returns {Promise<{url: string, stop: () => Promise<void>}>} */
export function startSite() {
  return listen(
    createServer(({ url }, response) => {
      const [type, file] = FILES[url] ?? [];
      if (!file) return response.writeHead(404).end();
      response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" });
      response.end(readFileSync(file));
    }),
  );
}
