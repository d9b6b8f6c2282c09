// A WebSocket client that tells all: the answer to a refused upgrade, and a close as it arrives. It can also do what
// well-behaved ones cannot: vanish, keep silent at a close, send any bytes.

import { randomBytes } from "node:crypto";
import { request } from "node:http";

const OPCODE = { TEXT: 1, BINARY: 2, CLOSE: 8 };
const HANG = 30_000; // ms; nothing here takes as long, it only ends a test that would hang

/**
 * Asks for a WebSocket.
 * @param {string} url @param {Record<string, string>} headers @param {string} [body]
 * @returns {Promise<{status: number, headers: Headers, text: string, body: any, stream?: import("node:stream").Duplex}>}
 */
export function upgrade(url, headers = {}, body = "") {
  const { promise, resolve, reject } = Promise.withResolvers();
  const asked = request(url, {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...(body && { "Content-Length": String(Buffer.byteLength(body)) }),
      ...headers,
    },
  });
  asked.on("upgrade", (response, stream, early) => {
    stream.unshift(early);
    resolve({ ...answerOf(response, ""), stream });
  });
  asked.on("response", async (response) => {
    const parts = await response.toArray();
    resolve(answerOf(response, Buffer.concat(parts).toString()));
  });
  asked.on("error", reject);
  asked.setTimeout(HANG, () => asked.destroy(new Error("no answer to an upgrade")));
  asked.end(body);
  return promise;
}

function answerOf({ statusCode: status, headers }, text) {
  return { status, headers: new Headers(headers), text, body: parse(text) };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An open socket. Messages are what JSON they are, else their text. */
export class Socket {
  /** All that came so far. @type {any[]} */ received = [];
  /** The close frame, once it is there. @type {{code: number, reason: string} | undefined} */ end;
  #stream;
  #bytes = Buffer.alloc(0);
  #read = 0; // of `received`
  #news = Promise.withResolvers();

  /** @param {import("node:stream").Duplex} stream @param {{answersClose?: boolean}} [options] */
  constructor(stream, { answersClose = true } = {}) {
    this.#stream = stream;
    this.answersClose = answersClose;
    stream.setTimeout(0);
    stream.on("error", () => {});
    stream.on("data", (bytes) => this.#take(bytes));
    stream.on("close", () => this.#ended({ code: 1006, reason: "" }));
  }

  /** Opens one, which must work. @param {string} url @param {string[]} protocols @param {Record<string, string>} [headers]
   *  @param {{answersClose?: boolean}} [options] */
  static async open(url, protocols, headers = {}, options = {}) {
    const offered = { "Sec-WebSocket-Protocol": protocols.join(", "), ...headers };
    const { status, text, stream } = await upgrade(url, offered);
    if (!stream) throw new Error(`refused: ${status} ${text}`);
    return new Socket(stream, options);
  }

  /** The next message that nobody has read yet, or the next that fits. @param {(message: any) => boolean} [fits] */
  async next(fits = () => true) {
    const late = setTimeout(() => this.#news.reject(new Error("no message came")), HANG);
    try {
      for (; ; await this.#news.promise) {
        while (this.#read < this.received.length) {
          const message = this.received[this.#read++];
          if (fits(message)) return message;
        }
        if (this.end) throw new Error(`closed: ${this.end.code} ${this.end.reason}`);
      }
    } finally {
      clearTimeout(late);
    }
  }

  /** @returns the close frame; 1006 where the connection ended without one */
  async closed() {
    const late = setTimeout(() => this.#news.reject(new Error("not closed")), HANG);
    try {
      while (!this.end) await this.#news.promise;
      return this.end;
    } finally {
      clearTimeout(late);
    }
  }

  /** @param {object | string | Uint8Array} message objects as JSON */
  send(message) {
    if (message instanceof Uint8Array) return this.#frame(OPCODE.BINARY, message);
    const text = typeof message === "string" ? message : JSON.stringify(message);
    this.#frame(OPCODE.TEXT, Buffer.from(text));
  }

  /** Sends a message with an id, and waits for what becomes of it. @param {object} message */
  async ask(message) {
    const id = message.id ?? randomBytes(6).toString("hex");
    this.send({ id, ...message });
    return this.next((answer) => answer.id === id);
  }

  close(code = 1000) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(code);
    this.#frame(OPCODE.CLOSE, bytes);
  }

  /** Goes without a word. */
  drop() {
    this.#stream.destroy();
  }

  /** Bytes in a frame as clients send them: masked. */
  #frame(opcode, payload) {
    const { length } = payload;
    const size = Buffer.alloc(length < 126 ? 1 : length < 65_536 ? 3 : 9);
    if (length < 126) size[0] = 0x80 | length;
    else if (length < 65_536) (size.writeUInt8(0xfe), size.writeUInt16BE(length, 1));
    else (size.writeUInt8(0xff), size.writeBigUInt64BE(BigInt(length), 1));
    const mask = randomBytes(4);
    const masked = Buffer.from(payload);
    for (let i = 0; i < length; i++) masked[i] ^= mask[i & 3];
    this.#stream.write(Buffer.concat([Buffer.of(0x80 | opcode), size, mask, masked]));
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (let frame; (frame = this.#cutFrame());) this.#takeFrame(frame);
  }

  /** A whole frame of a server: not masked, not fragmented. */
  #cutFrame() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const head = { 126: 4, 127: 10 }[bytes[1]] ?? 2;
    if (bytes.length < head) return undefined;
    const length =
      head === 2 ? bytes[1] : head === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < head + length) return undefined;
    this.#bytes = bytes.subarray(head + length);
    return { opcode: bytes[0] & 15, payload: bytes.subarray(head, head + length) };
  }

  #takeFrame({ opcode, payload }) {
    if (opcode === OPCODE.TEXT) {
      const text = payload.toString();
      this.received.push(parse(text) ?? text);
      this.#tell();
    }
    if (opcode !== OPCODE.CLOSE) return;
    const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    this.#ended({ code, reason: payload.subarray(2).toString() });
    if (!this.answersClose) return;
    this.#frame(OPCODE.CLOSE, payload.subarray(0, 2));
    this.#stream.end();
  }

  #ended(end) {
    this.end ??= end;
    this.#tell();
  }

  #tell() {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
    this.#news.promise.catch(() => {});
  }
}
