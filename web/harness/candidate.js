// ICE candidates as people read them.

/**
 * @typedef {object} Candidate
 * @property {string} text the candidate line as it goes over the wire
 * @property {string} type host, srflx, prflx or relay
 * @property {string} protocol
 * @property {string} address
 * @property {string} port
 */

/** @param {string} text @returns {Candidate} empty parts where the line is not understood */
export function readCandidate(text) {
  const words = text.replace(/^(a=)?candidate:/, "").split(/\s+/);
  const [, , protocol = "", , address = "", port = "", , type = ""] = words;
  return { text, type, protocol: protocol.toLowerCase(), address, port };
}

/** @param {Pick<Candidate, "address" | "port">} candidate */
export function endpoint({ address, port }) {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
