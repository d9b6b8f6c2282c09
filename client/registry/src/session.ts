// What happens in one room after admission: offer, answer, candidates, an open channel; and the same
// again when the channel was lost.
//
// Everything that waits hangs on an AbortSignal, and an abort's reason is the error that the wait
// ends with: timeouts, failures and the application's own signals all take the same way out.
//
// While connected nothing asks the registry. Either side may be the only one to notice a loss: a
// closed peer connection closes the channel on both sides at once; a silent one fails ICE's consent
// checks within seconds on the side that hears nothing; and as long as the channel still carries
// anything, the side that noticed says so over it (`restart`). A standing poll would cost some 150
// requests an hour and side, to gain those seconds.

import { RegistryClientError, type RegistryError, WebRTCError } from "./errors.js";
import {
  type CandidateList,
  ConnectionState,
  type RoomInfo,
  type RoomSnapshot,
} from "./interfaces.js";
import { tell } from "./listeners.js";
import { decode, encodeFrame, type Frame } from "./messages.js";
import { type Pace, poll } from "./polling.js";
import { go, type Parts, report } from "./parts.js";
import { scoped, sleep, within } from "./time.js";
import { isNumber } from "./wire.js";

const enum Limit {
  /** ms between two attempts to restart, and until a guest that answered looks for another offer. */
  Pause = 1000,
  /** Candidates that the registry takes of one side in one negotiation. */
  Candidates = 40,
  /** Attempts at a connection that never was; a second one only where the first was answered. */
  Attempts = 2,
  /** ms in which a registry that is eventual may not know yet who has just come in. */
  Late = 10_000,
}

export interface Session {
  /** Resolves when the channel is open. */
  connect(signal: AbortSignal): Promise<void>;
  /** This side's candidate; an empty one says that there are no more. */
  candidate(candidate: RTCIceCandidateInit): void;
  connectionState(state: RTCPeerConnectionState): void;
  channel(channel: RTCDataChannel): void;
  /** Says goodbye, if it can. */
  bye(): void;
  /** Closes the peer connection. */
  drop(): void;
  roundTripTimeMs?: number;
}

/**
 * @param life ends with the room
 * @param end the session cannot go on: the state to go to, and why
 */
export function openSession(
  { code, token, role }: RoomInfo,
  parts: Parts,
  life: AbortSignal,
  end: (state: ConnectionState, why: Error) => void,
): Session {
  const { registry, webrtc, state, clock, timeouts, heartbeat } = parts;
  const isHost = role === "host";
  const rooms: Pace = { reads: [] };
  const lists: Pace = { reads: [] };
  /** The last snapshot that was read. */
  let room: RoomSnapshot | undefined;
  /** Of the last offer that was answered; 0: none. */
  let generation = 0;
  /** This side's candidates that were not sent, whether there are no more, and whom to tell. */
  let pending: RTCIceCandidateInit[] = [];
  let complete = false;
  let wake = () => {};
  /** There is an offer in the registry: a channel that works now will soon be another. */
  let negotiating = false;
  const entered = clock.now();
  /** This side's connection is of no more use. */
  let spoilt = false;
  let connection: RTCPeerConnection | undefined;
  let channel: RTCDataChannel | undefined;
  /** End with the peer connection, and with the connected state. */
  let link = new AbortController();
  let beats = new AbortController();
  /** The room was connected before. */
  let restart = false;
  /** That the registry has another opinion of the generation. */
  let refused: unknown;
  /** What to call when the channel works, and when there is no sense in waiting for it. */
  let opened = () => {};
  let broken = (_error: Error) => {};
  /** Of the first ping that nothing was heard since. */
  let pingedAt: number | undefined;

  const isIn = (wanted: ConnectionState) => state.getState() === wanted;
  const isOpen = () => channel?.readyState === "open";
  /** Works, as far as ICE knows, or may again by itself: "connected" or "disconnected". */
  const mayHeal = () => isOpen() && connection!.connectionState.endsWith("connected");

  /** With `heal`, the channel was open before, and may be again by itself within so many ms. */
  async function connect(parent: AbortSignal, heal?: number): Promise<void> {
    const works = new Promise<void>((resolve) => (opened = resolve));
    restart = heal !== undefined;
    // What a start that was given up has read is what this one may be waiting for.
    if (!restart) room = undefined;
    try {
      await scoped((signal) => Promise.race([works, negotiate(signal, heal)]), parent);
    } finally {
      negotiating = false;
    }
    go(parts, ConnectionState.CONNECTED);
    void beat();
  }

  /** Makes attempts until one ends it all by opening the channel, or there is no sense in more. */
  async function negotiate(signal: AbortSignal, heal?: number): Promise<never> {
    const hurry = () => new Promise<unknown>((resolve) => (broken = resolve));
    if (restart) {
      // Unless there is reason to hurry.
      await Promise.race([hurry(), sleep(clock, heal!, signal)]);
      if (!isHost) send({ restart: generation + 1 });
    }
    let left = restart ? Infinity : Limit.Attempts;
    for (let next: RoomSnapshot | undefined; ;)
      try {
        const attempt = isHost ? offer : answer;
        next = await scoped((signal) => attempt(signal, next), signal);
      } catch (error) {
        // Aborted is also what an attempt ends with that opened the channel.
        if (signal.aborted) throw error;
        const { code, retryable, status } = error as RegistryError;
        // To a guest: the host has made another offer meanwhile. A host has to ask.
        const isAhead = code === "already_paired" && error !== refused;
        if (isHost && isAhead) refused = error;
        const passes = retryable || !status || isAhead;
        const late =
          !generation && /40[34]/.test(`${status}`) && clock.now() - entered < Limit.Late;
        if (isHost) negotiating = false;
        if (restart && mayHeal()) {
          // It may work by now; and while ICE has hope, no registry's word ends it.
          if (connection!.connectionState === "connected") works();
          if (!passes) await hurry();
        } else if (!late && !((generation || refused) && passes && --left)) throw error;
        // Not one of ours: no relying on that connection any more.
        spoilt ||= !(error instanceof RegistryClientError);
        // Neither that offer again, nor to be told only of what differs from it.
        next = room = undefined;
        await sleep(clock, Limit.Pause, signal);
      }
  }

  async function offer(signal: AbortSignal): Promise<never> {
    if (refused) {
      // It started anew after it gave up, or an answer came to an offer that it thought was lost.
      const room = await registry.getRoom(code, token, { signal });
      if (!room.generation) throw refused;
      // What the registry shows may be older than what is known here.
      generation = Math.max(generation, room.generation - (room.answer ? 0 : 1));
      refused = undefined;
    }
    const posted = generation + 1;
    const fresh = begin(signal);
    if (fresh) bind(webrtc.createDataChannel(parts.channel.label, parts.channel.options));
    const description = await webrtc.createOffer(fresh ? undefined : { iceRestart: true });
    // By now the room may be gone, and the connection another room's.
    signal.throwIfAborted();
    await webrtc.setLocalDescription(description);
    await registry.postOffer(code, token, description, { signal, generation: posted });
    negotiating = true;
    send({ restart: posted });
    void trickle(signal);
    // Nothing is `known` to begin with: so the server holds its answer until the guest's is there.
    const answered = await watch(
      signal,
      undefined,
      (room) => room.answer && generationOf(room) === posted,
    );
    generation = posted;
    if (!fresh && isOther(answered.answer!)) throw new Error();
    await webrtc.setRemoteDescription(answered.answer!);
    return reach(signal, fresh);
  }

  /** Answers; resolves to the offer that follows, if there comes one before the channel is open. */
  async function answer(signal: AbortSignal, next?: RoomSnapshot): Promise<RoomSnapshot> {
    const offered = next ?? (await nextOffer(signal));
    negotiating = true;
    spoilt ||= isOther(offered.offer!);
    const fresh = begin(signal);
    const description = await webrtc.createAnswer(offered.offer!);
    signal.throwIfAborted();
    await webrtc.setLocalDescription(description);
    const number = generationOf(offered);
    const posted = registry
      .postAnswer(code, token, description, { signal, generation: number })
      .then(() => {
        generation = number;
        void trickle(signal);
      });
    return Promise.race([
      reach(signal, fresh, posted),
      sleep(clock, Limit.Pause, signal).then(() => nextOffer(signal)),
    ]);
  }

  function nextOffer(signal: AbortSignal): Promise<RoomSnapshot> {
    return watch(
      signal,
      room,
      (room) => room.offer && !room.answer && generationOf(room) > generation,
    );
  }

  /** Makes a new connection unless the one that there is will do; says whether it did. */
  function begin(signal: AbortSignal): boolean {
    signal.throwIfAborted();
    if (!isIn(ConnectionState.CONNECTING)) go(parts, ConnectionState.CONNECTING);
    pending = [];
    complete = false;
    if (!spoilt && isOpen() && connection!.signalingState !== "closed") return false;
    drop();
    link = new AbortController();
    spoilt = false;
    connection = webrtc.createPeerConnection(parts.iceServers);
    state.setPeerConnection(connection);
    return true;
  }

  /** Reads the room until it is what is wanted. */
  function watch(
    parent: AbortSignal,
    known: RoomSnapshot | undefined,
    isWanted: (room: RoomSnapshot) => unknown,
  ): Promise<RoomSnapshot> {
    return within(clock, timeouts.peer, parent, "peer", (signal) =>
      poll(
        parts,
        rooms,
        signal,
        async (wait) => {
          room = known = await registry.getRoom(code, token, { wait, known, signal });
          // One that cannot revalidate does not wait either.
          if (!room.etag) rooms.plain = lists.plain = true;
          return room;
        },
        (room) => (isWanted(room) && room) as RoomSnapshot,
      ),
    );
  }

  /**
   * Sends this side's candidates until the signal aborts: gathered for some ms, together, and not
   * before their description is there.
   */
  async function trickle(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => wake());
    try {
      for (let room: number = Limit.Candidates; room > 0;) {
        while (!pending.length && !signal.aborted)
          await new Promise<void>((resolve) => (wake = resolve));
        await sleep(clock, complete ? 0 : parts.candidateBatch, signal);
        const batch = pending.splice(0, room);
        room -= batch.length;
        if (registry.postCandidates) await registry.postCandidates(code, token, batch, { signal });
        else
          for (const candidate of batch)
            await registry.postCandidate(code, token, candidate, { signal });
      }
    } catch (error) {
      if (!signal.aborted) report(parts, error);
    }
  }

  /**
   * Takes candidates until the channel works or ICE fails.
   * @param posted when the registry has taken the answer. Not one candidate of the host may be
   *   used before: a guest that lost the room to another would draw the host's DTLS to itself.
   */
  function reach(parent: AbortSignal, fresh: boolean, posted?: Promise<void>): Promise<never> {
    return within(clock, timeouts.connect, parent, "connection", async (signal) => {
      const failed = new Promise<never>((_, reject) => (broken = reject));
      const reading = readCandidates(signal, posted);
      await Promise.race([posted, failed, reading]);
      negotiating = false;
      // A connection that was kept may never have noticed that it was away. While the old way works
      // there is time to find the new one.
      if (fresh) works();
      else sleep(clock, Limit.Pause, signal).then(ping, () => {});
      return Promise.race([failed, reading]);
    });
  }

  function readCandidates(signal: AbortSignal, posted?: Promise<void>): Promise<never> {
    let since: number | undefined;
    const add = async (candidate: RTCIceCandidateInit) => {
      try {
        await posted;
        if (candidate.candidate) await webrtc.addIceCandidate(candidate);
      } catch {
        // One that is refused is as good as none.
      }
    };
    return poll<CandidateList, never>(
      parts,
      lists,
      signal,
      (wait) => registry.getCandidates(code, token, { since, wait, signal }),
      ({ items, lastSeq }) => {
        since = lastSeq;
        items.forEach(add);
      },
    );
  }

  /** Whether the description is of another connection than the one that ours is with. */
  function isOther({ sdp }: RTCSessionDescriptionInit): boolean {
    return fingerprintOf(sdp) !== fingerprintOf(connection?.remoteDescription?.sdp);
  }

  function bind(next: RTCDataChannel): void {
    channel = next;
    state.setDataChannel(channel);
    // A controller will do for the options: it has the signal.
    channel.addEventListener("open", works, link);
    channel.addEventListener("close", () => lost("closed"), link);
    channel.addEventListener("message", receive, link);
    works();
  }

  function receive({ data }: MessageEvent): void {
    pingedAt = undefined;
    decode(
      data,
      (message) => tell(parts.onMessage, message),
      ({ ping, pong, restart, bye }) => {
        if (isNumber(ping)) send({ pong: ping });
        if (isNumber(pong)) {
          session.roundTripTimeMs = clock.now() - pong!;
          works();
        }
        if (restart! > generation) {
          // Until that offer is answered, a working channel is no reason to stop looking for it.
          negotiating ||= !isHost;
          lost("restart");
        }
        if (bye) end(ConnectionState.DISCONNECTED, new WebRTCError("peer_left"));
      },
    );
  }

  function send(frame: Frame): void {
    try {
      channel!.send(encodeFrame(frame));
    } catch {
      // Where it is not open, the other side learns by other means.
    }
  }

  function ping(): void {
    const now = clock.now();
    pingedAt ??= now;
    send({ ping: now });
  }

  /** Pings while connected. Timers of a hidden page may be late, so it is pings that are timed. */
  async function beat(): Promise<void> {
    if (!heartbeat) return;
    const { signal } = (beats = new AbortController());
    pingedAt = undefined;
    while (!signal.aborted) {
      if (clock.now() - pingedAt! >= heartbeat.timeoutMs) return lost("heartbeat");
      ping();
      await sleep(clock, heartbeat.intervalMs, signal).catch(() => {});
    }
  }

  function works(): void {
    if (!negotiating && isOpen()) opened();
  }

  /** @param heal ms in which it may pass by itself */
  function lost(code: string, heal = 0): void {
    const error = new WebRTCError(code, true);
    if (isIn(ConnectionState.CONNECTED)) {
      beats.abort();
      go(parts, ConnectionState.DISCONNECTED);
      report(parts, error);
      within(clock, timeouts.restart, life, "restart", (signal) => connect(signal, heal)).catch(
        ({ message }) => {
          const why = new WebRTCError("reconnect_failed", false, message);
          if (!life.aborted) end(ConnectionState.ERROR, why);
        },
      );
    } else if (!heal) broken(error);
  }

  function drop(): void {
    link.abort();
    beats.abort();
    connection?.close();
  }

  const bye = () => send({ bye: 1 });
  const listen = (event: string, listener: () => void) =>
    globalThis.addEventListener?.(event, listener, { signal: life });
  listen("online", () => {
    if (isIn(ConnectionState.CONNECTED)) {
      // A connection that was not away says so.
      ping();
      sleep(clock, Limit.Pause, life).then(
        () => pingedAt && lost("online"),
        () => {},
      );
    } else if (restart) lost("online");
  });
  // A page that comes back has lost the room's token.
  listen("pagehide", bye);

  const session: Session = {
    connect,
    drop,
    channel: bind,
    candidate(candidate) {
      if (candidate.candidate) pending.push(candidate);
      else complete = true;
      wake();
    },
    bye,
    connectionState(state) {
      if (state === "connected") works();
      // Of the others, these are the bad ones: disconnected, failed, closed.
      else if (state.endsWith("d")) lost(state, state[0] === "d" ? timeouts.heal : 0);
    },
  };
  return session;
}

const generationOf = ({ generation = 1 }: RoomSnapshot): number => generation;

/** Names the DTLS identity of a side: another one can only be reached by a new connection. */
const fingerprintOf = (sdp = ""): string | undefined => /^a=fingerprint:.*$/m.exec(sdp)?.[0];
