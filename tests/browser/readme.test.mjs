// The README's example does what the README says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startServer } from "../server.mjs";
import { launch, openUser } from "./browser.mjs";

let server;
let browser;

before(async () => {
  server = await startServer({ pages: true });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The lines of the README that define this, for this server. */
function linesWith(definition) {
  const blocks = readFileSync("README.md", "utf8").matchAll(/```js\n(.*?)```/gs);
  const [code] = [...blocks].map(([, lines]) => lines).filter((code) => code.includes(definition));
  assert.ok(code.trim().split("\n").length <= 65, "no more than one likes to read");
  const pasted = code.replace("http://localhost:8787", server.url);
  assert.notEqual(pasted, code);
  return pasted;
}

test("the README's lines for rooms, pasted into two tabs, let two players talk", async () => {
  const pasted = linesWith("async function host").replace(/iceServers: \[.*\]/, "iceServers: []");
  // Two tabs of one user, who share the browser's cache and its connections.
  const ada = await openUser(browser);
  const bob = await ada.context().newPage();
  const tabs = [ada, bob];
  for (const tab of tabs) {
    await tab.goto(`${server.url}/health`);
    await tab.evaluate(
      `(async () => { ${pasted}; Object.assign(window, { player, host, join }); })()`,
    );
  }
  await ada.evaluate(() => {
    window.created = new Promise((resolve) =>
      window.player.onStateChange((state) => state === "created" && resolve()),
    );
    window.met = window.host("Ada");
    return window.created;
  });
  const { code, joinCode } = await ada.evaluate(() => window.player.getRoomInfo());
  for (const tab of tabs)
    await tab.evaluate(() => {
      window.heard = new Promise((resolve) => window.player.onMessage(resolve));
    });
  const dashed = `${code.slice(0, 4)}-${code.slice(4)}`;
  await bob.evaluate((given) => window.join(...given), [dashed, joinCode, "Bob"]);
  await ada.evaluate(() => window.met);
  for (const tab of tabs) await tab.evaluate(() => window.player.sendMessage({ hello: "there" }));
  for (const tab of tabs)
    assert.deepEqual(await tab.evaluate(() => window.heard), { hello: "there" });
});

test("the README's lines for topics, pasted into two tabs, open a channel between them", async () => {
  const pasted = linesWith("async function meet");
  const tabs = await Promise.all([openUser(browser), openUser(browser)]);
  for (const tab of tabs) {
    await tab.goto(`${server.url}/health`);
    await tab.evaluate(
      `(() => { ${pasted}; window.meeting = () => meet("pasted", []).then((channel) => {
         window.heard = new Promise((resolve) => (channel.onmessage = (event) => resolve(event.data)));
         window.channel = channel;
       }); })()`,
    );
  }
  const [first, second] = tabs;
  await first.evaluate(() => void (window.met = window.meeting()));
  await first.waitForFunction(async () => {
    const { topics } = await (await fetch("/topics")).json();
    return topics.some(({ topic }) => topic === "pasted");
  });
  await second.evaluate(() => void (window.met = window.meeting()));
  await Promise.all(tabs.map((tab) => tab.evaluate(() => window.met)));
  await first.evaluate(() => window.channel.send("hello from the first"));
  await second.evaluate(() => window.channel.send("hello from the second"));
  assert.equal(await second.evaluate(() => window.heard), "hello from the first");
  assert.equal(await first.evaluate(() => window.heard), "hello from the second");
});

test("the README's lines for services, pasted into two tabs, open a channel between them", async () => {
  const pasted = linesWith("async function publish").replace(
    /iceServers = \[.*\]/,
    "iceServers = []",
  );
  const [ada, bob] = await Promise.all([openUser(browser), openUser(browser)]);
  for (const tab of [ada, bob]) {
    await tab.goto(`${server.url}/health`);
    await tab.evaluate(
      `(async () => { ${pasted}; const listen = (channel) => {
         window.heard = new Promise((resolve) => (channel.onmessage = (event) => resolve(event.data)));
         window.channel = channel;
       };
       window.publishing = (...given) => publish(...given).then(listen);
       window.finding = (...given) => find(...given).then(listen); })()`,
    );
  }
  await ada.evaluate(() => void (window.met = window.publishing("ada", "chat@1.0.0")));
  await ada.evaluate(async () => {
    for (let services = []; services.length === 0;)
      ({ services } = await (await fetch("/usernames/ada/services")).json());
  });
  await bob.evaluate(() => window.finding("ada", "chat@^1.0.0"));
  await ada.evaluate(() => window.met);
  await ada.evaluate(() => window.channel.send("hello from ada"));
  await bob.evaluate(() => window.channel.send("hello from bob"));
  assert.equal(await bob.evaluate(() => window.heard), "hello from ada");
  assert.equal(await ada.evaluate(() => window.heard), "hello from bob");
});
