// One side of a handshake, whichever way it is made: the bench calls these functions, one after the other.
//
// A way is a module with
//   host(config): a side that waits for its guest: {told, opened, close}; `told` is what the guest must know
//   guest(config, told): a side that has done what is not timed: {connect, close}
// `opened`, and what connect() returns, resolve when the channel is open.

import * as peerjs from "/peerjs-way.js";
import * as raw from "/raw-way.js";
import * as registry from "/registry-way.js";

const WAYS = { peerjs, raw, registry };
let side;

/** ms; the pages of one machine agree. */
const now = () => performance.timeOrigin + performance.now();

window.beHost = async (way, config) => {
  side = await WAYS[way].host(config);
  side.openedAt = side.opened.then(now);
  return side.told;
};

window.beGuest = async (way, config, told) => {
  side = await WAYS[way].guest(config, told);
};

window.connect = async () => {
  const start = now();
  await side.connect();
  return { start, end: now() };
};

window.openedAt = () => side.openedAt;
window.leave = () => side.close();
window.isReady = true;
