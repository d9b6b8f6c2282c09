// What peers leave each other: descriptions through the server, messages through the data channel.
// Both are read generously, for the other side may be another program.

/**
 * @param {RTCSessionDescriptionInit} description
 * @param {string} info who it comes from
 */
export function writeDescription({ type, sdp }, info) {
  return JSON.stringify({ type, sdp, info });
}

/**
 * Reads JSON with an `sdp`, or bare SDP. Throws when it is neither.
 * @param {string} text
 * @param {RTCSdpType} type
 * @returns {{description: RTCSessionDescriptionInit, info: string}}
 */
export function readDescription(text, type) {
  if (text.startsWith("v=0")) return { description: { type, sdp: text }, info: "" };
  try {
    const { sdp, info } = JSON.parse(text);
    if (typeof sdp === "string") {
      return { description: { type, sdp }, info: typeof info === "string" ? info : "" };
    }
  } catch {
    // Falls through to the sentence below.
  }
  throw new Error(`The other side's ${type} is not one this page understands.`);
}

/** @param {string} text */
export function writeMessage(text) {
  return JSON.stringify({ type: "chat", text });
}

/** Says who this page is, where that was not said before. @param {string} name */
export function writeHello(name) {
  return JSON.stringify({ type: "hello", name });
}

/**
 * Reads what came over the channel: a name, or a text to show.
 * @param {unknown} data
 * @returns {{name?: string, text?: string}}
 */
export function readMessage(data) {
  if (typeof data !== "string") return { text: "(a message that is not text)" };
  try {
    const message = JSON.parse(data);
    if (message?.type === "chat" && typeof message.text === "string") return { text: message.text };
    if (message?.type === "hello" && typeof message.name === "string")
      return { name: message.name };
  } catch {
    // Plain text from another program.
  }
  return { text: data };
}
