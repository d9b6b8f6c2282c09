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

import { RegistryClientError, WebRTCError } from "./errors.js";
import {
  type CandidateList,
  ConnectionState,
  type RoomInfo,
  type RoomSnapshot,
} from "./interfaces.js";
import { tell } from "./listeners.js";
import { decode, encodeFrame, type Frame } from "./messages.js";
import { Outbox } from "./outbox.js";
import { type Pace, poll } from "./polling.js";
import { go, type Parts, typed } from "./parts.js";
import { aborted, scope, sleep, within } from "./time.js";
import { isNumber } from "./wire.js";

/** ms between two attempts to restart, and until a guest that has answered looks for another offer. */
const PAUSE = 1000;

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
  roundTripTime?: number;
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
  const { registry, webrtc, state, settings } = parts;
  const { clock, timeouts, heartbeat } = settings;
  const isHost = role === "host";
  const outbox = new Outbox();
  const rooms: Pace = { reads: [] };
  const lists: Pace = { reads: [] };
  /** The last snapshot that was read. */
  let room: RoomSnapshot | undefined;
  /** Candidates of the other side, of all generations, and where their list ends. */
  let candidates: RTCIceCandidateInit[] = [];
  let since: number | undefined;
  /** Of the last offer that was posted, or answered; 0: none. */
  let generation = 0;
  /** An offer is on its way: a channel that works now will soon be another. */
  let negotiating = false;
  /** This side's connection is of no more use. */
  let spoilt = false;
  /** End with the peer connection, and with the connected state. */
  let link = new AbortController();
  let beats = new AbortController();
  /** What to call when the channel works, when ICE fails, when there is no sense in waiting on. */
  let opened = () => {};
  let broken = (_error: Error) => {};
  let hurry = () => {};
  /** Of the first ping that nothing was heard since. */
  let pingedAt: number | undefined;

  const isIn = (wanted: ConnectionState) => state.getState() === wanted;
  const isOpen = () => state.getDataChannel()?.readyState === "open";

  /** With `heal`, the channel was open before, and may be again by itself within so many ms. */
  async function connect(parent: AbortSignal, heal?: number): Promise<void> {
    const own = scope(parent);
    const works = new Promise<void>((resolve) => (opened = resolve));
    try {
      await Promise.race([works, aborted(own.signal), negotiate(own.signal, heal)]);
      parent.throwIfAborted();
    } finally {
      own.abort();
      opened = broken = hurry = () => {};
      negotiating = false;
    }
    go(parts, ConnectionState.CONNECTED);
    void beat();
  }

  /** Makes attempts until one ends it all by opening the channel, or there is no sense in more. */
  async function negotiate(signal: AbortSignal, heal?: number): Promise<never> {
    let restart = heal !== undefined;
    if (restart) {
      const healing = patience(heal!, signal);
      if (isHost) await healing;
      else healing.then(() => send({ restart: generation + 1 })).catch(() => {});
    }
    for (let next: RoomSnapshot | undefined; ;) {
      const own = scope(signal);
      try {
        next = await (isHost ? offer(own.signal, restart) : answer(own.signal, restart, next));
        continue;
      } catch (error) {
        const { code, name, retryable } = error as RegistryClientError;
        // A host that starts anew after it gave up may find the room paired. A guest finds it so
        // again when the host has made another offer meanwhile.
        const again =
          code === "already_paired"
            ? restart !== isHost
            : restart && (name !== "RegistryError" || retryable);
        if (signal.aborted || !again) throw error;
        // The browser's own error: no relying on that connection any more.
        spoilt ||= !(error instanceof RegistryClientError);
        restart = true;
        next = undefined;
      } finally {
        own.abort();
      }
      await sleep(clock, PAUSE, signal);
    }
  }

  async function offer(signal: AbortSignal, restart: boolean): Promise<never> {
    const posted = restart ? await nextGeneration(signal) : 1;
    const fresh = begin(signal);
    const { label = "rondevu", options } = settings.channel ?? {};
    if (fresh) bind(webrtc.createDataChannel(label, options));
    const description = await webrtc.createOffer(fresh ? undefined : { iceRestart: true });
    await describe(description, signal);
    await registry.postOffer(code, token, description, { signal, ...later(posted) });
    generation = posted;
    send({ restart: posted });
    trickle(signal);
    // Nothing is `known` to begin with: so the server holds its answer until the guest's is there.
    const answered = await watch(
      signal,
      undefined,
      (room) => room.answer && generationOf(room) === posted,
    );
    spoilt = !fresh && isOther(answered.answer!);
    if (spoilt) throw new WebRTCError("peer_replaced", "The peer has a new connection");
    await webrtc.setRemoteDescription(answered.answer!);
    return reach(signal, fresh, restart);
  }

  /** What the registry takes next, by its own word; a copy that lags behind may say less than we know. */
  async function nextGeneration(signal: AbortSignal): Promise<number> {
    const room = await registry.getRoom(code, token, { signal });
    return Math.max(generationOf(room) + (room.answer ? 1 : 0), generation);
  }

  /** Answers; resolves to the offer that follows, if there comes one before the channel is open. */
  async function answer(
    signal: AbortSignal,
    restart: boolean,
    next?: RoomSnapshot,
  ): Promise<RoomSnapshot> {
    const offered = next ?? (await nextOffer(signal));
    spoilt ||= isOther(offered.offer!);
    const fresh = begin(signal);
    const description = await webrtc.createAnswer(offered.offer!);
    await describe(description, signal);
    const number = generationOf(offered);
    const posted = registry
      .postAnswer(code, token, description, { signal, ...later(number) })
      .then(() => {
        generation = number;
        trickle(signal);
      });
    return Promise.race([
      reach(signal, fresh, restart, posted),
      sleep(clock, PAUSE, signal).then(() => nextOffer(signal)),
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
    negotiating = true;
    outbox.reset();
    if (!spoilt && isOpen() && state.getPeerConnection()!.signalingState !== "closed") return false;
    drop();
    link = new AbortController();
    spoilt = false;
    state.setPeerConnection(webrtc.createPeerConnection(settings.iceServers));
    return true;
  }

  async function describe(description: RTCSessionDescriptionInit, signal: AbortSignal) {
    signal.throwIfAborted();
    await webrtc.setLocalDescription(description);
    signal.throwIfAborted();
  }

  /** Reads the room until it is what is wanted. */
  function watch(
    parent: AbortSignal,
    known: RoomSnapshot | undefined,
    isWanted: (room: RoomSnapshot) => unknown,
  ): Promise<RoomSnapshot> {
    return within(clock, timeouts.peer, parent, "peer", (signal) =>
      poll(
        settings,
        rooms,
        signal,
        async (wait) => {
          room = known = await registry.getRoom(code, token, { wait, known, signal });
          // One that cannot revalidate does not wait either.
          rooms.plain = lists.plain = !room.etag;
          return room;
        },
        (room) => (isWanted(room) ? room : undefined),
      ),
    );
  }

  /** Sends this side's candidates until the signal aborts. */
  function trickle(signal: AbortSignal): void {
    const post = async (candidates: RTCIceCandidateInit[]) => {
      if (registry.postCandidates)
        return registry.postCandidates(code, token, candidates, { signal });
      for (const candidate of candidates)
        await registry.postCandidate(code, token, candidate, { signal });
    };
    outbox
      .run(post, settings, signal)
      .catch((error) => signal.aborted || tell(parts.onError, typed(parts, error)));
  }

  /**
   * Takes candidates until the channel works or ICE fails.
   * @param posted when the registry has taken the answer. Not one candidate of the host may be
   *   used before: a guest that lost the room to another would draw the host's DTLS to itself.
   */
  function reach(
    parent: AbortSignal,
    fresh: boolean,
    restart: boolean,
    posted?: Promise<void>,
  ): Promise<never> {
    const ms = restart ? timeouts.attempt : timeouts.connect;
    return within(clock, ms, parent, "connection", async (signal) => {
      const failed = new Promise<never>((_, reject) => (broken = reject));
      const reading = readCandidates(signal, posted);
      await Promise.race([posted, failed, reading]);
      negotiating = false;
      // A connection that was kept may never have noticed that it was away.
      if (fresh) works();
      else ping();
      return Promise.race([failed, reading]);
    });
  }

  function readCandidates(signal: AbortSignal, posted?: Promise<void>): Promise<never> {
    const add = async (candidate: RTCIceCandidateInit) => {
      try {
        await posted;
        if (candidate.candidate) await webrtc.addIceCandidate(candidate);
      } catch {
        // One that is refused is as good as none.
      }
    };
    candidates.forEach(add);
    return poll<CandidateList, never>(
      settings,
      lists,
      signal,
      (wait) => registry.getCandidates(code, token, { since, wait, signal }),
      ({ mode, items, lastSeq }) => {
        if (mode === "full") candidates = [];
        since = lastSeq;
        candidates.push(...items);
        items.forEach(add);
        return undefined;
      },
    );
  }

  /** Whether the description is of another connection than the one that ours is with. */
  function isOther({ sdp }: RTCSessionDescriptionInit): boolean {
    const before = state.getPeerConnection()?.remoteDescription?.sdp;
    return fingerprintOf(sdp) !== fingerprintOf(before);
  }

  /** Waits for the connection to heal, unless there is reason to hurry. */
  async function patience(ms: number, signal: AbortSignal): Promise<void> {
    await Promise.race([
      new Promise<void>((resolve) => (hurry = resolve)),
      sleep(clock, ms, signal),
    ]);
  }

  function bind(channel: RTCDataChannel): void {
    const { signal } = link;
    state.setDataChannel(channel);
    channel.addEventListener("open", works, { signal });
    channel.addEventListener("close", () => lost("channel_closed"), { signal });
    channel.addEventListener("message", ({ data }) => receive(data), { signal });
    works();
  }

  function receive(data: unknown): void {
    pingedAt = undefined;
    const said = decode(data);
    if (!("frame" in said)) return tell(parts.onMessage, said.message);
    const { ping, pong, restart, bye } = said.frame;
    if (isNumber(ping)) send({ pong: ping });
    if (isNumber(pong)) {
      tell(parts.onHeartbeat, (session.roundTripTime = clock.now() - pong!));
      works();
    }
    if (restart! > generation) {
      // Until that offer is answered, a working channel is no reason to stop looking for it.
      negotiating ||= !isHost;
      lost("peer_restarts");
    }
    if (bye) end(ConnectionState.DISCONNECTED, new WebRTCError("peer_left", "The peer left"));
  }

  function send(frame: Frame): void {
    try {
      state.getDataChannel()?.send(encodeFrame(frame));
    } catch {
      // Not open: the other side learns by other means.
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
    const { signal } = (beats = scope(life));
    pingedAt = undefined;
    while (!signal.aborted) {
      if (clock.now() - pingedAt! >= heartbeat.timeoutMs) return lost("heartbeat_timeout");
      ping();
      await sleep(clock, heartbeat.intervalMs, signal).catch(() => {});
    }
  }

  function works(): void {
    if (!negotiating && isOpen()) opened();
  }

  /** @param heal ms in which it may pass by itself */
  function lost(code: string, heal = 0): void {
    const error = new WebRTCError(code, "The connection was lost", true);
    if (!isIn(ConnectionState.CONNECTED)) {
      if (!heal) {
        hurry();
        broken(error);
      }
      return;
    }
    beats.abort();
    go(parts, ConnectionState.DISCONNECTED);
    tell(parts.onError, typed(parts, error));
    within(clock, timeouts.restart, life, "reconnection", (signal) => connect(signal, heal)).catch(
      (cause) => {
        const why = `The connection was lost for good: ${cause.code ?? cause.name}`;
        if (!life.aborted)
          end(ConnectionState.ERROR, new WebRTCError("reconnect_failed", why, false, { cause }));
      },
    );
  }

  function drop(): void {
    link.abort();
    if (webrtc.close) webrtc.close();
    else state.getPeerConnection()?.close();
  }

  const network = settings.network ?? globalThis;
  network.addEventListener?.(
    "online",
    () => (isIn(ConnectionState.CONNECTED) ? lost("online") : hurry()),
    { signal: life },
  );

  const session: Session = {
    connect,
    drop,
    channel: bind,
    candidate: (candidate) => outbox.add(candidate),
    bye: () => send({ bye: 1 }),
    connectionState(state) {
      if (state === "connected") works();
      if (state === "disconnected") lost(state, timeouts.heal);
      if (state === "failed" || state === "closed") lost(`connection_${state}`);
    },
  };
  return session;
}

const generationOf = ({ generation = 1 }: RoomSnapshot): number => generation;

/** The first offer and answer name no generation, as clients before renegotiation did not. */
const later = (generation: number) => (generation > 1 ? { generation } : undefined);

/** Names the DTLS identity of a side: another one can only be reached by a new connection. */
const fingerprintOf = (sdp = ""): string | undefined => /^a=fingerprint:.*$/m.exec(sdp)?.[0];
