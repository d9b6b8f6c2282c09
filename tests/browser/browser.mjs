// Chromium for the tests: Debian's, without the network traffic of its own that a browser starts with.

import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", // tests may run as root
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SHOW_ADDRESSES = "--disable-features=WebRtcHideLocalIpsWithMdns";

/**
 * A headless Chromium with a profile of its own, which goes when it is closed.
 * @param {{hidesAddresses?: boolean}} [options] whether local candidates have mDNS names, as users'
 *   browsers give them, or addresses: not every machine's network lets mDNS through
 */
export function launch({ hidesAddresses = false } = {}) {
  const args = hidesAddresses ? FLAGS : [...FLAGS, SHOW_ADDRESSES];
  return chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args });
}

/** A page in a context of its own: another user, as far as the browser goes. */
export async function openUser(browser, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(error));
  return page;
}
