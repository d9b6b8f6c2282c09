// The client's own WebRTCManager, with a window in it: it tells what it makes, and does nothing else.

import { WebRTCManager } from "../common/client.js";

/**
 * @typedef {object} Sight
 * @property {(pc: RTCPeerConnection) => void} onConnection
 * @property {(channel: RTCDataChannel) => void} onChannel made here; one made there is an event
 * @property {(description: RTCSessionDescriptionInit) => void} onDescription ours
 */

export class WatchedManager extends WebRTCManager {
  #sight;

  /** @param {Sight} sight */
  constructor(sight) {
    super();
    this.#sight = sight;
  }

  /** @override @param {RTCIceServer[]} iceServers */
  createPeerConnection(iceServers) {
    const pc = super.createPeerConnection(iceServers);
    this.#sight.onConnection(pc);
    return pc;
  }

  /** @override @param {string} label @param {RTCDataChannelInit} [options] */
  createDataChannel(label, options) {
    const channel = super.createDataChannel(label, options);
    this.#sight.onChannel(channel);
    return channel;
  }

  /** @override @param {RTCSessionDescriptionInit} description */
  async setLocalDescription(description) {
    await super.setLocalDescription(description);
    this.#sight.onDescription(description);
  }
}
