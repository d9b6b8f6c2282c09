// Our client, in a room. The host is in startConnection(); the guest joins and starts, or, with `ready`, has joined.

import { WebRTCRegistryClient } from "/client.js";

const enter = ({ url, polling }) =>
  new WebRTCRegistryClient({ registryApiUrl: url, iceServers: [], polling });

export async function host(config) {
  const client = enter(config);
  const roomCode = await client.createRoom("Host");
  const { joinCode } = client.getRoomInfo();
  return {
    told: { roomCode, joinCode },
    opened: client.startConnection(),
    close: () => client.closeRoom(),
  };
}

export async function guest(config, { roomCode, joinCode }) {
  const client = enter(config);
  const join = () => client.joinRoom(roomCode, joinCode, "Guest");
  if (config.ready) await join();
  return {
    async connect() {
      if (!config.ready) await join();
      await client.startConnection();
    },
    close: () => client.closeRoom(),
  };
}
