// How the demo page's topics and services are signalled: pushed through a socket where the store pushes, by requests
// that wait where it does not, and by these again as soon as a socket fails, in the middle of a handshake too.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { STORE, startServer } from "../server.mjs";
import { launch, openUser } from "./browser.mjs";
import { hears, id, inState, peer, reads, say } from "./demo-page.mjs";
import { openNetwork } from "./network.mjs";

const pushes = STORE === "durable";
const pushing = { skip: !pushes && "Workers KV knows nothing of a write" };
const POLLS = /^POST \/poll |^GET \/offers\//;

let server;
let browser;

before(async () => {
  server = await startServer({ pages: true, vars: { RATE_LIMITS: "off" } });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const random = () => randomBytes(6).toString("hex");

/** Runs a test on a network of its own, and closes what it opened. */
const onNetwork = (run) => async () => {
  const network = await openNetwork(server.url);
  const pages = [];
  const open = async (hash, prepare = () => {}) => {
    const page = await openUser(browser);
    pages.push(page);
    watch(page);
    await prepare(page);
    await page.goto(`${network.url}/demo/?ice=#${hash}`);
    return page;
  };
  try {
    await run(open, network);
    assert.deepEqual(
      pages.flatMap(({ errors }) => errors),
      [],
    );
  } finally {
    await Promise.all(pages.map((page) => page.context().close()));
    await network.stop();
  }
};

/** Notes the requests of a page, with the session that they are about, and the sockets that it asks for. */
function watch(page) {
  page.requests = [];
  page.sockets = [];
  page.on("request", (request) => {
    const { code = "" } = JSON.parse(request.postData() ?? "{}");
    page.requests.push(`${request.method()} ${new URL(request.url()).pathname} ${code}`);
  });
  page.on("websocket", (socket) => page.sockets.push(socket));
}

const asked = (page, what) => page.requests.filter((request) => what.test(request));
const about = (session) => new RegExp(`${session}$`);

/** The page's candidates are held back until `window.gather()`. */
const gatherLate = (page) =>
  page.addInitScript(() => {
    const called = new Promise((resolve) => (window.gather = resolve));
    Object.defineProperty(RTCPeerConnection.prototype, "onicecandidate", {
      set(hear) {
        this.addEventListener("icecandidate", (event) => called.then(() => hear(event)));
      },
    });
  });

/** Two people of one topic; Ada's session is pushed to. */
async function meet(open, prepare) {
  const topic = random();
  const join = (name) => `topics&topic=${topic}&name=${name}&join=1`;
  const ada = await open(join("Ada"), prepare);
  await reads(ada, "way", /^pushed$/);
  const bob = await open(join("Bob"));
  await bob.waitForSelector(peer("Ada", "available"));
  ada.requests = [];
  const [, session] = /sessions\/(.*)\/socket/.exec(ada.sockets[0].url());
  return { ada, bob, session };
}

async function connect(ada, bob) {
  await bob.click(`${peer("Ada")} ${id("connect")}`);
  await Promise.all([
    ada.waitForSelector(peer("Bob", "connected")),
    bob.waitForSelector(peer("Ada", "connected")),
  ]);
  await say(bob, "Hello");
  await hears(ada, "Bob", "Hello");
}

/** Waits until it holds, which a request of the page may bring about. */
async function until(page, holds) {
  while (!holds()) await page.waitForEvent("request");
}

async function publish(open) {
  const alice = await open("services");
  await alice.fill(id("user-name"), `u-${random()}`);
  await alice.click(id("publish"));
  await inState(alice, "waiting");
  return alice;
}

async function call(open, alice) {
  const uuid = await alice.textContent(id("service-uuid"));
  const bob = await open(`services&uuid=${uuid}&name=Bob`);
  await bob.click(id("call-by-uuid"));
  await Promise.all([alice.waitForSelector(peer("Bob", "connected")), inState(bob, "connected")]);
  return bob;
}

describe("topics on the demo page", () => {
  test(
    "poll nothing while a socket is open, and own candidates go through it",
    pushing,
    onNetwork(async (open) => {
      const { ada, bob, session } = await meet(open, gatherLate);
      await ada.evaluate(() => window.gather());
      await reads(ada, "log", /SEND \/sessions\/\S+ \(candidate\) 200/);
      await connect(ada, bob);
      assert.deepEqual(asked(ada, about(session)), []);
    }),
  );

  test(
    "go on by requests when the socket is cut that brings the answer, and by a socket when there is one again",
    pushing,
    onNetwork(async (open, network) => {
      const { ada, bob, session } = await meet(open);
      network.lastWords = /"answer":"/;
      network.refuses = true;
      await connect(ada, bob);
      assert.equal(network.lastWords, undefined);
      assert.match(asked(ada, about(session)).join(), /\/poll/);
      await reads(ada, "way", /^waiting$/);
      network.refuses = false;
      await reads(ada, "way", /^pushed$/);
    }),
  );

  test(
    "post by requests what a socket took and did not acknowledge",
    pushing,
    onNetwork(async (open, network) => {
      const { ada, bob } = await meet(open, gatherLate);
      network.swallows = true;
      const sent = ada.sockets[0].waitForEvent("framesent");
      await ada.evaluate(() => window.gather());
      assert.match(String((await sent).payload), /"candidate":/);
      const posted = ada.waitForResponse((response) => response.url().endsWith("/answer"));
      network.cut();
      assert.equal((await posted).status(), 200);
      await connect(ada, bob);
    }),
  );

  test(
    "are signalled by requests where nothing is pushed, and ask for a socket three times",
    onNetwork(async (open, network) => {
      network.refuses = pushes; // what does not push refuses by itself
      const topic = random();
      const ada = await open(`topics&topic=${topic}&name=Ada&join=1`);
      await reads(ada, "log", /no socket \d+ ms \(×3\)/);
      await reads(ada, "way", /^waiting$/);
      network.refuses = false;
      const bob = await open(`topics&topic=${topic}&name=Bob&join=1`);
      await bob.waitForSelector(peer("Ada", "available"));
      ada.requests = [];
      await connect(ada, bob);
      await until(ada, () => asked(ada, /^POST \/.*\/offer /).length > 0);
      assert.equal(ada.sockets.length, 3);
    }),
  );

  test(
    "say that they poll where requests do not wait",
    onNetwork(async (open, network) => {
      network.refuses = pushes;
      const hasty = (page) =>
        page.route("**/poll", (route) => {
          const body = route.request().postDataJSON();
          return route.continue({ postData: { ...body, wait: 0 } });
        });
      const topic = random();
      const ada = await open(`topics&topic=${topic}&name=Ada&join=1`, hasty);
      await reads(ada, "way", /^polling$/);
      const bob = await open(`topics&topic=${topic}&name=Bob&join=1`);
      await connect(ada, bob);
    }),
  );
});

describe("services on the demo page", () => {
  test(
    "poll nothing while a socket is open, and own candidates go through it",
    pushing,
    onNetwork(async (open) => {
      const alice = await publish(open);
      await reads(alice, "way", /^pushed$/);
      alice.requests = [];
      await call(open, alice);
      await reads(alice, "open-offers", /^4$/);
      await reads(alice, "log", /SEND \/offers\/socket \(candidates\) 200/);
      assert.deepEqual(asked(alice, POLLS), []);
      assert.deepEqual(asked(alice, /ice-candidates/), []);
    }),
  );

  for (const words of ["answers", "candidates"])
    test(
      `go on by requests when the socket is cut that brings ${words}, and by a socket when there is one again`,
      pushing,
      onNetwork(async (open, network) => {
        const alice = await publish(open);
        await reads(alice, "way", /^pushed$/);
        network.lastWords = new RegExp(`"${words}":`);
        network.refuses = true;
        alice.requests = [];
        await call(open, alice);
        assert.equal(network.lastWords, undefined);
        assert.notDeepEqual(asked(alice, POLLS), []);
        network.refuses = false;
        await reads(alice, "way", /^pushed$/);
        await call(open, alice);
      }),
    );

  test(
    "are signalled by requests where nothing is pushed",
    onNetwork(async (open, network) => {
      network.refuses = pushes;
      const alice = await publish(open);
      await reads(alice, "log", /no socket \d+ ms \(×3\)/);
      await reads(alice, "way", /^waiting$/);
      await call(open, alice);
    }),
  );
});
