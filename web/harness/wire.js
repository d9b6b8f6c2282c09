// What goes over the data channel, as the client writes it: a message is JSON, a frame of the client
// "!" and JSON. Step by step the page speaks this itself; it answers pings, and says when it leaves.

export const BYE = '!{"bye":1}';

/**
 * @param {unknown} data
 * @returns {{message?: unknown, reply?: string, bye?: boolean}} reply: what is to be sent back
 */
export function readData(data) {
  if (typeof data !== "string") return { message: "(a message that is not text)" };
  if (!data.startsWith("!")) return { message: parse(data) ?? data };
  const frame = parse(data.slice(1));
  if (frame?.ping !== undefined) return { reply: `!${JSON.stringify({ pong: frame.ping })}` };
  return { bye: frame?.bye !== undefined };
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A message of this page: who we are, or what somebody wrote. @param {any} message */
export function readMessage(message) {
  if (message?.type === "hello") return { name: String(message.name ?? "") };
  if (message?.type === "chat") return { text: String(message.text ?? "") };
  return { text: typeof message === "string" ? message : JSON.stringify(message) };
}
