// The sockets of one object. A socket is the request that opened it, run again when something was written where it looked, when its
// time has come, and for each message of the client's: src/sockets.h. Between two events nothing of it is in memory but its
// attachment, which the runtime keeps.

import { isAmong } from "./parked.js";

const SAME_MAX = 4; // of one credential; the oldest is closed when one more comes
const TAG_MAX = 256; // characters
const PREFIXES_MAX = 40; // in an attachment, which has 16 KB; a socket that has looked at more hears of all writes
const RUBBISH_MAX = 20; // messages of one socket that were answered with 400
const CLOSE = { STATUS: 4000, RUBBISH: 4400, REPLACED: 4409, TROUBLE: 1011 };

/**
 * @typedef {object} Socket what is kept of one
 * @property {string} shard @property {string} head of the request that opened it, as serve.js has it
 * @property {string} [seen] what it has been sent
 * @property {number} [again] ms; when there is something else to send without a write, or 0
 * @property {string[]} [prefixes] of the keys that it has looked at
 * @property {number} [rubbish]
 */

export class Sockets {
  #context;
  #run;
  /** What each socket is busy with: its events are served one after the other. @type {WeakMap<any, Promise<any>>} */
  #busy = new WeakMap();

  /** @param {any} context of the object
   *  @param {(socket: Socket, body: string, prefixes: Set<string>) => Promise<any>} run answers a socket's request */
  constructor(context, run) {
    this.#context = context;
    this.#run = run;
    context.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** The answer that opens a socket, or says why not. @param {Socket} socket @returns {Promise<Response>} */
  async open(socket) {
    const prefixes = new Set();
    const reply = await this.#run(socket, "", prefixes);
    const { status, headers, body } = reply;
    if (status !== 101) return new Response(body, { status, headers });
    const { 0: client, 1: server } = new WebSocketPair();
    const tag = reply.waiter.slice(0, TAG_MAX);
    const same = this.#context.getWebSockets(tag).filter(isOpen);
    for (const old of same.slice(0, Math.max(0, same.length + 1 - SAME_MAX)))
      end(old, CLOSE.REPLACED, "replaced");
    this.#context.acceptWebSocket(server, [tag]);
    this.#sent(server, { ...socket, rubbish: 0 }, reply, prefixes);
    this.#push(server); // what was written since the reply was made
    return new Response(null, { status, headers, webSocket: client });
  }

  /** Something was written. @param {{key: string}[]} edits */
  tell(edits) {
    this.#pushWhere(({ prefixes }) => isAmong(edits, prefixes));
  }

  /** Sends what is due by now. */
  wake() {
    const now = Date.now();
    this.#pushWhere(({ again }) => again > 0 && again <= now);
  }

  /** When something is due next, ms; Infinity where nothing is. */
  due() {
    const times = this.#context.getWebSockets().map((ws) => ws.deserializeAttachment()?.again);
    return Math.min(...times.map((again) => again || Infinity), Infinity);
  }

  /** @param {any} ws @param {string | ArrayBuffer} message */
  take(ws, message) {
    return this.#inTurn(ws, async (socket) => {
      const { status, body } = await this.#run(
        socket,
        typeof message === "string" && message !== "" ? message : " ",
        new Set(),
      );
      if (status >= 500) throw new Error("a message was not served");
      ws.send(body);
      if (status === 400) ws.serializeAttachment({ ...socket, rubbish: ++socket.rubbish });
      if (socket.rubbish >= RUBBISH_MAX) end(ws, CLOSE.RUBBISH, "too many messages that were none");
    });
  }

  #pushWhere(concerned) {
    for (const ws of this.#context.getWebSockets()) {
      const socket = ws.deserializeAttachment();
      if (socket && concerned(socket)) this.#push(ws);
    }
  }

  #push(ws) {
    return this.#inTurn(ws, async (socket) => {
      const prefixes = new Set();
      const reply = await this.#run(socket, "", prefixes);
      if (reply.status === 101) return this.#sent(ws, socket, reply, prefixes);
      ws.send(reply.body);
      const code = reply.status < 500 ? CLOSE.STATUS + reply.status : CLOSE.TROUBLE;
      end(ws, code, "see the last message");
    });
  }

  /** Sends what the reply brings, and keeps what has been sent. */
  #sent(ws, socket, { body, seen, again }, prefixes) {
    for (const message of body?.trimEnd().split("\n") ?? []) ws.send(message);
    const all = prefixes.size > PREFIXES_MAX ? [`${socket.shard}/`] : [...prefixes];
    ws.serializeAttachment({ ...socket, seen, again, prefixes: all });
  }

  /** Does it once what came before is done; a socket in trouble is closed, and its client comes back. */
  #inTurn(ws, event) {
    const served = (this.#busy.get(ws) ?? Promise.resolve()).then(async () => {
      if (!isOpen(ws)) return;
      try {
        await event(ws.deserializeAttachment());
      } catch (error) {
        console.error(JSON.stringify({ event: error.name, route: "socket" }));
        end(ws, CLOSE.TROUBLE, "trying again may help");
      }
    });
    this.#busy.set(ws, served);
    return served;
  }
}

const isOpen = (ws) => ws.readyState === WebSocket.OPEN;

/** Closes it. It may stay among the object's sockets for as long as its client likes, and nothing is due there any more.
 *  @param {any} ws @param {number} code @param {string} reason */
function end(ws, code, reason) {
  ws.serializeAttachment(null);
  ws.close(code, reason);
}
