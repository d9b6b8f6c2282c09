// What is sent over the channel, and what arrives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebRTCError } from "../../client/registry/dist/index.js";
import { settled, World } from "./helpers.mjs";

const VALUES = [
  "ping",
  "",
  "!",
  '!{"bye":1}',
  '{"a":1}',
  "1",
  "null",
  "\u0000 \u2028 \ud83d\ude00 \ud800",
  0,
  -1.5e300,
  true,
  false,
  null,
  [],
  {},
  { a: [1, { b: null }], type: "greeting", ping: 1 },
  { ping: 1 },
  ["!"],
];

test("what arrives equals what was sent, in its order, for every JSON value", async () => {
  const { host, guest } = await new World().connected();
  for (const value of VALUES) host.sendMessage(value);
  await settled();
  assert.deepEqual(guest.messages, VALUES);
  for (const value of VALUES) guest.sendMessage(value);
  await settled();
  assert.deepEqual(host.messages, VALUES);
});

/** Hands the host what another program sent. */
async function hears(data) {
  const world = new World();
  const { host } = await world.connected();
  const sent = [];
  const [, guestEnd] = world.network.live;
  const channel = guestEnd.channels.at(-1);
  world.network.live[0].channels.at(-1).send = (text) => sent.push(text);
  channel.send(data);
  await settled();
  return { host, sent };
}

test("text that is no JSON, and binary data, arrive as they are", async () => {
  const bytes = new Uint8Array([1, 2]).buffer;
  for (const data of ["hello", "!hello", "!5", "!null", "{", bytes]) {
    const { host } = await hears(data);
    assert.deepEqual(host.messages, [data]);
  }
});

test("a frame that is not known, or makes no sense, is passed over", async () => {
  for (const frame of [
    "{}",
    '{"dance":1}',
    '{"ping":"x"}',
    '{"pong":null}',
    '{"restart":"?"}',
    "[]",
  ]) {
    const { host, sent } = await hears(`!${frame}`);
    assert.deepEqual([host.messages, host.states, host.errors, sent], [[], [], [], []]);
  }
});

test("a ping is answered, heartbeat or not", async () => {
  const { host, sent } = await hears('!{"ping":17}');
  assert.deepEqual(host.messages, []);
  assert.deepEqual(sent, ['!{"pong":17}']);
});

/** What sendMessage throws, which is told too. */
async function refused(message, { limit, ...config } = {}) {
  const world = new World();
  const { host, guest } = await world.connected(config);
  const [connection] = world.network.live;
  if (limit) connection.sctp.maxMessageSize = limit;
  let error;
  try {
    host.sendMessage(message(host));
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof WebRTCError);
  assert.deepEqual(host.errors, [error]);
  await settled();
  assert.deepEqual(guest.messages, []);
  assert.equal(host.getConnectionState(), "connected");
  return error;
}

test("what JSON cannot express is refused", async () => {
  const circle = [];
  circle.push(circle);
  for (const value of [undefined, () => {}, Symbol("x"), 1n, circle])
    assert.equal((await refused(() => value)).code, "bad_message");
});

test("a message over what the other side takes is refused; bytes count", async () => {
  assert.equal((await refused(() => "ä".repeat(49), { limit: 99 })).code, "too_big");
  const world = new World();
  const { host, guest } = await world.connected();
  world.network.live[0].sctp.maxMessageSize = 100;
  host.sendMessage("ä".repeat(49));
  await settled();
  assert.equal(guest.messages.length, 1);
});

test("a message that does not fit the buffer is refused, and may be sent later", async () => {
  const world = new World();
  const { host, guest } = await world.connected({ channel: { maxBuffered: 100 } });
  world.network.down = true;
  host.sendMessage("x".repeat(60));
  assert.throws(() => host.sendMessage("y".repeat(60)), { code: "buffer_full", retryable: true });
  world.network.down = false;
  await settled();
  host.sendMessage("y".repeat(60));
  await settled();
  assert.equal(guest.messages.length, 2);
});

test("what the channel refuses is a WebRTCError", async () => {
  const world = new World();
  const { host } = await world.connected();
  world.network.live[0].channels.at(-1).send = () => {
    throw new TypeError("secret message");
  };
  assert.throws(() => host.sendMessage("secret"), { code: "webrtc_failed", message: "TypeError" });
});

test("the channel is made as the configuration says", async () => {
  const world = new World();
  await world.connected({ channel: { label: "game", options: { ordered: false } } });
  assert.equal(world.network.live[0].channels[0].label, "game");
});
