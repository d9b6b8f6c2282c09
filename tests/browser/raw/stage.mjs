// What the tests here play on: the server, and two users in contexts of their own, whose pages have
// different origins, none of them the server's.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { startServer } from "../../server.mjs";
import { launch, openUser } from "../browser.mjs";
import { listen } from "../registry/listen.mjs";

const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';

/** A site of an origin of its own, with the page under test. */
function startSite() {
  const script = readFileSync(new URL("page.js", import.meta.url));
  return listen(
    createServer(({ url }, response) => {
      const isScript = url === "/page.js";
      response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
      response.end(isScript ? script : `${PAGE}<script src="page.js"></script>`);
    }),
  );
}

/** @returns {Promise<{users: import("playwright-core").JSHandle[], close(): Promise<void>}>} */
export async function openStage() {
  const started = await Promise.allSettled([
    startServer({ vars: { RATE_LIMITS: "off" } }),
    launch(),
    startSite(),
    startSite(),
  ]);
  const [server, browser, ...sites] = started.map(({ value }) => value);
  const close = async () => {
    await browser?.close();
    await Promise.all([server, ...sites].map((one) => one?.stop()));
  };
  const failed = started.find(({ status }) => status === "rejected");
  if (failed) throw (await close(), failed.reason);

  const enter = async ({ url }) => {
    const page = await openUser(browser);
    await page.goto(url);
    const user = await page.evaluateHandle((address) => new User(address), server.url);
    return { page, user };
  };
  const entered = await Promise.all(sites.map(enter));
  return {
    users: entered.map(({ user }) => user),
    async close() {
      await close();
      assert.deepEqual(
        entered.flatMap(({ page }) => page.errors),
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
