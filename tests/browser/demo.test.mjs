// The demo page, as people use it who meet under a topic: contexts of one Chromium, no STUN, nothing
// else between them than the server. Its other tabs are in demo-tabs.test.mjs.
//
// SCREENSHOTS=docs writes the picture of the README; otherwise it goes where builds go.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { pageAlone, startServer } from "../server.mjs";
import { launch, openUser } from "./browser.mjs";
import { focused, heard, hears, id, overflow, peer, say } from "./demo-page.mjs";
import { openNetwork } from "./network.mjs";

const SHOTS = process.env.SCREENSHOTS || "build/screenshots";
const MESSAGES = 100;

let server;
let browser;

before(async () => {
  mkdirSync("build/screenshots", { recursive: true });
  server = await startServer({ pages: true });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function join(name, topic, options) {
  const page = await openUser(browser, options);
  await enter(page, name, topic);
  return page;
}

async function enter(page, name, topic, { url } = server) {
  await page.goto(`${url}/demo/?ice=`);
  await page.fill(id("topic"), topic);
  await page.fill(id("name"), name);
  await page.click(id("join"));
}

/** The guest clicks the host's "Connect"; both see each other as connected. */
async function connect(guest, hostName, host, guestName) {
  await guest.click(`${peer(hostName)} ${id("connect")}`);
  await guest.waitForSelector(peer(hostName, "connected"));
  await host.waitForSelector(peer(guestName, "connected"));
}

const numbered = (name) => Array.from({ length: MESSAGES }, (_, i) => `${name} ${i + 1}`);

describe("the demo page", () => {
  test("two people find each other under a topic, connect, and 100 messages go each way in order", async () => {
    const [ada, bob] = await Promise.all([join("Ada", "lobby-100"), join("Bob", "lobby-100")]);
    await connect(bob, "Ada", ada, "Bob");
    const talk = async (page, name) => {
      for (const text of numbered(name)) await say(page, text);
    };
    await Promise.all([talk(ada, "Ada"), talk(bob, "Bob")]);
    await Promise.all([hears(ada, "Bob", "Bob 100"), hears(bob, "Ada", "Ada 100")]);
    assert.deepEqual(await heard(ada, "Bob"), numbered("Bob"));
    assert.deepEqual(await heard(bob, "Ada"), numbered("Ada"));
    assert.deepEqual([...ada.errors, ...bob.errors], []);
    await Promise.all([ada.context().close(), bob.context().close()]);
  });

  test("somebody under another topic is not seen", async () => {
    const [ada, eve, bob] = await Promise.all([
      join("Ada", "here"),
      join("Eve", "elsewhere"),
      join("Bob", "here"),
    ]);
    await ada.waitForSelector(peer("Bob"));
    assert.equal(await ada.textContent(id("state")), "Somebody is here: connect");
    assert.equal(await eve.textContent(id("state")), "Waiting for somebody");
    assert.equal(await ada.locator(peer("Eve")).count(), 0);
    assert.equal(await eve.locator(id("peer")).count(), 0);
    await Promise.all([ada, eve, bob].map((page) => page.context().close()));
  });

  test("whoever leaves is gone from the list, and a connection that is lost is shown as closed", async () => {
    const [ada, bob, cyd] = await Promise.all(
      ["Ada", "Bob", "Cyd"].map((name) => join(name, "leaving")),
    );
    await ada.waitForSelector(peer("Bob", "available"));
    await ada.waitForSelector(peer("Cyd", "available"));
    await cyd.click(id("leave"));
    await ada.waitForSelector(peer("Cyd"), { state: "detached" });

    await connect(bob, "Ada", ada, "Bob");
    await bob.context().close();
    await ada.waitForFunction(
      (selector) => document.querySelectorAll(selector).length === 0,
      peer("Bob", "connected"),
    );
    await Promise.all([ada, cyd].map((page) => page.context().close()));
  });

  test("what cannot be is refused next to its field", { skip: pageAlone }, async () => {
    const page = await openUser(browser);
    await page.goto(`${server.url}/demo/?ice=`);
    await page.fill(id("topic"), "rooms");
    await page.fill(id("name"), "Ada");
    await page.click(id("join"));
    await page.waitForFunction(
      (selector) => /reserved/i.test(document.querySelector(selector).textContent),
      id("error"),
    );
    await page.fill(id("topic"), "fine");
    await page.fill(id("ice-servers"), "http://not-an-ice-server");
    await page.click(id("join"));
    await page.waitForFunction(
      (selector) => document.querySelector(selector).textContent !== "",
      id("ice-error"),
    );
    await page.context().close();
  });

  test("a place that does not know the new session yet is asked again", async () => {
    const deny = async (page, path, times) => {
      let left = times;
      await page.route(`**${path}`, (route) =>
        left-- > 0
          ? route.fulfill({ status: 404, json: { error: "no such session" } })
          : route.continue(),
      );
    };
    const network = await openNetwork(server.url);
    network.refuses = true; // for what pushes knows
    const [ada, bob] = await Promise.all([openUser(browser), openUser(browser)]);
    await Promise.all(
      [ada, bob].flatMap((page) => [deny(page, "/poll", 2), deny(page, "/answer", 2)]),
    );
    await Promise.all([
      enter(ada, "Ada", "lagging", network),
      enter(bob, "Bob", "lagging", network),
    ]);
    await connect(bob, "Ada", ada, "Bob");
    for (const page of [ada, bob]) {
      const steps = await page.textContent(id("log"));
      assert.match(steps, /404 \d+ ms: not known there yet, asking again \(×\d+\)/);
      assert.doesNotMatch(steps, /not sent|session is gone/);
      assert.equal(await page.textContent(id("error")), "");
    }
    await Promise.all([ada, bob].map((page) => page.context().close()));
    await network.stop();
  });

  test("the focus stays on the form when its button is replaced", { skip: pageAlone }, async () => {
    const ada = await join("Ada", "focus");
    await focused(ada, "leave");
    await ada.press(id("leave"), "Enter");
    await focused(ada, "join");
    await ada.context().close();
  });

  test("every control has a label and a test id", { skip: pageAlone }, async () => {
    const controls = (page) =>
      page.$$eval("input, textarea, select, button, a[href]", (all) =>
        all.map((control) => ({
          html: control.outerHTML,
          testid: control.dataset.testid ?? "",
          name: (
            control.getAttribute("aria-label") ||
            [...(control.labels ?? [])].map((label) => label.textContent).join(" ") ||
            (control.matches("button, a") ? control.textContent : "")
          ).trim(),
        })),
      );
    const check = async (page) => {
      const all = await controls(page);
      for (const { html, testid, name } of all) {
        assert.notEqual(name, "", `no label: ${html}`);
        assert.notEqual(testid, "", `no data-testid: ${html}`);
      }
      return all.map(({ testid }) => testid);
    };
    const ada = await openUser(browser);
    await ada.goto(`${server.url}/demo/?ice=`);
    assert.ok((await check(ada)).includes("join"));
    await enter(ada, "Ada", "labels");
    const bob = await join("Bob", "labels");
    await connect(bob, "Ada", ada, "Bob");
    for (const page of [ada, bob]) assert.ok((await check(page)).includes("disconnect"));
    await Promise.all([ada, bob].map((page) => page.context().close()));
  });

  test("it looks like something one would show", { skip: pageAlone }, async () => {
    const wide = { viewport: { width: 1180, height: 760 }, deviceScaleFactor: 1 };
    const [ada, bob] = await Promise.all([join("Ada", "lobby", wide), join("Bob", "lobby", wide)]);
    await connect(bob, "Ada", ada, "Bob");
    const talk = [
      [bob, "Hello Ada, do you see me?"],
      [ada, "I do. And the server no longer does."],
      [bob, "Signalled by C in WebAssembly, they say."],
    ];
    for (const [page, text] of talk) {
      await say(page, text);
      await ada.waitForSelector(`${id("chat-message")}[data-text="${text}"]`);
    }
    await join("Cyd", "lobby").then((page) => page.waitForSelector(peer("Ada")));
    await ada.waitForSelector(peer("Cyd", "available"));
    await ada.screenshot({ path: `${SHOTS}/demo.png` });
    await ada.emulateMedia({ colorScheme: "dark" });
    await ada.screenshot({ path: "build/screenshots/demo-dark.png" });
    await ada.setViewportSize({ width: 360, height: 740 });
    await ada.screenshot({ path: "build/screenshots/demo-phone.png" });
    await say(ada, "W".repeat(300));
    await ada.waitForSelector(`${id("chat-message")}[data-text^="WWW"]`);
    const wider = await overflow(ada);
    assert.ok(wider <= 0, `${wider} px wider than a phone`);
  });
});
