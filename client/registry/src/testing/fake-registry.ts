// The registry in memory: what its contract says of rooms, without budgets. Clients that share a
// FakeRegistry find each other in it.

import { RegistryError } from "../errors.js";
import type {
  CallOptions,
  CandidateList,
  CandidateReadOptions,
  Clock,
  DescriptionOptions,
  IRegistryClient,
  PublicRoomInfo,
  Role,
  RoomCreationResponse,
  RoomJoinResponse,
  RoomReadOptions,
  RoomSnapshot,
} from "../interfaces.js";
import { sleep, systemClock } from "../time.js";

const LIVES = { open: 180_000, joined: 300_000, paired: 600_000, closed: 15_000 };
const MAX_CANDIDATES = 40;
const STATUS_OF: Record<string, number> = { forbidden: 403, bad_join_code: 403, not_found: 404 };

interface Listed {
  seq: number;
  generation: number;
  from: Role;
  candidate: RTCIceCandidateInit;
}

interface Room extends RoomSnapshot {
  code: string;
  joinCode: string;
  hostUserName: string;
  tokens: Map<string, Role>;
  candidates: Listed[];
  version: number;
}

export class FakeRegistry {
  readonly clock: Clock;
  readonly #rooms = new Map<string, Room>();
  readonly #watchers = new Set<() => void>();
  #count = 0;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  create(hostUserName: string): RoomCreationResponse {
    if (!/^[\w-]{1,32}$/.test(hostUserName)) throw refuse("bad_username");
    const n = ++this.#count;
    const code = `ROOM${String(n).padStart(4, "0")}`;
    const joinCode = String(100_000 + n);
    const ownerToken = `owner-token-${n}`;
    const room: Room = {
      code,
      joinCode,
      hostUserName,
      tokens: new Map([[ownerToken, "host"]]),
      candidates: [],
      version: 0,
      status: "open",
      offer: null,
      answer: null,
      updatedAt: 0,
      expiresAt: 0,
    };
    this.#rooms.set(code, room);
    this.#changed(room);
    return { code, ownerToken, joinCode, expiresAt: room.expiresAt };
  }

  publicInfo(code: string): PublicRoomInfo {
    const { status, expiresAt, hostUserName } = this.#room(code);
    if (status !== "open") throw refuse("not_found");
    return { status, expiresAt, hostUserName };
  }

  join(code: string, joinCode: string, guestUserName: string): RoomJoinResponse {
    if (!/^[\w-]{1,32}$/.test(guestUserName)) throw refuse("bad_username");
    const room = this.#room(code);
    if (room.status !== "open") throw refuse("not_open");
    if (room.joinCode !== joinCode) throw refuse("bad_join_code");
    const guestToken = `guest-token-${++this.#count}`;
    room.tokens.set(guestToken, "guest");
    room.status = "joined";
    this.#changed(room);
    return { guestToken, expiresAt: room.expiresAt };
  }

  offer(code: string, token: string, sdp: string, generation = 1): void {
    const room = this.#roomFor(code, token, "host");
    const current = room.generation ?? 1;
    const allowed = room.status !== "paired" ? 1 : room.answer ? current + 1 : current;
    if (generation !== allowed) throw refuse("already_paired");
    Object.assign(room, { offer: { type: "offer", sdp }, answer: null, generation });
    this.#changed(room);
  }

  answer(code: string, token: string, sdp: string, generation = 1): void {
    const room = this.#roomFor(code, token, "guest");
    if (!room.offer) throw refuse("no_offer");
    if (room.answer || generation !== room.generation) throw refuse("already_paired");
    Object.assign(room, { answer: { type: "answer", sdp }, status: "paired" });
    this.#changed(room);
  }

  candidates(code: string, token: string, candidates: RTCIceCandidateInit[]): void {
    const room = this.#roomFor(code, token);
    const from = room.tokens.get(token)!;
    const generation = room.generation ?? 1;
    const mine = room.candidates.filter((c) => c.from === from && c.generation === generation);
    const known = new Set(mine.map(({ candidate }) => JSON.stringify(candidate)));
    if (!candidates.length || !candidates.every(({ candidate }) => candidate))
      throw refuse("bad_candidate");
    const fresh = candidates.filter((candidate) => !known.has(JSON.stringify(candidate)));
    if (known.size + fresh.length > MAX_CANDIDATES) throw refuse("too_many_candidates");
    for (const candidate of fresh)
      room.candidates.push({ seq: ++this.#count, generation, from, candidate });
    this.#wake();
  }

  snapshot(code: string, token: string): RoomSnapshot {
    const { status, offer, answer, updatedAt, expiresAt, generation, version } = this.#roomFor(
      code,
      token,
    );
    const etag = `W/"${version}"`;
    return { status, offer, answer, updatedAt, expiresAt, generation, etag };
  }

  list(code: string, token: string, since?: number): CandidateList {
    const room = this.#roomFor(code, token);
    const theirs = room.candidates.filter(({ from }) => from !== room.tokens.get(token));
    const items = theirs.filter(({ seq }) => since === undefined || seq > since);
    return {
      items: items.map(({ candidate }) => candidate),
      mode: since === undefined ? "full" : "delta",
      lastSeq: theirs.at(-1)?.seq ?? 0,
    };
  }

  close(code: string, token: string): void {
    if (!this.#rooms.has(code)) return;
    this.#roomFor(code, token, "host");
    this.expire(code);
  }

  /** Makes the room one that is gone. */
  expire(code: string): void {
    this.#rooms.delete(code);
    this.#wake();
  }

  /** Reads until there is something new, or for as long as the reader is willing to wait. */
  async hold<T>(
    read: () => T,
    isNew: (value: T) => boolean,
    { wait = 0, signal }: { wait?: number; signal?: AbortSignal },
  ): Promise<T> {
    const ends = this.clock.now() + wait * 1000;
    for (;;) {
      signal?.throwIfAborted();
      const value = read();
      const rest = ends - this.clock.now();
      if (rest <= 0 || isNew(value)) return value;
      await this.#news(rest, signal);
    }
  }

  /** How many readers are held at the moment. */
  get waiting(): number {
    return this.#watchers.size;
  }

  async #news(ms: number, signal?: AbortSignal): Promise<void> {
    const own = new AbortController();
    const stop = () => own.abort(signal?.reason);
    signal?.addEventListener("abort", stop);
    const wake = () => own.abort();
    this.#watchers.add(wake);
    await sleep(this.clock, ms, own.signal).catch(() => {});
    this.#watchers.delete(wake);
    signal?.removeEventListener("abort", stop);
  }

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }

  #changed(room: Room): void {
    room.version++;
    room.updatedAt = this.clock.now();
    room.expiresAt = room.updatedAt + LIVES[room.status];
    this.#wake();
  }

  #room(code: string): Room {
    const room = this.#rooms.get(code.replace(/[\s-]/g, "").toUpperCase());
    if (!room || this.clock.now() >= room.expiresAt) throw refuse("not_found");
    return room;
  }

  #roomFor(code: string, token: string, role?: Role): Room {
    const room = this.#room(code);
    const has = room.tokens.get(token);
    if (!has || (role && has !== role)) throw refuse("forbidden");
    return room;
  }
}

function refuse(code: string): RegistryError {
  const conflict = /^(not_open|no_offer|already_paired|too_many_candidates)$/.test(code);
  return new RegistryError(code, false, code, {
    status: STATUS_OF[code] ?? (conflict ? 409 : 400),
  });
}

export class FakeRegistryClient implements IRegistryClient {
  readonly registry: FakeRegistry;
  /** The methods that were called, in order. */
  readonly calls: string[] = [];
  /** Called before every method; what it throws, or rejects with, the method rejects with. */
  interfere: (method: string) => void | Promise<void> = () => {};

  constructor(registry = new FakeRegistry()) {
    this.registry = registry;
  }

  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomCreationResponse> {
    return this.#call("createRoom", options, () => this.registry.create(hostUserName));
  }

  getPublicRoomInfo(roomCode: string, options?: CallOptions): Promise<PublicRoomInfo> {
    return this.#call("getPublicRoomInfo", options, () => this.registry.publicInfo(roomCode));
  }

  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomJoinResponse> {
    return this.#call("joinRoom", options, () =>
      this.registry.join(roomCode, joinCode, guestUserName),
    );
  }

  postOffer(
    roomCode: string,
    token: string,
    { sdp = "" }: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    return this.#call("postOffer", options, () =>
      this.registry.offer(roomCode, token, sdp, options?.generation),
    );
  }

  postAnswer(
    roomCode: string,
    token: string,
    { sdp = "" }: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    return this.#call("postAnswer", options, () =>
      this.registry.answer(roomCode, token, sdp, options?.generation),
    );
  }

  postCandidate(
    roomCode: string,
    token: string,
    candidate: RTCIceCandidateInit,
    options?: CallOptions,
  ): Promise<void> {
    return this.#call("postCandidate", options, () =>
      this.registry.candidates(roomCode, token, [candidate]),
    );
  }

  postCandidates(
    roomCode: string,
    token: string,
    candidates: RTCIceCandidateInit[],
    options?: CallOptions,
  ): Promise<void> {
    return this.#call("postCandidates", options, () =>
      this.registry.candidates(roomCode, token, candidates),
    );
  }

  getRoom(roomCode: string, token: string, options: RoomReadOptions = {}): Promise<RoomSnapshot> {
    const { known } = options;
    return this.#call("getRoom", options, async () => {
      const read = () => this.registry.snapshot(roomCode, token);
      const isNew = (room: RoomSnapshot) =>
        known ? room.etag !== known.etag : !!(isGuest(token) ? room.offer : room.answer);
      const room = await this.registry.hold(read, isNew, options);
      return room.etag === known?.etag ? known! : room;
    });
  }

  getCandidates(
    roomCode: string,
    token: string,
    options: CandidateReadOptions = {},
  ): Promise<CandidateList> {
    return this.#call("getCandidates", options, () =>
      this.registry.hold(
        () => this.registry.list(roomCode, token, options.since),
        ({ items }) => items.length > 0,
        options,
      ),
    );
  }

  closeRoom(roomCode: string, token: string, options?: CallOptions): Promise<void> {
    return this.#call("closeRoom", options, () => this.registry.close(roomCode, token));
  }

  async #call<T>(
    method: string,
    options: CallOptions | undefined,
    work: () => T | Promise<T>,
  ): Promise<T> {
    options?.signal?.throwIfAborted();
    this.calls.push(method);
    await this.interfere(method);
    options?.signal?.throwIfAborted();
    return work();
  }
}

const isGuest = (token: string): boolean => token.startsWith("guest");
