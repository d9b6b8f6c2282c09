// The demo page's tabs, and what is behind the second and the third: two players of a room, and the callers of a
// service. Contexts of one Chromium, no STUN, nothing else between them than the server.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { pageAlone, startServer } from "../server.mjs";
import { Api } from "../api/helpers.mjs";
import { Peer, assertStatus } from "../api/peers/peer.mjs";
import { published, taken } from "../api/services/owner.mjs";
import { launch, openUser } from "./browser.mjs";
import { focused, hears, id, inState, overflow, peer, reads, say } from "./demo-page.mjs";

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };
const TABS = ["topics", "rooms", "services"];

let server;
let bare; // as it is before anybody has set it up for services
let browser;

before(async () => {
  [server, bare, browser] = await Promise.all([
    startServer({ pages: true, vars: { RATE_LIMITS: "off" } }),
    startServer({ pages: true, vars: { AUTH_SECRET: "" } }),
    launch(),
  ]);
});

after(async () => {
  await browser?.close();
  await Promise.all([server?.stop(), bare?.stop()]);
});

async function open(hash, options) {
  const page = await openUser(browser, options);
  await page.goto(`${server.url}/demo/?ice=${hash}`);
  return page;
}

/** Every page is fine, and another user's. */
async function leave(...pages) {
  assert.deepEqual(
    pages.flatMap(({ errors }) => errors),
    [],
  );
  await Promise.all(pages.map((page) => page.context().close()));
}

/** The link that a page copies for the other side. */
async function copied(page, button) {
  await page.click(id(button));
  await reads(page, button, /Copied/);
  return page.evaluate(() => navigator.clipboard.readText());
}

const value = (page, name) => page.inputValue(id(name));

describe("the tabs of the demo page", () => {
  const selected = (page) =>
    page.$$eval('[role="tab"][aria-selected="true"]', (all) =>
      all.map((tab) => tab.dataset.testid),
    );
  const shown = (page) =>
    page.$$eval('[role="tabpanel"]', (all) =>
      all.filter((panel) => panel.checkVisibility()).map((panel) => panel.id),
    );

  test(
    "are walked with the arrow keys, and the address says where one is",
    { skip: pageAlone },
    async () => {
      const page = await open("");
      await page.focus(id("tab-topics"));
      const steps = [
        ["ArrowRight", "rooms"],
        ["ArrowRight", "services"],
        ["ArrowRight", "topics"],
        ["ArrowLeft", "services"],
        ["Home", "topics"],
        ["End", "services"],
      ];
      for (const [key, name] of steps) {
        await page.keyboard.press(key);
        await focused(page, `tab-${name}`);
        assert.deepEqual(await selected(page), [`tab-${name}`]);
        assert.deepEqual(await shown(page), [`panel-${name}`]);
        assert.equal(new URL(page.url()).hash, `#${name}`);
      }
      // One tab is in the order of the Tab key, and after it comes what it shows.
      await page.keyboard.press("Tab");
      assert.equal(
        await page.evaluate(() => document.activeElement.dataset.testid),
        "service-publisher",
      );
      await page.keyboard.press("Shift+Tab");
      await focused(page, "tab-services");
      await leave(page);
    },
  );

  test("are chosen by the address, and fit a narrow screen", { skip: pageAlone }, async () => {
    const page = await open("#services", { viewport: { width: 320, height: 640 } });
    await focused(page, "user-name");
    for (const name of TABS) {
      await page.evaluate((hash) => (location.hash = hash), name);
      await page.waitForSelector(`${id(`tab-${name}`)}[aria-selected="true"]`);
      assert.deepEqual(await shown(page), [`panel-${name}`]);
      assert.ok((await overflow(page)) <= 0, `${name} is ${await overflow(page)} px too wide`);
    }
    await leave(page);
  });
});

describe("rooms on the demo page", () => {
  async function host(options) {
    const page = await open("#rooms", options);
    await page.fill(id("player"), "Ada");
    await page.click(id("room-enter"));
    await page.waitForSelector(`${id("join-code")}:not(:empty)`);
    return page;
  }

  test("two players meet by a link, chat, and one leaves", async () => {
    const ada = await host(CLIPBOARD);
    await reads(ada, "state", /^Waiting for the other player$/);
    const bob = await openUser(browser);
    await bob.goto(await copied(ada, "copy-room-link"));
    assert.equal(await value(bob, "room-code-input"), await ada.textContent(id("room-code")));
    assert.equal(await value(bob, "join-code-input"), await ada.textContent(id("join-code")));
    await focused(bob, "player");
    await bob.keyboard.type("Bob");
    await bob.keyboard.press("Enter");
    await reads(ada, "state", /^Connected to Bob$/);
    await reads(bob, "state", /^Connected to Ada$/);
    await focused(bob, "room-leave");

    await say(ada, "Your move.");
    await hears(bob, "Ada", "Your move.");
    await ada.click(id("tab-topics"));
    assert.equal(await ada.locator(id("chat-message")).count(), 0, "another tab has another chat");
    await say(bob, "e4");
    await ada.waitForSelector(`${id("tab-rooms")}[aria-label="Rooms, 1 new message"]`);
    await ada.click(id("tab-rooms"));
    await hears(ada, "Bob", "e4");
    assert.equal(await ada.getAttribute(id("tab-rooms"), "aria-label"), null);

    await bob.click(id("room-leave"));
    await inState(bob, "idle");
    await reads(ada, "state", /^Bob has left$/);
    await reads(ada, "error", /Start over for a new room/);
    await leave(ada, bob);
  });

  test("a wrong join code is told, its field is gone to, and the right one works", async () => {
    const ada = await host();
    const [room, join] = await Promise.all(
      ["room-code", "join-code"].map((name) => ada.textContent(id(name))),
    );
    const bob = await open("#rooms");
    await bob.fill(id("player"), "Bob");
    await bob.check(id("room-guest"), { force: true });
    await bob.click(id("room-enter"));
    await reads(bob, "error", /Type the room code/);
    await bob.fill(id("room-code-input"), room.toLowerCase());
    await bob.fill(id("join-code-input"), join === "000000" ? "000001" : "000000");
    await bob.click(id("room-enter"));
    await reads(bob, "error", /join code is not right\. Ask the host/);
    await focused(bob, "join-code-input");
    await bob.fill(id("join-code-input"), join);
    await bob.keyboard.press("Enter");
    await Promise.all([inState(ada, "connected"), inState(bob, "connected")]);
    assert.equal(await bob.textContent(id("error")), "");
    await leave(ada, bob);
  });
});

describe("services on the demo page", () => {
  const randomName = () => `u-${randomBytes(6).toString("hex")}`;

  async function publish(name, options) {
    const page = await open("#services", options);
    await page.fill(id("user-name"), name);
    await page.click(id("publish"));
    return page;
  }

  test("are found by name and versions, and by UUID; each caller has an offer, and the pool is full again", async () => {
    const name = randomName();
    const alice = await publish(name, CLIPBOARD);
    await reads(alice, "state", /^Waiting for callers$/);
    await reads(alice, "open-offers", /^4$/);
    await focused(alice, "stop-service");
    const uuid = await alice.textContent(id("service-uuid"));
    await alice.waitForSelector(`${id("service")}[data-uuid="${uuid}"][data-fqn="chat@1.0.0"]`);

    const bob = await openUser(browser);
    await bob.goto(await copied(alice, "copy-service-link"));
    assert.equal(await value(bob, "call-user"), name);
    assert.equal(await value(bob, "call-service"), "chat@^1.0.0");
    await bob.fill(id("caller-name"), "Bob");
    await bob.click(id("call"));
    const cyd = await open("#services");
    await cyd.check(id("service-caller"), { force: true });
    await cyd.fill(id("caller-name"), "Cyd");
    await cyd.fill(id("call-uuid"), uuid);
    await cyd.press(id("call-uuid"), "Enter");
    await Promise.all([
      alice.waitForSelector(peer("Bob", "connected")),
      alice.waitForSelector(peer("Cyd", "connected")),
      reads(bob, "state", new RegExp(`^Connected to ${name}$`)),
      reads(cyd, "state", new RegExp(`^Connected to ${name}$`)),
    ]);
    await reads(alice, "open-offers", /^4$/);

    await say(alice, "Welcome, both of you.");
    await say(bob, "Hello!");
    await Promise.all([
      ...[bob, cyd].map((page) => hears(page, name, "Welcome, both of you.")),
      hears(alice, "Bob", "Hello!"),
    ]);
    await alice.click(id("stop-service"));
    await Promise.all([bob, cyd].map((page) => inState(page, "closed")));
    await bob.click(id("connect"));
    await reads(bob, "peer-detail", /has no chat@\^1\.0\.0 at the moment\. Check both/);
    await leave(alice, bob, cyd);
  });

  test("what a name has published is listed, and can be called; private ones only by their UUID", async () => {
    const name = randomName();
    const alice = await open("#services");
    await alice.uncheck(id("service-public"));
    await alice.fill(id("user-name"), name);
    await alice.click(id("publish"));
    await inState(alice, "waiting");
    const bob = await open(`#services&user=${name}&service=chat%40^2&name=Bob`);
    await bob.click(id("call"));
    await reads(bob, "error", new RegExp(`${name} has no chat@\\^2 .* look at what`));
    await bob.click(id("list-services"));
    assert.equal(await bob.getAttribute(id("service"), "data-fqn"), "");
    await bob.click(id("call-listed"));
    await Promise.all([inState(alice, "connected"), inState(bob, "connected")]);
    await bob.click(id("stop-service"));
    await focused(bob, "call");
    await inState(alice, "waiting");
    await leave(alice, bob);
  });

  test("the key stays in its browser, and nobody else publishes under its names", async () => {
    const name = randomName();
    const alice = await publish(name);
    await inState(alice, "waiting");
    const key = await alice.evaluate(async () => {
      const asked = indexedDB.open("rondevu-demo");
      const database = await new Promise(
        (resolve) => (asked.onsuccess = () => resolve(asked.result)),
      );
      const read = database.transaction("keys").objectStore("keys").get("ed25519");
      const { privateKey } = await new Promise(
        (resolve) => (read.onsuccess = () => resolve(read.result)),
      );
      const exported = await crypto.subtle.exportKey("pkcs8", privateKey).catch(({ name }) => name);
      return { extractable: privateKey.extractable, exported, texts: JSON.stringify(localStorage) };
    });
    assert.equal(key.extractable, false);
    assert.equal(key.exported, "InvalidAccessError");
    assert.ok(!key.texts.includes("key"));

    const eve = await publish(name);
    await reads(eve, "error", /held by another key\. Choose another name/);
    await focused(eve, "user-name");
    await alice.reload();
    await alice.click(id("publish"));
    await inState(alice, "waiting");
    await leave(alice, eve);
  });

  test("where every offer is taken, it says so, and what to do", async () => {
    const api = new Api(server);
    const { uuid, owner } = await published({ isPublic: true }, { api });
    const { offerId } = await taken(api, uuid);
    const other = await Peer.register(api);
    assertStatus(await other.post(`/offers/${offerId}/answer`, { sdp: "an answer" }), 200);
    const bob = await open(`#services&user=${owner.name}&service=chat&name=Bob`);
    await bob.click(id("call"));
    await reads(bob, "error", /offers of .* are taken .* Call again in a few seconds/);
    await inState(bob, "idle");
    await leave(bob);
  });

  test("a server that is not set up for them says what is missing", async () => {
    const page = await openUser(browser);
    await page.goto(`${bare.url}/demo/?ice=#services`);
    await page.fill(id("user-name"), randomName());
    await page.click(id("publish"));
    await reads(page, "error", /sets AUTH_SECRET to 32 bytes or more; topics and rooms work/);
    await leave(page);
  });
});
