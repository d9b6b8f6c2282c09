// ICE servers as people type them, and candidates as people read them.
//
// One server a line (or separated by commas):  stun:host[:port]
//                                              turn:user:password@host[:port][?transport=tcp]
// and the same with stuns: and turns:. User and password may be percent-encoded.

export const DEFAULT_ICE = "stun:stun.cloudflare.com:3478";

const SERVER =
  /^(stuns?|turns?):(?:([^@]*)@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d+))?(\?transport=(?:udp|tcp))?$/i;

/**
 * @typedef {{servers: RTCIceServer[], problem: string}} ParsedIce `problem` is empty when all is well
 */

/**
 * @param {string} text empty means: no servers, local addresses only
 * @returns {ParsedIce}
 */
export function parseIce(text) {
  /** @type {RTCIceServer[]} */
  const servers = [];
  const lines = text.split(/[\n,]/).map((line) => line.trim());
  for (const [index, line] of lines.entries()) {
    if (!line) continue;
    const server = parseLine(line);
    if (typeof server !== "string") servers.push(server);
    else
      return { servers: [], problem: lines.length > 1 ? `Line ${index + 1}: ${server}` : server };
  }
  return { servers, problem: refusedByBrowser(servers) };
}

/** @param {string} line @returns {RTCIceServer | string} a server, or what is wrong with the line */
function parseLine(line) {
  const match = SERVER.exec(line);
  if (!match) {
    return /^(stuns?|turns?):/i.test(line)
      ? "this is not host or host:port after the scheme."
      : "a server starts with stun:, stuns:, turn: or turns:.";
  }
  const [, scheme = "", login, host = "", port, transport = ""] = match;
  const turn = /^turn/i.test(scheme);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535))
    return "the port is 1 to 65535.";
  if (!turn && (login !== undefined || transport))
    return "a STUN server has neither login nor transport.";
  const urls = `${scheme.toLowerCase()}:${host}${port ? `:${port}` : ""}${transport}`;
  if (!turn) return { urls };
  const colon = login?.indexOf(":") ?? -1;
  if (!login || colon < 1) return "a TURN server needs user:password@ before the host.";
  try {
    const username = decodeURIComponent(login.slice(0, colon));
    return { urls, username, credential: decodeURIComponent(login.slice(colon + 1)) };
  } catch {
    return "a percent sign in user or password is written %25.";
  }
}

/** @param {RTCIceServer[]} iceServers @returns {string} */
function refusedByBrowser(iceServers) {
  try {
    new RTCPeerConnection({ iceServers }).close();
    return "";
  } catch (error) {
    return `This browser refuses the list: ${error instanceof Error ? error.message : error}`;
  }
}

/**
 * Whether the text names no secret, so that it may go into a link.
 * @param {string} text
 */
export function isShareable(text) {
  return !/turns?:/i.test(text);
}

/**
 * A candidate in a few words, without its address, so that a copied log gives none away.
 * @param {RTCIceCandidate} candidate
 */
export function describeCandidate({ type, protocol, address }) {
  return [type ?? "unknown", protocol ?? "", family(address)].filter(Boolean).join(" ");
}

/** @param {string | null} address */
function family(address) {
  if (!address) return "";
  if (address.endsWith(".local")) return "mDNS";
  return address.includes(":") ? "IPv6" : "IPv4";
}
