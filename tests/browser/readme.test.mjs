// The README's example does what the README says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startServer } from "../../tools/dev.mjs";
import { launch, openUser } from "./browser.mjs";

let server;
let browser;

before(async () => {
  server = await startServer({ state: "none" });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the README's lines, pasted into two tabs, open a channel between them", async () => {
  const [, code] = /```js\n(.*?)```/s.exec(readFileSync("README.md", "utf8"));
  const pasted = code.replace("http://localhost:8787", server.url);
  assert.notEqual(pasted, code);
  assert.ok(code.trim().split("\n").length <= 34, "some 30 lines");

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
