// One room: from its code to an open channel, and back to an open channel when it was lost.
//
// Everything that waits hangs on an AbortSignal: the room's (`#life`) at the top, below it that of
// the operation. An abort's reason is the error that the operation ends with, so timeouts, failures
// and the application's own signals all take the same way out.
//
// While connected nothing asks the registry. Either side may be the only one to notice a loss: a
// closed peer connection closes the channel on both sides at once; a silent one fails ICE's consent
// checks within seconds on the side that sends; and as long as the channel still carries anything,
// the side that noticed says so over it (`restart`). A standing poll would cost some 150 requests
// an hour and side, to gain those seconds.

import {
  RegistryClientError,
  RegistryError,
  StateError,
  TimeoutError,
  WebRTCError,
} from "./errors.js";
import {
  type CallOptions,
  type CandidateList,
  type Clock,
  ConnectionState,
  type HeartbeatOptions,
  type IRegistryClient,
  type IRoomManager,
  type IStateManager,
  type IWebRTCManager,
  type RoomInfo,
  type RoomManagerConfig,
  type RoomSnapshot,
  type Timeouts,
  type Undo,
} from "./interfaces.js";
import { type Listeners, listen, tell } from "./listeners.js";
import { decode, encode, encodeFrame, type Frame } from "./messages.js";
import { Outbox } from "./outbox.js";
import { defaultPolling, Pace, poll } from "./polling.js";
import { fingerprintOf, withoutCandidates } from "./sdp.js";
import { aborted, scope, sleep, systemClock, within } from "./time.js";
import { isNumber } from "./wire.js";

const defaultTimeouts: Timeouts = {
  request: 10_000,
  peer: 300_000,
  connect: 30_000,
  heal: 2_500,
  restart: 120_000,
  attempt: 15_000,
};
const CANDIDATE_BATCH = 15;
const MAX_BUFFERED = 8 << 20;
/** ms between two attempts to restart, and until a guest that has answered looks for another offer. */
const PAUSE = 1000;

/** What is known of the room besides RoomInfo. */
interface Memory {
  rooms: Pace;
  lists: Pace;
  room?: RoomSnapshot;
  /** Candidates of the other side, of all generations, and where their list ends. */
  candidates: RTCIceCandidateInit[];
  since?: number;
  /** Of the last offer that was posted, or answered; 0: none. */
  generation: number;
}

export class RoomManager implements IRoomManager {
  readonly #registry: IRegistryClient;
  readonly #webrtc: IWebRTCManager;
  readonly #state: IStateManager;
  readonly #config: RoomManagerConfig;
  readonly #timeouts: Timeouts;
  readonly #heartbeat: HeartbeatOptions | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #outbox = new Outbox();

  readonly #onState: Listeners<ConnectionState> = new Set();
  readonly #onMessage: Listeners<any> = new Set();
  readonly #onError: Listeners<Error> = new Set();
  readonly #onHeartbeat: Listeners<number> = new Set();

  /** Ends with the room. */
  #life = new AbortController();
  /** Ends with the peer connection. */
  #link = new AbortController();
  /** Ends with the heartbeat. */
  #beats: AbortController | undefined;
  #memory!: Memory;
  /** An offer is on its way: the channel, open or not, will soon be another. */
  #negotiating = false;
  /** The other side has a new identity, so this side's connection is of no more use. */
  #spoilt = false;
  /** What to call when the channel works, when ICE fails, when there is no sense in waiting on. */
  #opened: (() => void) | undefined;
  #broken: ((error: Error) => void) | undefined;
  #hurry: (() => void) | undefined;
  /** Of the first ping that nothing was heard since. */
  #pingedAt: number | undefined;
  #roundTripTime: number | undefined;

  constructor(
    registry: IRegistryClient,
    webrtc: IWebRTCManager,
    state: IStateManager,
    config: RoomManagerConfig,
  ) {
    this.#registry = registry;
    this.#webrtc = webrtc;
    this.#state = state;
    this.#config = config;
    this.#timeouts = { ...defaultTimeouts, ...config.timeouts };
    this.#clock = config.clock ?? systemClock;
    this.#random = config.random ?? Math.random;
    if (config.heartbeat)
      this.#heartbeat = { intervalMs: 5000, timeoutMs: 10_000, ...(config.heartbeat as object) };
    webrtc.onIceCandidate((candidate) => this.#outbox.add(candidate));
    webrtc.onConnectionStateChange((state) => this.#connectionChanged(state));
    webrtc.onDataChannel((channel) => this.#bind(channel));
  }

  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomInfo> {
    return this.#enter(ConnectionState.CREATING, ConnectionState.CREATED, options, async (call) => {
      const room = await this.#registry.createRoom(hostUserName, call);
      const { code, joinCode, ownerToken: token, expiresAt } = room;
      return { code, hostUserName, role: "host", token, expiresAt, joinCode };
    });
  }

  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomInfo> {
    return this.#enter(ConnectionState.JOINING, ConnectionState.JOINED, options, async (call) => {
      const room = await this.#registry.joinRoom(roomCode, joinCode, guestUserName, call);
      const { guestToken: token, expiresAt } = room;
      return { code: roomCode, guestUserName, role: "guest", token, expiresAt };
    });
  }

  /** Resolves when the channel is open. Given up by its signal, it may be called again. */
  startConnection({ signal }: CallOptions = {}): Promise<void> {
    const before = this.getConnectionState();
    const from = [ConnectionState.CREATED, ConnectionState.JOINED];
    return this.#operation(from, before, signal, (signal) => {
      this.#go(ConnectionState.CONNECTING);
      return this.#connect(signal);
    });
  }

  /** Lets go of everything; the host also closes the room in the registry. Without a room: nothing. */
  async closeRoom({ signal }: CallOptions = {}): Promise<void> {
    const state = this.getConnectionState();
    const room = this.getRoomInfo();
    if (state === ConnectionState.IDLE) return;
    this.#send({ bye: 1 });
    this.#release(new StateError("closed", "The room was closed"));
    this.#state.reset();
    tell(this.#onState, ConnectionState.IDLE);
    // With an error the room was closed already.
    if (room?.role !== "host" || state === ConnectionState.ERROR) return;
    try {
      await this.#registry.closeRoom(room.code, room.token, { signal });
    } catch (error) {
      if ((error as RegistryClientError).code === "not_found") return;
      if (!signal?.aborted) tell(this.#onError, error as Error);
      throw error;
    }
  }

  onStateChange(callback: (state: ConnectionState) => void): Undo {
    return listen(this.#onState, callback);
  }

  onMessage(callback: (message: any) => void): Undo {
    return listen(this.#onMessage, callback);
  }

  onError(callback: (error: Error) => void): Undo {
    return listen(this.#onError, callback);
  }

  /** Called with every round-trip time that is measured, in ms. */
  onHeartbeat(callback: (roundTripTimeMs: number) => void): Undo {
    return listen(this.#onHeartbeat, callback);
  }

  /** The last one measured; undefined before. */
  get roundTripTimeMs(): number | undefined {
    return this.#roundTripTime;
  }

  /**
   * What arrives equals what was sent, for every value that JSON can express.
   * @throws {StateError} unless connected
   * @throws {WebRTCError} `bad_message`, `message_too_big`, `buffer_full` (retryable)
   */
  sendMessage(message: any): void {
    this.#expect([ConnectionState.CONNECTED]);
    try {
      const text = encode(message);
      const channel = this.#state.getDataChannel()!;
      const size = new TextEncoder().encode(text).length;
      const limit = this.#state.getPeerConnection()?.sctp?.maxMessageSize ?? Infinity;
      if (size > limit)
        throw new WebRTCError("message_too_big", `${size} bytes, and ${limit} are the limit`);
      if (channel.bufferedAmount + size > (this.#config.channel?.maxBuffered ?? MAX_BUFFERED))
        throw new WebRTCError("buffer_full", "Too much is waiting to be sent", true);
      channel.send(text);
    } catch (error) {
      throw this.#tellError(error);
    }
  }

  getConnectionState(): ConnectionState {
    return this.#state.getState();
  }

  getRoomInfo(): RoomInfo | null {
    return this.#state.getRoomInfo();
  }

  // Operations

  #enter(
    during: ConnectionState,
    after: ConnectionState,
    { signal }: CallOptions = {},
    ask: (call: CallOptions) => Promise<RoomInfo>,
  ): Promise<RoomInfo> {
    const from = [ConnectionState.IDLE, ConnectionState.ERROR];
    return this.#operation(from, ConnectionState.IDLE, signal, async (signal) => {
      this.#state.reset();
      this.#go(during);
      const room = await ask({ signal });
      signal.throwIfAborted();
      const polling = { ...defaultPolling, ...this.#config.polling };
      const pace = () => new Pace(polling, this.#clock, this.#random);
      this.#memory = { rooms: pace(), lists: pace(), candidates: [], generation: 0 };
      this.#state.setRoomInfo(room);
      this.#listenToNetwork();
      this.#go(after);
      return room;
    });
  }

  /** @param back the state to return to when `user` aborts */
  async #operation<T>(
    from: ConnectionState[],
    back: ConnectionState,
    user: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    user?.throwIfAborted();
    this.#expect(from);
    const life = this.#life.signal;
    const own = scope(life, user);
    try {
      return await work(own.signal);
    } catch (error) {
      if (life.aborted) throw life.reason;
      if (!user?.aborted) throw this.#fail(error);
      this.#unlink();
      this.#go(back);
      throw user.reason;
    } finally {
      own.abort();
    }
  }

  /** Resolves when the channel is open; with `heal`, it was open before, and may be again by itself. */
  async #connect(parent: AbortSignal, heal?: number): Promise<void> {
    const own = scope(parent);
    const opened = new Promise<void>((resolve) => (this.#opened = resolve));
    const run = this.#room.role === "host" ? this.#host : this.#guest;
    try {
      await Promise.race([opened, aborted(own.signal), run.call(this, own.signal, heal)]);
      parent.throwIfAborted();
    } finally {
      own.abort();
      this.#opened = this.#broken = this.#hurry = undefined;
      this.#negotiating = false;
    }
    this.#go(ConnectionState.CONNECTED);
    void this.#beat();
  }

  // The host offers

  async #host(signal: AbortSignal, heal?: number): Promise<never> {
    let restart = heal !== undefined;
    if (restart) {
      await this.#patience(heal!, signal);
      this.#go(ConnectionState.CONNECTING);
    }
    for (;;) {
      try {
        await this.#offer(signal, restart);
      } catch (error) {
        // Paired although this is the first offer: an earlier start was given up after the answer.
        const given = !restart && (error as RegistryClientError).code === "already_paired";
        if (signal.aborted || !(given || (restart && this.#mayPass(error)))) throw error;
        restart = true;
      }
      await sleep(this.#clock, PAUSE, signal);
    }
  }

  async #offer(signal: AbortSignal, restart: boolean): Promise<never> {
    const { code, token } = this.#room;
    const memory = this.#memory;
    const generation = restart ? await this.#nextGeneration(signal) : 1;
    signal.throwIfAborted();
    this.#negotiating = true;
    const fresh = this.#renew();
    if (fresh) {
      const { label = "rondevu", options } = this.#config.channel ?? {};
      this.#bind(this.#webrtc.createDataChannel(label, options));
    }
    const offer = await this.#webrtc.createOffer(fresh ? undefined : { iceRestart: true });
    signal.throwIfAborted();
    await this.#webrtc.setLocalDescription(offer);
    signal.throwIfAborted();
    await this.#registry.postOffer(code, token, offer, { signal, ...later(generation) });
    memory.generation = generation;
    this.#send({ restart: generation });
    return this.#trickle(signal, async (signal) => {
      // Without `known` the server holds its answer until the guest's is there.
      const room = await this.#untilPeer(signal, (signal) =>
        this.#watch(signal, undefined, (room) => room.answer && generationOf(room) === generation),
      );
      if (!fresh && this.#isReplaced(room.answer!)) {
        this.#spoilt = true;
        throw this.#error("peer_replaced", "The peer answered with a new connection");
      }
      await this.#webrtc.setRemoteDescription(room.answer!);
      return this.#reach(signal, fresh, restart);
    });
  }

  /** What the registry takes next, by its own word; a copy that lags behind may say less than we know. */
  async #nextGeneration(signal: AbortSignal): Promise<number> {
    const { code, token } = this.#room;
    const memory = this.#memory;
    const room = await this.#registry.getRoom(code, token, { signal });
    return Math.max(generationOf(room) + (room.answer ? 1 : 0), memory.generation);
  }

  // The guest answers

  async #guest(signal: AbortSignal, heal?: number): Promise<never> {
    const memory = this.#memory;
    const restart = heal !== undefined;
    if (restart)
      this.#patience(heal, signal).then(
        () => this.#send({ restart: memory.generation + 1 }),
        () => {},
      );
    for (let next: RoomSnapshot | undefined; ;) {
      const room = next ?? (await this.#untilPeer(signal, (signal) => this.#nextOffer(signal)));
      if (this.getConnectionState() !== ConnectionState.CONNECTING)
        this.#go(ConnectionState.CONNECTING);
      next = undefined;
      try {
        next = await this.#answer(signal, room, restart);
      } catch (error) {
        // Paired: the host has made another offer meanwhile.
        const late = (error as RegistryClientError).code === "already_paired";
        if (signal.aborted || !restart || !(late || this.#mayPass(error))) throw error;
        await sleep(this.#clock, PAUSE, signal);
      }
    }
  }

  /** Answers; resolves to the offer that follows, if there comes one before the channel is open. */
  async #answer(signal: AbortSignal, room: RoomSnapshot, restart: boolean): Promise<RoomSnapshot> {
    const { code, token } = this.#room;
    const memory = this.#memory;
    const generation = generationOf(room);
    const { sdp, candidates } = withoutCandidates(room.offer!.sdp);
    this.#negotiating = true;
    this.#spoilt ||= this.#isReplaced(room.offer!);
    const fresh = this.#renew();
    const answer = await this.#webrtc.createAnswer({ type: "offer", sdp });
    signal.throwIfAborted();
    await this.#webrtc.setLocalDescription(answer);
    signal.throwIfAborted();
    // Not one candidate of the host before the registry took the answer: a guest that lost the room
    // to another would draw the host's DTLS to itself.
    await this.#registry.postAnswer(code, token, answer, { signal, ...later(generation) });
    memory.generation = generation;
    candidates.forEach((candidate) => this.#addCandidate(candidate));
    return this.#trickle(signal, (signal) =>
      Promise.race([
        this.#reach(signal, fresh, restart),
        sleep(this.#clock, PAUSE, signal).then(() => this.#nextOffer(signal)),
      ]),
    );
  }

  #nextOffer(signal: AbortSignal): Promise<RoomSnapshot> {
    const { generation, room } = this.#memory;
    return this.#watch(
      signal,
      room,
      (room) => room.offer && !room.answer && generationOf(room) > generation,
    );
  }

  // Both

  /** Reads the room until it is what is wanted. */
  #watch(
    signal: AbortSignal,
    known: RoomSnapshot | undefined,
    isWanted: (room: RoomSnapshot) => unknown,
  ): Promise<RoomSnapshot> {
    const { code, token } = this.#room;
    const memory = this.#memory;
    return poll(
      memory.rooms,
      signal,
      async (wait) => {
        known = await this.#registry.getRoom(code, token, { wait, known, signal });
        // One that cannot revalidate does not wait either.
        if (!known.etag) memory.rooms.waits = memory.lists.waits = false;
        return (memory.room = known);
      },
      (room) => (isWanted(room) ? room : undefined),
    );
  }

  #untilPeer<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = () => new TimeoutError("peer_timeout", "The other side did not show up in time");
    return within(this.#clock, this.#timeouts.peer, signal, late, work);
  }

  /** Sends this side's candidates while the work lasts. */
  async #trickle<T>(parent: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { code, token } = this.#room;
    const own = scope(parent);
    const { signal } = own;
    const delay = this.#config.candidateBatch ?? CANDIDATE_BATCH;
    this.#outbox
      .run(
        async (candidates) => {
          if (this.#registry.postCandidates)
            return this.#registry.postCandidates(code, token, candidates, { signal });
          for (const candidate of candidates)
            await this.#registry.postCandidate(code, token, candidate, { signal });
        },
        this.#clock,
        delay,
        signal,
      )
      .catch((error) => signal.aborted || this.#tellError(error));
    try {
      return await work(signal);
    } finally {
      own.abort();
    }
  }

  /** Both descriptions are in place: takes candidates until the channel works or ICE fails. */
  #reach(parent: AbortSignal, fresh: boolean, restart: boolean): Promise<never> {
    const { attempt, connect } = this.#timeouts;
    const late = () => new TimeoutError("connect_timeout", "The channel did not open in time");
    this.#negotiating = false;
    // A connection that was kept may never have noticed that it was away.
    if (fresh) this.#works();
    else this.#ping();
    return within(this.#clock, restart ? attempt : connect, parent, late, (signal) =>
      Promise.race([
        new Promise<never>((_, reject) => (this.#broken = reject)),
        this.#readCandidates(signal),
      ]),
    );
  }

  #readCandidates(signal: AbortSignal): Promise<never> {
    const { code, token } = this.#room;
    const memory = this.#memory;
    memory.candidates.forEach((candidate) => this.#addCandidate(candidate));
    return poll<CandidateList, never>(
      memory.lists,
      signal,
      (wait) => {
        const { since } = memory;
        return this.#registry.getCandidates(code, token, { since, wait, signal });
      },
      ({ mode, items, lastSeq }) => {
        if (mode === "full") memory.candidates = [];
        memory.since = lastSeq;
        memory.candidates.push(...items);
        items.forEach((candidate) => this.#addCandidate(candidate));
        return undefined;
      },
    );
  }

  /** A candidate that is refused is as good as none. */
  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (candidate.candidate)
      try {
        await this.#webrtc.addIceCandidate(candidate);
      } catch {
        // The others may do.
      }
  }

  /** Makes a new connection unless the one that there is will do; says whether it did. */
  #renew(): boolean {
    this.#outbox.reset();
    const connection = this.#state.getPeerConnection();
    if (
      !this.#spoilt &&
      connection &&
      connection.signalingState !== "closed" &&
      this.#state.getDataChannel()?.readyState === "open"
    )
      return false;
    this.#unlink();
    this.#link = new AbortController();
    this.#spoilt = false;
    this.#state.setPeerConnection(this.#webrtc.createPeerConnection(this.#config.iceServers));
    return true;
  }

  #isReplaced({ sdp }: RTCSessionDescriptionInit): boolean {
    const before = this.#state.getPeerConnection()?.remoteDescription?.sdp;
    return fingerprintOf(sdp) !== fingerprintOf(before);
  }

  /** Whether another attempt to restart may fare better. */
  #mayPass(error: unknown): boolean {
    const known = error instanceof RegistryClientError;
    // The browser's own error: no relying on that connection any more.
    if (!known) this.#spoilt = true;
    return !(error instanceof RegistryError) || error.retryable;
  }

  /** Waits for the connection to heal, unless there is reason to hurry. */
  async #patience(heal: number, signal: AbortSignal): Promise<void> {
    const hurry = new Promise<void>((resolve) => (this.#hurry = resolve));
    if (heal) await Promise.race([hurry, sleep(this.#clock, heal, signal)]);
  }

  // The channel

  #bind(channel: RTCDataChannel): void {
    const { signal } = this.#link;
    this.#state.setDataChannel(channel);
    channel.addEventListener("open", () => this.#works(), { signal });
    channel.addEventListener("close", () => this.#lost("channel_closed"), { signal });
    channel.addEventListener("message", ({ data }) => this.#receive(data), { signal });
    this.#works();
  }

  #receive(data: unknown): void {
    this.#pingedAt = undefined;
    const said = decode(data);
    if (!("frame" in said)) return tell(this.#onMessage, said.message);
    const { ping, pong, restart, bye } = said.frame;
    if (isNumber(ping)) this.#send({ pong: ping });
    if (isNumber(pong)) {
      tell(this.#onHeartbeat, (this.#roundTripTime = this.#clock.now() - pong!));
      this.#works();
    }
    if (restart! > this.#memory.generation) {
      // Until that offer is answered, a working channel is no reason to stop looking for it.
      this.#negotiating ||= this.#room.role === "guest";
      this.#lost("peer_restarts");
    }
    if (bye) this.#left();
  }

  #send(frame: Frame): void {
    try {
      this.#state.getDataChannel()?.send(encodeFrame(frame));
    } catch {
      // Not open: the other side learns by other means.
    }
  }

  #ping(): void {
    const now = this.#clock.now();
    this.#pingedAt ??= now;
    this.#send({ ping: now });
  }

  /** Pings while connected. Timers of a hidden page may be late, so it is pings that are timed. */
  async #beat(): Promise<void> {
    if (!this.#heartbeat) return;
    const { intervalMs, timeoutMs } = this.#heartbeat;
    const { signal } = (this.#beats = scope(this.#life.signal));
    this.#pingedAt = undefined;
    while (!signal.aborted) {
      if (this.#clock.now() - this.#pingedAt! >= timeoutMs) return this.#lost("heartbeat_timeout");
      this.#ping();
      await sleep(this.#clock, intervalMs, signal).catch(() => {});
    }
  }

  // Gain and loss

  #works(): void {
    if (!this.#negotiating && this.#state.getDataChannel()?.readyState === "open") this.#opened?.();
  }

  #connectionChanged(state: RTCPeerConnectionState): void {
    if (state === "connected") this.#works();
    if (state === "disconnected") this.#lost(state, this.#timeouts.heal);
    if (state === "failed" || state === "closed") this.#lost(`connection_${state}`);
  }

  #listenToNetwork(): void {
    const network = this.#config.network ?? globalThis;
    const { signal } = this.#life;
    network.addEventListener?.(
      "online",
      () => {
        if (this.getConnectionState() === ConnectionState.CONNECTED) this.#lost("online");
        else this.#hurry?.();
      },
      { signal },
    );
  }

  /** @param heal ms in which it may pass by itself */
  #lost(code: string, heal = 0): void {
    const error = this.#error(code, "The connection was lost", true);
    if (this.getConnectionState() !== ConnectionState.CONNECTED) {
      if (!heal) this.#hurry?.();
      if (!heal) this.#broken?.(error);
      return;
    }
    const life = this.#life.signal;
    this.#beats?.abort();
    this.#go(ConnectionState.DISCONNECTED);
    tell(this.#onError, error);
    const late = () => new TimeoutError("restart_timeout", "it took too long");
    within(this.#clock, this.#timeouts.restart, life, late, (signal) =>
      this.#connect(signal, heal),
    ).catch((cause) => {
      if (life.aborted) return;
      const why = `The connection was lost and could not be restarted: ${this.#typed(cause).message}`;
      this.#fail(this.#error("reconnect_failed", why, false, { cause }));
    });
  }

  /** The other side said goodbye. */
  #left(): void {
    const error = this.#error("peer_left", "The other side left the room");
    this.#release(error);
    if (this.getConnectionState() !== ConnectionState.DISCONNECTED)
      this.#go(ConnectionState.DISCONNECTED);
    tell(this.#onError, error);
  }

  #fail(cause: unknown): RegistryClientError {
    const room = this.getRoomInfo();
    const error = this.#typed(cause);
    this.#release(error);
    this.#go(ConnectionState.ERROR);
    tell(this.#onError, error);
    if (room?.role === "host") this.#registry.closeRoom(room.code, room.token).catch(() => {});
    return error;
  }

  #release(reason: Error): void {
    this.#life.abort(reason);
    this.#life = new AbortController();
    this.#roundTripTime = undefined;
    this.#unlink();
  }

  #unlink(): void {
    this.#link.abort();
    if (this.#webrtc.close) this.#webrtc.close();
    else this.#state.getPeerConnection()?.close();
  }

  get #room(): RoomInfo {
    return this.getRoomInfo()!;
  }

  #go(state: ConnectionState): void {
    this.#state.setState(state);
    tell(this.#onState, state);
  }

  #expect(states: ConnectionState[]): void {
    const state = this.getConnectionState();
    if (!states.includes(state))
      throw this.#tellError(new StateError("bad_state", `Not possible while ${state}`));
  }

  // Errors

  #error(
    code: string,
    message: string,
    retryable?: boolean,
    options?: ErrorOptions,
  ): RegistryClientError {
    return this.#typed(new WebRTCError(code, message, retryable, options));
  }

  /** With the last states, of which an error that left the room's scope must not lose sight. */
  #typed(error: unknown): RegistryClientError {
    const known = error instanceof RegistryClientError;
    const typed = known ? error : new WebRTCError("webrtc_failed", "WebRTC refused what was asked");
    const { role, code: roomCode } = this.getRoomInfo() ?? {};
    const { connectionState, iceConnectionState, iceGatheringState, signalingState } =
      this.#state.getPeerConnection() ?? ({} as Partial<RTCPeerConnection>);
    typed.diagnostics ??= {
      connectionState,
      iceConnectionState,
      iceGatheringState,
      signalingState,
      role,
      roomCode,
      // Its message may quote the description.
      reason: known ? undefined : (error as Error)?.name,
    };
    return typed;
  }

  #tellError(error: unknown): RegistryClientError {
    const typed = this.#typed(error);
    tell(this.#onError, typed);
    return typed;
  }
}

const generationOf = ({ generation = 1 }: RoomSnapshot): number => generation;

/** The first offer and answer name no generation, as clients before renegotiation did not. */
const later = (generation: number) => (generation > 1 ? { generation } : undefined);
