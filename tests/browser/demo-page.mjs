// What the tests of the demo page share: its parts by their data-testids, and a chat.

export const id = (name) => `[data-testid="${name}"]`;
export const peer = (name, state) =>
  `${id("peer")}[data-name="${name}"]${state ? `[data-state="${state}"]` : ""}`;

/** Waits for the overall state, a word of it. */
export const inState = (page, state) => page.waitForSelector(`body[data-state="${state}"]`);

/** Waits for a text in a part of the page. */
export const reads = (page, name, pattern) =>
  page.waitForFunction(
    ([selector, source]) => new RegExp(source).test(document.querySelector(selector).textContent),
    [id(name), pattern.source],
  );

export const focused = (page, name) =>
  page.waitForFunction((testid) => document.activeElement.dataset.testid === testid, name);

export async function say(page, text) {
  await page.fill(id("chat-input"), text);
  await page.click(id("chat-send"));
}

/** Waits until somebody's message is there. */
export const hears = (page, from, text) =>
  page.waitForSelector(`${id("chat-message")}[data-from="${from}"][data-text="${text}"]`);

export const heard = (page, from) =>
  page.$$eval(`${id("chat-message")}[data-from="${from}"]`, (all) =>
    all.map((message) => message.dataset.text),
  );

/** By how much the page is wider than its window, in px. */
export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
