// Where the page under test comes from: an origin of its own, so that every request to the registry
// is a cross-origin one, as in the field.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { listen } from "./listen.mjs";

const here = (name) => new URL(name, import.meta.url);
const FILES = {
  "/": ["text/html", here("page.html")],
  "/page.js": ["text/javascript", here("page.js")],
  "/client.js": ["text/javascript", here("../../../web/client/registry.js")],
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
