// The little that is read in descriptions.

/** Names the DTLS identity of a side: another one can only be reached by a new connection. */
export const fingerprintOf = (sdp = ""): string => /^a=fingerprint:.*$/m.exec(sdp)?.[0] ?? "";

/** The candidates that a description carries, and the description without them. */
export function withoutCandidates(sdp = ""): { sdp: string; candidates: RTCIceCandidateInit[] } {
  const candidates: RTCIceCandidateInit[] = [];
  const bare = sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, (_, line: string) => {
    if (line[0] === "c") candidates.push({ candidate: line.trim(), sdpMLineIndex: 0 });
    return "";
  });
  return { sdp: bare, candidates };
}
