// Clients that share a registry in memory, a network of fake peer connections and a clock that waits.

import assert from "node:assert/strict";
import { WebRTCRegistryClient } from "../../client/registry/dist/index.js";
import {
  FakeNetwork,
  FakeRegistry,
  FakeRegistryClient,
  ManualClock,
  settled,
} from "../../client/registry/dist/testing.js";

/** A client that remembers what it told. `parts` are what it was made of. */
export function watch(client, parts = {}) {
  const seen = { states: [], messages: [], errors: [] };
  client.onStateChange((state) => seen.states.push(state));
  client.onMessage((message) => seen.messages.push(message));
  client.onError((error) => seen.errors.push(error));
  return Object.assign(client, parts, seen);
}

export class World {
  clock = new ManualClock();
  registry = new FakeRegistry(this.clock);
  network = new FakeNetwork();

  client(config = {}) {
    const calls = new FakeRegistryClient(this.registry);
    const client = new WebRTCRegistryClient({
      registryApiUrl: "https://registry.example",
      iceServers: [],
      registryClient: calls,
      RTCPeerConnection: this.network.RTCPeerConnection,
      clock: this.clock,
      random: () => 0.5,
      ...config,
    });
    return watch(client, { calls });
  }

  /** A host and a guest who has joined. */
  async admitted(hostConfig, guestConfig) {
    const host = this.client(hostConfig);
    const guest = this.client(guestConfig);
    const code = await host.createRoom("Alice");
    await guest.joinRoom(code, host.getRoomInfo().joinCode, "Bob");
    return { host, guest, code };
  }

  async connected(hostConfig, guestConfig) {
    const pair = await this.admitted(hostConfig, guestConfig);
    const both = Promise.all([pair.host.startConnection(), pair.guest.startConnection()]);
    await this.clock.advance(1000);
    await both;
    for (const side of [pair.host, pair.guest]) {
      side.states.length = side.errors.length = side.calls.calls.length = 0;
    }
    return pair;
  }

  /** Nothing waits, nothing listens, nothing is asked any more. */
  get left() {
    const { clock, registry, network } = this;
    return { timers: clock.pending, readers: registry.waiting, connections: network.live.length };
  }
}

export const NOTHING = { timers: 0, readers: 0, connections: 0 };

/** Messages flow both ways, each once. */
export async function assertFlow({ host, guest }) {
  host.messages.length = guest.messages.length = 0;
  host.sendMessage("to the guest");
  guest.sendMessage("to the host");
  await settled();
  assert.deepEqual([host.messages, guest.messages], [["to the host"], ["to the guest"]]);
}

/** What the promise is rejected with. */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It was not rejected");
}

export { settled };
