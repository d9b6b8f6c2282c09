// A client in a page, as a test sees it.

import assert from "node:assert/strict";
import { openUser } from "../browser.mjs";

/** ms after which waiting for an event has failed; what it failed at is told with the last states. */
const DEADLINE = 60_000;

/** Opens the page under test, in a context of its own. */
export async function openPage(browser, site) {
  const page = await openUser(browser);
  await page.goto(site.url);
  await page.waitForFunction(() => window.isReady);
  return page;
}

export class Peer {
  /** A new client in this page. @param {object} config of WebRTCRegistryClient; no ICE servers */
  static async enter(page, config) {
    const user = await page.evaluateHandle((given) => window.enter(given), {
      iceServers: [],
      ...config,
    });
    return new Peer(page, user);
  }

  constructor(page, user) {
    this.page = page;
    this.user = user;
  }

  /** Runs the function in the page; it is given `{client, states, messages, errors, ...}`. */
  async evaluate(run, given) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`took too long: ${run}`)), DEADLINE);
      // Nobody may be interested any more when it comes.
      timer.unref();
    });
    try {
      return await Promise.race([this.user.evaluate(run, given), late]);
    } catch (error) {
      error.message += `\n${given ? JSON.stringify(given) : ""} ${JSON.stringify(await this.story())}`;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Everything the client said, and what runs in its page. */
  story() {
    return this.user.evaluate(({ states, messages, errors }) => ({
      states,
      messages,
      errors,
      activity: window.activity(),
    }));
  }

  /** @returns {Promise<{roomCode: string, joinCode: string}>} what a host tells its guest */
  createRoom() {
    return this.evaluate(async ({ client }) => {
      const roomCode = await client.createRoom("HostUser");
      return { roomCode, joinCode: client.getRoomInfo().joinCode };
    });
  }

  joinRoom(codes) {
    return this.evaluate(
      ({ client }, { roomCode, joinCode }) => client.joinRoom(roomCode, joinCode, "GuestUser"),
      codes,
    );
  }

  start() {
    return this.evaluate(({ client }) => client.startConnection());
  }

  close() {
    return this.evaluate(({ client }) => client.closeRoom());
  }

  room() {
    return this.evaluate(({ client }) => client.getRoomInfo());
  }

  /** Closes the peer connection under the client. */
  cutConnection() {
    return this.evaluate(({ connection }) => connection.close());
  }

  say(message) {
    return this.evaluate(({ client }, message) => client.sendMessage(message), message);
  }

  hears(message) {
    return this.evaluate((user, message) => user.has("messages", message), message);
  }

  /** Resolves when it came to this state, counting from this one of its states on. */
  reach(state, from = 0) {
    return this.evaluate((user, [state, from]) => user.has("states", state, from), [state, from]);
  }

  states() {
    return this.evaluate(({ states }) => states);
  }

  state() {
    return this.evaluate(({ client }) => client.getConnectionState());
  }

  /** How many peer connections its page has ever made. */
  made() {
    return this.evaluate(() => window.activity().made);
  }

  /** Resolves when the client neither asks nor waits: no request, so many connections and timers. */
  async rests(connections, timers = 0) {
    await this.evaluate(
      (_, [connections, timers]) =>
        new Promise((resolve) => {
          const look = () => {
            const now = window.activity();
            if (now.connections === connections && now.pending === 0 && now.timers === timers)
              resolve();
            else requestAnimationFrame(look);
          };
          look();
        }),
      [connections, timers],
    );
  }
}

/** The handshake as an application makes it: the test carries the codes. */
export async function connect(host, guest) {
  await guest.joinRoom(await host.createRoom());
  await Promise.all([host.start(), guest.start()]);
}

/** One message each way. */
export async function talk(host, guest, message = "ping") {
  await Promise.all([host.say(`${message} from the host`), guest.say(`${message} from the guest`)]);
  await Promise.all([
    host.hears(`${message} from the guest`),
    guest.hears(`${message} from the host`),
  ]);
}

/** The states in between may differ; these come in this order. */
export function assertOrder(states, expected) {
  let next = 0;
  for (const state of states) if (state === expected[next]) next++;
  assert.equal(next, expected.length, `${states} has not ${expected} in it, in this order`);
}
