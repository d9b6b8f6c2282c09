// PeerJS, with its defaults but for the ICE servers. With `ready` the guest has its socket open before it connects.

const happens = (emitter, event) =>
  new Promise((resolve, reject) => {
    emitter.on("error", reject);
    emitter.on(event, resolve);
  });

async function enter({ url }) {
  const { hostname: host, port } = new URL(url);
  const peer = new window.Peer({ host, port: Number(port), config: { iceServers: [] } });
  await happens(peer, "open");
  return peer;
}

export async function host(config) {
  const peer = await enter(config);
  const opened = happens(peer, "connection").then((connection) => happens(connection, "open"));
  return { told: peer.id, opened, close: () => peer.destroy() };
}

export async function guest(config, id) {
  let peer = config.ready && (await enter(config));
  return {
    async connect() {
      peer ||= await enter(config);
      await happens(peer.connect(id), "open");
    },
    close: () => peer.destroy(),
  };
}
