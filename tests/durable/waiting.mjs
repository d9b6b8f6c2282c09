// Waiting for news: who waits, on each read that takes `wait`. Each is asked again and again by its reader, and has news once
// the other side has written.

import { Peer } from "../api/peers/peer.mjs";
import { candidate, offeredRoom } from "../api/rooms/room.mjs";
import { openSession } from "./stage.mjs";

/**
 * @typedef {object} Waiting
 * @property {(wait: number) => Promise<any>} look one read, that waits for so many seconds
 * @property {() => Promise<any>} write what the reader waits for
 * @property {(answer: any) => boolean} isNews whether the read has brought it
 * @property {() => Promise<any>} [end] ends what the reader waits at, where that may end
 */

/** Who waits, by what they read. @type {Record<string, (api: any) => Promise<Waiting>>} */
export const WAITING = {
  "a room": async (api) => {
    const { host, guest } = await offeredRoom(api);
    const seen = { "If-None-Match": (await host.get()).headers.get("ETag") };
    return {
      look: (wait) => host.get(`?wait=${wait}`, seen),
      write: () => guest.answer(),
      isNews: ({ body }) => body?.status === "paired",
      end: () => host.close(),
    };
  },
  "a room's candidates": async (api) => {
    const { host, guest } = await offeredRoom(api);
    return {
      look: (wait) => guest.get(`/candidates?wait=${wait}`),
      write: () => host.candidate(candidate("news")),
      isNews: ({ body }) => body?.items.length === 1,
      end: () => host.close(),
    };
  },
  "a session": async (api) => {
    const { api: own, code } = await openSession(api);
    return {
      look: (wait) => own.poll(code, "offerer", { wait }),
      write: () => own.answer(code, "news"),
      isNews: ({ body }) => body?.answer === "news",
      end: () => own.withdraw(code),
    };
  },
  "answers to offers": async (api) => {
    const [ann, bob] = [await Peer.register(api), await Peer.register(api)];
    const { id } = await ann.offer();
    return {
      look: (wait) => ann.get(`/offers/answers?wait=${wait}`),
      write: () => bob.answer(id),
      isNews: ({ body }) => body?.answers.length === 1,
    };
  },
  "an offer's candidates": async (api) => {
    const [ann, bob] = [await Peer.register(api), await Peer.register(api)];
    const { id } = await ann.offer();
    await bob.answered(id);
    return {
      look: (wait) => bob.candidates(id, `?wait=${wait}`),
      write: () => ann.trickle(id, "news"),
      isNews: ({ body }) => body?.candidates.length === 1,
      end: () => ann.delete(id),
    };
  },
};
