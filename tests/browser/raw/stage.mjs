// What the tests here play on: the server, and two users in contexts of their own, whose pages have
// different origins, none of them the server's.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { startServer } from "../../server.mjs";
import { launch, openUser } from "../browser.mjs";
import { listen } from "../registry/listen.mjs";

const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';

/** A site of an origin of its own, with the page under test: these scripts, one after the other. */
function startSite(scripts) {
  const script = scripts.map((path) => readFileSync(new URL(path, import.meta.url), "utf8"));
  return listen(
    createServer(({ url }, response) => {
      const isScript = url === "/page.js";
      response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
      response.end(isScript ? script.join("\n") : `${PAGE}<script src="page.js"></script>`);
    }),
  );
}

/**
 * @param {object} [options]
 * @param {string[]} [options.scripts] of the page
 * @returns {Promise<{users: import("playwright-core").JSHandle[], enter(type: string, arg?: any):
 *   Promise<import("playwright-core").JSHandle>, close(): Promise<void>}>} `enter` brings one more user, of that class and made
 *   with the server's address and the argument, to the first site
 */
export async function openStage({ scripts = ["page.js"] } = {}) {
  const started = await Promise.allSettled([
    startServer({ vars: { RATE_LIMITS: "off" } }),
    launch(),
    startSite(scripts),
    startSite(scripts),
  ]);
  const [server, browser, ...sites] = started.map(({ value }) => value);
  const close = async () => {
    await browser?.close();
    await Promise.all([server, ...sites].map((one) => one?.stop()));
  };
  const failed = started.find(({ status }) => status === "rejected");
  if (failed) throw (await close(), failed.reason);

  const pages = [];
  const enter = async ({ url }, type, arg) => {
    const page = await openUser(browser);
    pages.push(page);
    await page.goto(url);
    const given = [type, server.url, arg];
    return page.evaluateHandle(([name, ...rest]) => new window[name](...rest), given);
  };
  return {
    users: await Promise.all(sites.map((site) => enter(site, "User"))),
    enter: (type, arg) => enter(sites[0], type, arg),
    async close() {
      await close();
      assert.deepEqual(
        pages.flatMap(({ errors }) => errors),
        [],
      );
    },
  };
}

/** A line each way, and what was traded before: all candidates of each side, each once, in their order. */
export async function assertConnected(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    const line = `ping ${Math.random()} é中😀`;
    await from.evaluate((user, text) => user.say(text), line);
    assert.deepEqual(await to.evaluate((user) => user.hear()), [line]);
  }
  const [left, right] = await Promise.all(
    [one, other].map((user) => user.evaluate((its) => its.traded())),
  );
  assert.ok(left.sent.length > 1 && right.sent.length > 1, "both had candidates to trickle");
  assert.deepEqual(right.received, left.sent);
  assert.deepEqual(left.received, right.sent);
}
