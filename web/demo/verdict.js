// Why did it not connect? A verdict in one or two sentences, from what was seen on the way.

/**
 * @typedef {object} Evidence
 * @property {RTCIceServer[]} servers the ICE servers that were in use
 * @property {Set<string>} local types of the candidates gathered here: host, srflx, relay
 * @property {Set<string>} remote types of the candidates that came from the other side
 * @property {boolean} hidden whether the other side's addresses are mDNS names (.local)
 * @property {boolean} heard whether a connectivity check or a reply ever arrived from the other side
 * @property {boolean} path whether ICE found a path
 * @property {boolean} answerer whether this side answered (and so cannot know if the answer was read)
 * @property {string[]} serverErrors what the ICE servers were blamed for while gathering
 */

/** What is seen on the way, before anything is. */
export function nothingSeen() {
  return {
    local: /** @type {Set<string>} */ (new Set()),
    remote: /** @type {Set<string>} */ (new Set()),
    serverErrors: /** @type {string[]} */ ([]),
    hidden: false,
    path: false,
  };
}

/** @param {Evidence} seen @param {string} name the other side */
export function verdict(seen, name) {
  const cause = likelyCause(seen, name);
  const ignored = seen.answerer && !seen.heard && seen.local.size > 0;
  return ignored
    ? `${name} never reacted to the answer; that tab may be gone. If it is not: ${cause}`
    : cause;
}

/** @param {Evidence} seen @param {string} name */
function likelyCause(seen, name) {
  const { local, remote, servers } = seen;
  const turn = servers.some(({ urls }) => /^turn/.test(String(urls)));
  const blamed = seen.serverErrors.length > 0 ? ` (${seen.serverErrors[0]})` : "";

  if (local.size === 0) {
    return "This browser gathered no candidates at all: it is offline, or WebRTC is blocked by a setting or an extension.";
  }
  if (seen.path && seen.answerer) {
    return `ICE found a path, but ${name} never began to talk over it: most likely the answer was not read.`;
  }
  if (seen.path) {
    return "ICE found a path, but the encrypted channel over it never opened: a firewall may let the first packets through only.";
  }
  if (remote.size === 0) return `${name} sent no candidates, so there was no address to try.`;
  if (local.has("relay") || remote.has("relay")) {
    return "ICE failed even with a TURN relay. Check its login, and that its ports are reachable from both sides.";
  }
  if (turn)
    return `The TURN server gave no relay address${blamed}, and no direct path works. Check its address and login.`;
  if (servers.length > 0 && !local.has("srflx")) {
    return `No STUN server answered${blamed}, so only local addresses could be tried, and none of them works.`;
  }
  if (servers.length === 0) {
    const names = seen.hidden
      ? " The other side's addresses are .local names, which need multicast to resolve."
      : "";
    return `Only local (host) candidates were tried, for no STUN server is set: they reach one machine or one network.${names}`;
  }
  return "ICE failed: both sides know their public addresses, but a NAT or firewall lets no packet through. A TURN server would help.";
}

/** Whether any packet of the other side's ICE agent has arrived. @param {RTCPeerConnection} pc */
export async function hasHeard(pc) {
  const pairs = [...(await statsOf(pc))].filter(({ type }) => type === "candidate-pair");
  return pairs.some((pair) => pair.requestsReceived > 0 || pair.responsesReceived > 0);
}

/** The path in use, in a few words. @param {RTCPeerConnection} pc */
export async function pathOf(pc) {
  const stats = new Map([...(await statsOf(pc))].map((entry) => [entry.id, entry]));
  const pair = [...stats.values()].find(
    ({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded",
  );
  const local = stats.get(pair?.localCandidateId)?.candidateType;
  const remote = stats.get(pair?.remoteCandidateId)?.candidateType;
  return describePath(local, remote);
}

/** @param {RTCPeerConnection} pc @returns {Promise<Iterable<any>>} */
async function statsOf(pc) {
  const report = await pc.getStats().catch(() => new Map());
  return /** @type {Map<string, any>} */ (report).values();
}

/**
 * @param {string | undefined} local type of the local candidate in use
 * @param {string | undefined} remote
 */
function describePath(local, remote) {
  if (local === "relay" || remote === "relay") return "through a TURN relay";
  // A browser that was reached before its peer's candidate arrived calls it prflx.
  const near = (/** @type {string | undefined} */ type) => type === "host" || type === "prflx";
  return near(local) && near(remote) ? "direct, same network" : "direct, across the internet";
}
