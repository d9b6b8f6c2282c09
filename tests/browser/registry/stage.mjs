// What the tests here play on: a registry, two browsers with a page each, and what stands between.

import { startServer } from "../../server.mjs";
import { launch } from "../browser.mjs";
import { Peer, openPage } from "./peer.mjs";
import { startSite } from "./site.mjs";

/**
 * @param {object} [options]
 * @param {Record<string, string>} [options.vars] of the server; its rate limits are off by default
 * @param {object} [options.browser] for launch()
 */
export async function openStage({ vars, browser } = {}) {
  const started = await Promise.allSettled([
    startServer({ vars: { RATE_LIMITS: "off", ...vars } }),
    startSite(),
    launch(browser),
    launch(browser),
  ]);
  const [server, site, hostBrowser, guestBrowser] = started.map(({ value }) => value);
  const browsers = [hostBrowser, guestBrowser];
  const close = async () => {
    await Promise.all(browsers.map((browser) => browser?.close()));
    await Promise.all([server?.stop(), site?.stop()]);
  };
  const failed = started.find(({ status }) => status === "rejected");
  if (failed) throw (await close(), failed.reason);

  const pages = await Promise.all(browsers.map((browser) => openPage(browser, site)));

  /** A new client in each page, with these configurations; the registry is the server. */
  const enter = (host, guest = host) =>
    Promise.all(
      [host, guest].map((config, i) =>
        Peer.enter(pages[i], { registryApiUrl: server.url, ...config }),
      ),
    );
  return { server, pages, enter, close };
}
