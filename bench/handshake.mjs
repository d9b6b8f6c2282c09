// A handshake in two Chromiums: from startConnection() on both sides to the open channel, through a room of the
// registry, and for comparison between the same two pages where nothing but the browsers' remote control carries
// what one side has for the other.

import { launch } from "../tests/browser/browser.mjs";
import { Peer, openPage } from "../tests/browser/registry/peer.mjs";
import { startSite } from "../tests/browser/registry/site.mjs";
import { startWorkerd } from "./workerd.mjs";

const WAYS = {
  direct: { name: "direct function calls" },
  wait: { name: "registry, with wait", polling: {} },
  plain: { name: "registry, plain polling", polling: { wait: 0 } },
};
const COUNTS = ["requests", "preflights", "get", "list", "put"];

/** Of each way {name, times: ms, counts: of all rounds}. @param {number} rounds */
export async function measureHandshakes(rounds, progress) {
  const server = await startWorkerd("handshake", "counting-worker.js", { RATE_LIMITS: "off" });
  const site = await startSite();
  const browsers = await Promise.all([launch(), launch()]);
  try {
    const pages = await Promise.all(browsers.map((browser) => openPage(browser, site)));
    await connectDirectly(pages);
    const ways = Object.values(WAYS).map((way) => ({ ...way, times: [], counts: {} }));
    for (let round = -1; round < rounds; round++) {
      if (round % 10 === 0) progress(`handshakes, round ${round} of ${rounds}`);
      for (const way of ways) {
        const before = await ask(server);
        const time = way.polling
          ? await throughRoom(pages, server, way.polling)
          : await handshakeDirectly(pages);
        const after = await ask(server);
        if (round < 0) continue; // the first warms up
        way.times.push(time);
        for (const name of COUNTS)
          way.counts[name] = (way.counts[name] ?? 0) + after[name] - before[name];
      }
    }
    return ways;
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await Promise.all([site.stop(), server.stop()]);
  }
}

async function ask(server) {
  return (await fetch(`${server.url}/counts`)).json();
}

/** ms from the later start to the later end. */
function span(sides) {
  const latest = (name) => Math.max(...sides.map((side) => side[name]));
  return latest("end") - latest("start");
}

async function throughRoom(pages, server, polling) {
  const config = { registryApiUrl: server.url, polling };
  const [host, guest] = await Promise.all(pages.map((page) => Peer.enter(page, config)));
  await guest.joinRoom(await host.createRoom());
  const start = (peer) =>
    peer.evaluate(async ({ client }) => {
      const now = () => performance.timeOrigin + performance.now();
      const start = now();
      await client.startConnection();
      return { start, end: now() };
    });
  const sides = await Promise.all([start(host), start(guest)]);
  await Promise.all([host.close(), guest.close()]);
  return span(sides);
}

/** Gives each page the function `toOther`, which calls `fromOther` of the other one. */
function connectDirectly(pages) {
  return Promise.all(
    pages.map((page, i) =>
      page.exposeFunction("toOther", (message) =>
        pages[1 - i].evaluate((given) => window.fromOther(given), message),
      ),
    ),
  );
}

async function handshakeDirectly([host, guest]) {
  await Promise.all([host, guest].map((page) => page.evaluate(prepare)));
  const ends = [host.evaluate(connectInPage, true), guest.evaluate(connectInPage, false)];
  const sides = await Promise.all(ends);
  await Promise.all([host, guest].map((page) => page.evaluate(() => window.peer.close())));
  return span(sides);
}

/** In the page: a connection that takes what comes, in the order in which it comes. */
function prepare() {
  const peer = new RTCPeerConnection({ iceServers: [] });
  window.peer = peer;
  peer.onicecandidate = ({ candidate }) =>
    candidate && window.toOther({ candidate: candidate.toJSON() });
  const take = async ({ description, candidate }) => {
    if (candidate) return peer.addIceCandidate(candidate);
    await peer.setRemoteDescription(description);
    if (description.type !== "offer") return;
    await peer.setLocalDescription();
    await window.toOther({ description: peer.localDescription.toJSON() });
  };
  let last = Promise.resolve();
  // Not awaited by the caller, who would then wait for the answer to what he sent.
  window.fromOther = (message) => void (last = last.then(() => take(message)));
}

/** In the page: from here to the open channel. */
async function connectInPage(isHost) {
  const now = () => performance.timeOrigin + performance.now();
  const start = now();
  const { peer } = window;
  const made = isHost
    ? Promise.resolve(peer.createDataChannel("bench"))
    : new Promise((resolve) => (peer.ondatachannel = ({ channel }) => resolve(channel)));
  if (isHost) {
    await peer.setLocalDescription();
    await window.toOther({ description: peer.localDescription.toJSON() });
  }
  const channel = await made;
  if (channel.readyState !== "open") await new Promise((resolve) => (channel.onopen = resolve));
  return { start, end: now() };
}
