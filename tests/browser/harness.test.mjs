// The debugging harness, as two people use it: two Chromiums, nothing between them but `wrangler dev`,
// everything driven and read by data-testid.
//
// SCREENSHOTS=docs writes the pictures of the README; otherwise they go where builds go.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { pageAlone, startServer } from "../server.mjs";
import { PeerWatch } from "../../web/harness/peer-watch.js";
import { foldedScale, labelsOf } from "../../web/harness/scale.js";
import { launch, openUser } from "./browser.mjs";

const SHOTS = process.env.SCREENSHOTS || "build/screenshots";
const HOST_STEPS = ["create-room", "create-offer", "post-offer", "send-candidates"];
const GUEST_STEPS = [
  "join-room",
  "fetch-offer",
  "create-answer",
  "post-answer",
  "send-candidates",
  "fetch-candidates",
];
const LAST_HOST_STEPS = ["fetch-answer", "fetch-candidates", "open-channel"];
const CODE = /^[2345679ACDEFGHJKMNPQRSTUVWXYZ]{8}$/;

let server;
let browsers;

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  server = await startServer({ pages: true, vars: { RATE_LIMITS: "off" } });
  browsers = await Promise.all([launch(), launch()]);
});

after(async () => {
  await Promise.all((browsers ?? []).map((browser) => browser.close()));
  await server?.stop();
});

const id = (name) => `[data-testid="${name}"]`;
const step = (name, state) => `${id("step")}[data-step="${name}"][data-state="${state}"]`;
const text = (page, name) => page.textContent(id(name));
const inState = (page, state) => page.waitForSelector(`body[data-state="${state}"]`);

async function open(browser, address = "", options = {}) {
  const page = await openUser(browser, options);
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) page.errors.push(message.text());
  });
  await page.goto(`${server.url}/harness/${address}`);
  return page;
}

/** A host and a guest, each in a browser of its own. */
const openPair = (options) =>
  Promise.all(browsers.map((browser) => open(browser, undefined, options)));

/** Whatever went wrong unseen went wrong. */
async function leave(...pages) {
  assert.deepEqual(
    pages.flatMap(({ errors }) => errors),
    [],
  );
  await Promise.all(pages.map((page) => page.context().close()));
}

async function take(page, name) {
  await page.click(id(`run-${name}`));
  await page.waitForSelector(step(name, "done"));
}

async function codes(host) {
  await host.waitForSelector(`${id("room-code")}:not(:empty)`);
  return { room: await text(host, "room-code"), join: await text(host, "join-code") };
}

async function enterCodes(guest, { room, join }) {
  await guest.check(id("role-guest"));
  await guest.fill(id("room-code-input"), room);
  await guest.fill(id("join-code-input"), join);
}

async function connectAtOnce(host, guest) {
  await host.click(id("connect-all"));
  await enterCodes(guest, await codes(host));
  await guest.click(id("connect-all"));
  await connected(host, guest);
}

const connected = (...pages) => Promise.all(pages.map((page) => inState(page, "connected")));

/** The whole walk, step by step on both sides. */
async function walkBoth(host, guest) {
  for (const name of HOST_STEPS) await take(host, name);
  await enterCodes(guest, await codes(host));
  for (const name of GUEST_STEPS) await take(guest, name);
  for (const name of LAST_HOST_STEPS) await take(host, name);
  await take(guest, "open-channel");
  await connected(host, guest);
}

/** Nothing on the page is to say that there still is a connection. */
async function parted(page) {
  for (const name of ["connection", "ice-connection", "signalling", "channel"])
    await page.waitForSelector(`${id(`${name}-state`)}:text-is("closed")`);
  assert.equal(await text(page, "path"), "–");
  assert.equal(await page.locator(`${id("candidate")}[data-used="true"]`).count(), 0);
  assert.equal(await page.isDisabled(id("chat-send")), true);
}

/** No label on the time axis may hide another or be cut off. */
async function readable(page) {
  const [axis, ...labels] = await page.$$eval(".axis, .axis > span", (all) =>
    all.map((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = node.matches(".axis") ? node : range;
      const { left, right } = box.getBoundingClientRect();
      return { left, right, text: node.textContent };
    }),
  );
  assert.ok(labels.length > 0);
  labels.sort((a, b) => a.left - b.left);
  for (const [i, { left, right, text }] of labels.entries()) {
    assert.ok(left >= axis.left && right <= axis.right, `${text} is cut off`);
    assert.ok(i === 0 || left >= labels[i - 1].right, `${text} hides ${labels[i - 1]?.text}`);
  }
}

async function say(from, to, words) {
  await from.fill(id("chat-input"), words);
  await from.click(id("chat-send"));
  const message = await to.waitForSelector(`${id("chat-message")}[data-text="${words}"]`);
  return message.getAttribute("data-from");
}

async function chatBothWays(host, guest) {
  assert.equal(await say(host, guest, "ping"), "Alice");
  assert.equal(await say(guest, host, "and back"), "Bob");
}

const requests = (page) =>
  page.$$eval(id("request"), (all) =>
    all.map(({ dataset: { method, path, status, wait, state } }) => ({
      method,
      path,
      status: Number(status),
      wait: Number(wait),
      state,
    })),
  );

const refuse = (page, path, status, error) =>
  page.route(path, (route) =>
    route.request().method() === "OPTIONS"
      ? route.continue()
      : route.fulfill({ status, json: { error: { retryable: status === 429, ...error } } }),
  );

describe("the debugging harness", () => {
  test("all at once: two browsers connect, talk both ways, and part when the room is closed", async () => {
    const [host, guest] = await openPair();
    await connectAtOnce(host, guest);
    await chatBothWays(host, guest);
    for (const page of [host, guest]) {
      assert.equal(await text(page, "connection-state"), "connected");
      assert.equal(await text(page, "channel-state"), "open");
      assert.equal(await text(page, "signalling-state"), "stable");
      assert.equal(await text(page, "client-state"), "connected");
      assert.equal(await text(page, "room-status"), "paired");
      assert.equal(await text(page, "room-generation"), "1");
      assert.match(await text(page, "room-expires"), /^(≥ )?\d+:\d\d$/);
      await page.waitForSelector(`${id("path")}:text("host to")`);
    }
    assert.equal(await text(host, "state"), "Connected to Bob");
    assert.equal(await text(guest, "state"), "Connected to Alice");

    await host.click(id("run-close-room"));
    await inState(host, "closed");
    await inState(guest, "disconnected");
    assert.equal(await guest.getAttribute(id("error"), "data-code"), "peer_left");
    assert.equal(await text(host, "room-status"), "closed");
    assert.equal((await requests(host)).at(-1).path.split("/").at(-1), "close");
    await leave(host, guest);
  });

  test("step by step: each step waits for the one before it, and the last one opens the channel", async () => {
    const [host, guest] = await openPair();
    for (const name of [...HOST_STEPS.slice(1), ...LAST_HOST_STEPS, "close-room"])
      assert.equal(await host.isDisabled(id(`run-${name}`)), true, name);
    for (const name of HOST_STEPS) {
      await host.waitForSelector(step(name, "next"));
      await take(host, name);
    }
    await enterCodes(guest, await codes(host));
    for (const name of GUEST_STEPS) await take(guest, name);
    for (const name of LAST_HOST_STEPS) await take(host, name);
    await take(guest, "open-channel");
    await connected(host, guest);
    await chatBothWays(host, guest);

    const made = (await requests(host)).map(({ method, path, status }) => [
      method,
      path.replace(/[^/]{8}/, ":code"),
      status,
    ]);
    assert.deepEqual(made, [
      ["POST", "/rooms", 201],
      ["POST", "/rooms/:code/offer", 204],
      ["POST", "/rooms/:code/candidate", 204],
      ["GET", "/rooms/:code", 200],
      ["GET", "/rooms/:code/candidates", 200],
    ]);
    await host.click(id("run-close-room"));
    await inState(host, "closed");
    await leave(host, guest);
  });

  test("a step whose time has not come says so, and works when it has", async () => {
    const [host, guest] = await openPair();
    await take(host, "create-room");
    await enterCodes(guest, await codes(host));
    await take(guest, "join-room");
    await guest.click(id("run-fetch-offer"));
    const note = `${id("step")}[data-step="fetch-offer"] ${id("step-note")}`;
    await guest.waitForSelector(`${note}:text("none there yet")`);
    await take(host, "create-offer");
    await take(host, "post-offer");
    await take(guest, "fetch-offer");
    await leave(host, guest);
  });

  test("a fetch may wait for news, and is drawn as one that waits", async () => {
    const [host, guest] = await openPair();
    await take(host, "create-room");
    await enterCodes(guest, await codes(host));
    await guest.click(id("settings"));
    await guest.selectOption(id("read-wait"), "20");
    await take(guest, "join-room");
    await guest.click(id("run-fetch-offer"));
    const waiting = `${id("request")}[data-wait="20"][data-state="open"]`;
    await guest.waitForSelector(`${waiting} .bar.wait`);
    await take(host, "create-offer");
    await take(host, "post-offer");
    await guest.waitForSelector(step("fetch-offer", "done"));
    assert.equal(await guest.locator(waiting).count(), 0);
    await leave(host, guest);
  });

  test("the client takes over after the first step, against a guest who walks", async () => {
    const [host, guest] = await openPair();
    await take(host, "create-room");
    await host.click(id("connect-all"));
    await enterCodes(guest, await codes(host));
    await take(guest, "join-room");
    await host.waitForSelector(step("post-offer", "done"));
    for (const name of GUEST_STEPS.slice(1)) await take(guest, name);
    await connected(host, guest);
    await chatBothWays(host, guest);
    assert.equal((await requests(host)).filter(({ path }) => path === "/rooms").length, 1);

    await guest.click(id("run-close-room"));
    await inState(guest, "closed");
    await inState(host, "disconnected");
    await leave(host, guest);
  });

  for (const [name, leaving, staying, status] of [
    ["the host closes the room", 0, 1, "gone"],
    ["the guest leaves", 1, 0, "paired"],
  ])
    test(`step by step: when ${name}, the other page says so at once`, async () => {
      const pages = await openPair();
      await walkBoth(...pages);
      const [left, stayed] = [pages[leaving], pages[staying]];
      assert.equal(await left.isDisabled(id("cut-connection")), true);
      assert.match(await left.getAttribute(id("cut-connection"), "title"), /step by step/i);
      await left.waitForSelector(`${id("path")}:text("host to")`);
      await left.click(id("run-close-room"));
      await inState(left, "closed");
      await inState(stayed, "disconnected");
      assert.equal(await text(stayed, "state"), "The other side has left");
      assert.equal(await stayed.getAttribute(id("error"), "data-code"), "peer_left");
      await stayed.waitForSelector(`${id("room-status")}:text-is("${status}")`);
      assert.equal(await stayed.getAttribute(id("error"), "data-code"), "peer_left");
      for (const page of pages) await parted(page);
      await stayed.screenshot({ path: `build/screenshots/harness-left-${staying}.png` });
      await stayed.click(id("run-close-room"));
      await inState(stayed, "closed");
      await leave(...pages);
    });

  test("step by step: a channel that closes without a word is the end as well", async () => {
    const [host, guest] = await openPair();
    await host.click(id("connect-all"));
    await enterCodes(guest, await codes(host));
    await take(guest, "join-room");
    await host.waitForSelector(step("post-offer", "done"));
    for (const name of GUEST_STEPS.slice(1)) await take(guest, name);
    await connected(host, guest);
    await host.click(id("cut-connection"));
    await guest.waitForSelector(`${id("state")}:text-is("The other side has left")`);
    await parted(guest);
    await leave(host, guest);
  });

  test("a connection that is cut comes back by itself", async () => {
    const [host, guest] = await openPair();
    await connectAtOnce(host, guest);
    await host.click(id("cut-connection"));
    await host.waitForSelector(`${id("room-generation")}:text-is("2")`);
    await connected(host, guest);
    for (const page of [host, guest])
      await page.waitForSelector(`${id("client-state")}:text-is("connected")`);
    await chatBothWays(host, guest);
    await leave(host, guest);
  });

  test("the guest's link opens the guest's form, with the focus on the join code", async () => {
    const host = await open(browsers[0]);
    await host.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await take(host, "create-room");
    const { room, join } = await codes(host);
    assert.match(room, CODE);
    assert.match(join, /^\d{6}$/);
    const copied = async (name) => {
      await host.click(id(name));
      await host.waitForSelector(`${id(name)}:text-is("Copied")`);
      return host.evaluate(() => navigator.clipboard.readText());
    };
    assert.equal(await copied("copy-room-code"), room);
    assert.equal(await copied("copy-join-code"), join);
    const link = await copied("copy-guest-link");
    assert.equal(link, `${server.url}/harness/#guest=${room}`);

    const guest = await open(browsers[1], new URL(link).hash);
    assert.equal(await guest.isChecked(id("role-guest")), true);
    assert.equal(await guest.inputValue(id("room-code-input")), room);
    assert.equal(
      await guest.evaluate(() => document.activeElement.dataset.testid),
      "join-code-input",
    );
    await guest.click(id("look-up"));
    await guest.waitForSelector(`${id("look-up-result")}:text("Alice waits")`);
    await guest.fill(id("join-code-input"), `${join.slice(0, 3)} ${join.slice(3)}`);
    await guest.press(id("join-code-input"), "Enter");
    await guest.waitForSelector(step("join-room", "done"));
    await leave(host, guest);
  });

  test("a wrong join code is told with its code and what to do, and the right one then works", async () => {
    const [host, guest] = await openPair();
    await take(host, "create-room");
    const { room, join } = await codes(host);
    const wrong = join === "000000" ? "111111" : "000000";
    await enterCodes(guest, {
      room: ` ${room.toLowerCase().replace(/^..../, "$&-")} `,
      join: wrong,
    });
    for (const button of ["connect-all", "run-join-room"]) {
      await guest.click(id(button));
      await guest.waitForSelector(`${id("error")}[data-code="bad_join_code"]`);
      await inState(guest, "idle");
    }
    assert.match(await text(guest, "error"), /403 bad_join_code/);
    assert.match(await text(guest, "error-next"), /Ask the host/);
    await guest.waitForSelector(step("join-room", "failed"));
    assert.equal((await requests(guest)).at(-1).state, "bad");

    await guest.fill(id("join-code-input"), join);
    await take(guest, "join-room");
    assert.equal(await text(guest, "error"), "");
    assert.equal(await text(guest, "room-code"), room);
    await leave(host, guest);
  });

  test("rate limits count down, and a server that is not there is named as such", async () => {
    const host = await open(browsers[0]);
    await refuse(host, "**/rooms", 429, {
      code: "rate_limited",
      message: "slow down",
      retryAfterSec: 37,
    });
    await host.click(id("run-create-room"));
    await host.waitForSelector(`${id("error")}[data-code="rate_limited"]`);
    assert.match(await text(host, "retry-in"), /^Try again in 3\d s\.$/);

    await host.click(id("settings"));
    await host.fill(id("server-url"), "http://localhost:9");
    await host.unroute("**/rooms");
    await host.click(id("run-create-room"));
    await host.waitForSelector(`${id("error")}[data-code="network"]`);
    assert.match(await text(host, "error-next"), /server address/);
    assert.equal(await host.isVisible(id("retry-in")), false);
    await leave(host);
  });

  test("a room that is gone is told as such, and starting over makes another", async () => {
    const host = await open(browsers[0]);
    await take(host, "create-room");
    const { room } = await codes(host);
    await refuse(host, `**/rooms/${room}`, 404, { code: "not_found", message: "no such room" });
    await host.click(id("refresh-room"));
    await host.waitForSelector(`${id("error")}[data-code="not_found"]`);
    assert.equal(await text(host, "room-status"), "gone");
    assert.match(await text(host, "error-next"), /Start over/);

    await host.click(id("start-over"));
    await inState(host, "idle");
    assert.equal(await text(host, "error"), "");
    assert.equal(await host.locator(id("request")).count(), 0);
    await take(host, "create-room");
    assert.notEqual((await codes(host)).room, room);
    await leave(host);
  });

  test("when a room's time is over the server is asked whether it is", async () => {
    const host = await openUser(browsers[0]);
    await host.clock.install();
    await host.goto(`${server.url}/harness/`);
    await take(host, "create-room");
    assert.match(await text(host, "room-expires"), /^[23]:\d\d$/);
    await refuse(host, "**/rooms/*", 404, { code: "not_found", message: "no such room" });
    await host.clock.fastForward("03:01");
    await inState(host, "failed");
    assert.equal(await text(host, "state"), "The room is gone");
    await host.waitForSelector(`${id("error")}[data-code="not_found"]`);
    await leave(host);
  });

  test("a server of another origin will do, and the guest's link names it", async () => {
    const other = server.url.replace("127.0.0.1", "localhost");
    const host = await open(browsers[0]);
    await host.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await host.click(id("settings"));
    await host.fill(id("server-url"), other);
    await take(host, "create-room");
    await host.click(id("copy-guest-link"));
    await host.waitForSelector(`${id("copy-guest-link")}:text-is("Copied")`);
    const link = await host.evaluate(() => navigator.clipboard.readText());
    const guest = await open(browsers[1], new URL(link).hash);
    assert.equal(await guest.inputValue(id("server-url")), other);
    assert.equal(await guest.isVisible(id("server-url")), true);
    await guest.fill(id("join-code-input"), await text(host, "join-code"));
    await take(guest, "join-room");
    await leave(host, guest);
  });

  test("both sides' candidates are listed with type, protocol and address", async () => {
    const [host, guest] = await openPair();
    for (const name of HOST_STEPS) await take(host, name);
    await enterCodes(guest, await codes(host));
    for (const name of GUEST_STEPS) await take(guest, name);
    const listed = (page, side) =>
      page.$$eval(`${id(`${side}-candidates`)} ${id("candidate")}`, (all) =>
        all.map(({ dataset: { type, protocol, address, port, state } }) => ({
          type,
          protocol,
          address,
          port,
          state,
        })),
      );
    const ours = (await listed(host, "local")).filter(({ state }) => state === "sent");
    const theirs = await listed(guest, "remote");
    assert.ok(ours.length > 0);
    assert.deepEqual(
      theirs,
      ours.map((candidate) => ({ ...candidate, state: "received" })),
    );
    for (const { type, protocol, address, port } of theirs) {
      assert.equal(type, "host");
      assert.equal(protocol, "udp");
      assert.match(address, /^[\d.]+$|^[\da-f:]+$/);
      assert.ok(Number(port) > 0);
    }
    await leave(host, guest);
  });

  test("secrets are not shown, not even in what was sent and received", async () => {
    const [host, guest] = await openPair();
    await host.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const answer = host.waitForResponse((response) => response.url().endsWith("/rooms"));
    for (const name of HOST_STEPS) await take(host, name);
    const { ownerToken } = await (await answer).json();
    for (const line of await host.locator(id("request-open")).all()) await line.click();
    await host.waitForSelector(
      `${id("request-detail")}:has-text("x-access-token: ${ownerToken.slice(0, 4)}…")`,
    );
    await host.click(id("copy-log"));
    await host.waitForSelector(`${id("copy-log")}:text-is("Copied")`);
    const log = await host.evaluate(() => navigator.clipboard.readText());
    assert.match(log, /POST \/rooms 201 \d+ ms/);
    for (const shown of [await host.content(), log])
      assert.equal(shown.includes(ownerToken.slice(0, 12)), false);

    await enterCodes(guest, await codes(host));
    await take(guest, "join-room");
    await guest.click(id("request-open"));
    const masked = `${id("request-detail")}:has-text('"joinCode": "… (6 characters)"')`;
    for (const page of [host, guest]) await page.waitForSelector(masked);
    await leave(host, guest);
  });

  test(
    "the keyboard is enough: each step leaves the focus on the next one",
    { skip: pageAlone },
    async () => {
      const host = await open(browsers[0]);
      await host.focus(id("run-create-room"));
      for (const name of HOST_STEPS) {
        await host.waitForFunction(
          (testid) => document.activeElement.dataset.testid === testid,
          `run-${name}`,
        );
        await host.keyboard.press("Enter");
        await host.waitForSelector(step(name, "done"));
      }
      await leave(host);
    },
  );

  test(
    "every control has a label and a test id, and every test id is documented",
    { skip: pageAlone },
    async () => {
      const source = readFileSync("web/harness/index.html", "utf8");
      const documented = new Set(/<!--(.*?)-->/s.exec(source)[1].match(/[a-z][a-z-]+/g));
      const check = async (page) => {
        const found = await page.$$eval(
          "input, textarea, select, button, summary, a[href], [data-testid]",
          (all) =>
            all.map((node) => ({
              html: node.outerHTML.slice(0, 200),
              isControl: node.matches("input, textarea, select, button, summary, a[href]"),
              testid: node.dataset.testid ?? "",
              name: (
                node.getAttribute("aria-label") ||
                [...(node.labels ?? [])].map((label) => label.textContent).join(" ") ||
                (node.matches("button, a, summary") ? node.textContent : "")
              ).trim(),
            })),
        );
        for (const { html, isControl, testid, name } of found) {
          if (isControl) assert.notEqual(name, "", `no label: ${html}`);
          assert.notEqual(testid, "", `no data-testid: ${html}`);
          assert.ok(documented.has(testid.replace(/^run-/, "")), `not documented: ${testid}`);
        }
        return found.map(({ testid }) => testid);
      };
      const [host, guest] = await openPair();
      assert.ok((await check(host)).includes("run-create-room"));
      await guest.check(id("role-guest"));
      assert.ok((await check(guest)).includes("run-join-room"));
      await connectAtOnce(host, guest);
      await host.click(`${id("request-open")} >> nth=0`);
      assert.ok((await check(host)).includes("request-open"));
      await leave(host, guest);
    },
  );

  test(
    "it fits a phone, and looks like something one would show",
    { skip: pageAlone },
    async () => {
      const wide = { viewport: { width: 1280, height: 880 }, deviceScaleFactor: 1 };
      const [host, guest] = await openPair(wide);
      await host.click(id("connect-all"));
      await enterCodes(guest, await codes(host));
      for (const name of ["join-room", "fetch-offer", "create-answer", "send-candidates"])
        await take(guest, name);
      await take(guest, "post-answer");
      await host.waitForSelector(`${id("remote-candidates")} ${id("candidate")}`);
      await connected(host, guest);
      await say(guest, host, "Hello Alice!");
      await say(host, guest, "Hello Bob. No server in between.");
      await host.waitForSelector(`${id("candidate")}[data-used="true"]`);
      await host.waitForSelector(`${id("round-trip")}:text("ms")`);
      // The first ping is made while both browsers are busiest.
      if (process.env.SCREENSHOTS)
        await host.waitForFunction(
          (shown) => parseFloat(document.querySelector(shown).textContent) < 5,
          id("round-trip"),
        );
      await readable(host);
      await readable(guest);
      await guest.screenshot({ path: "build/screenshots/harness-guest.png" });
      await host.screenshot({ path: `${SHOTS}/harness.png` });
      await host.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
      await host.screenshot({ path: `${SHOTS}/harness-dark.png` });

      const fits = async (page) => {
        await page.setViewportSize({ width: 360, height: 740 });
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        assert.ok(overflow <= 0, `${overflow} px wider than a phone`);
      };
      await say(host, guest, "W".repeat(300));
      await host.click(`${id("request-open")} >> nth=1`);
      await fits(host);
      await readable(host);
      await host.screenshot({ path: "build/screenshots/harness-phone.png", fullPage: true });
      const idle = await open(browsers[0], "#guest=QK7M2XTD");
      await idle.click(id("settings"));
      await idle.fill(id("ice-servers"), `stun:${"w".repeat(80)}.example:3478`);
      await fits(idle);
      await leave(host, guest, idle);
    },
  );
});

test("a closed connection has no open channel, whatever the channel says yet", () => {
  const pc = Object.assign(new EventTarget(), { signalingState: "stable" });
  const watch = new PeerWatch(pc, () => {});
  assert.equal(watch.states.channel, "none");
  watch.attach(Object.assign(new EventTarget(), { readyState: "open" }));
  assert.equal(watch.states.channel, "open");
  pc.signalingState = "closed";
  assert.equal(watch.states.channel, "closed");
});

describe("the timeline's axis", () => {
  test("keeps the order, and gives a long pause little room", () => {
    const { place, folds, ticks } = foldedScale([0, 40, 9040, 9080, 9200], 0.1);
    const places = [0, 20, 40, 4540, 9040, 9080, 9200].map(place);
    assert.deepEqual(places, [...places].sort());
    assert.equal(places[0], 0);
    assert.equal(places.at(-1), 1);
    assert.deepEqual(
      folds.map(({ ms }) => ms),
      [9000],
    );
    assert.ok(folds[0].width < 0.15);
    // As long for as long, on both sides of the fold.
    assert.ok(Math.abs(place(40) - place(0) - (place(9080) - place(9040))) < 1e-9);
    assert.ok(ticks.length >= 3);
  });

  test("drops labels that would hide another or leave the axis, those of long pauses last", () => {
    const scale = foldedScale([0, 40, 800, 830, 7600, 7640, 8400, 8420, 9170], 0.1);
    assert.equal(scale.folds.length, 4);
    const labels = labelsOf(scale, (label) => label.length * 0.03);
    const inOrder = [...labels].sort((a, b) => a.begin - b.begin);
    for (const [i, { begin, end, text }] of inOrder.entries()) {
      assert.ok(begin >= 0 && end <= 1, `${text} leaves the axis`);
      assert.ok(i === 0 || begin >= inOrder[i - 1].end, `${text} hides another`);
    }
    assert.equal(labels[0].text, "6.8 s");
    const roomy = labelsOf(scale, () => 0);
    assert.equal(roomy.length, scale.folds.length + scale.ticks.length);
    assert.deepEqual(
      labelsOf(scale, () => 2),
      [],
    );
  });

  test("is a plain axis where nothing is long, and empty where there is nothing", () => {
    const { place, folds } = foldedScale([100, 200, 300], 0.1);
    assert.deepEqual([100, 150, 200, 300].map(place), [0, 0.25, 0.5, 1]);
    assert.deepEqual(folds, []);
    assert.deepEqual(foldedScale([], 0.1).ticks, []);
    assert.equal(foldedScale([5], 0.1).place(5), 0);
  });
});
