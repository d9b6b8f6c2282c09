// The registry's routes as methods. A request is made again only where doing it twice cannot hurt.

import { NetworkError, RegistryClientError, RegistryError, TimeoutError } from "./errors.js";
import { HttpClient } from "./http-client.js";
import type {
  CallOptions,
  CandidateList,
  CandidateReadOptions,
  Clock,
  DescriptionOptions,
  HttpResponse,
  IHttpClient,
  IRegistryClient,
  PublicRoomInfo,
  RegistryClientConfig,
  RetryPolicy,
  RoomCreationResponse,
  RoomJoinResponse,
  RoomReadOptions,
  RoomSnapshot,
} from "./interfaces.js";
import { defaultRetry, retry } from "./retry.js";
import { systemClock, within } from "./time.js";
import { bodyOf, candidatesOf, checked, isNumber, isString, roomOf } from "./wire.js";

const REQUEST_TIMEOUT = 10_000;

interface Call extends CallOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
  query?: Record<string, number | undefined>;
  /** Asked of every failure that is retryable; all may be repeated unless given. */
  mayRepeat?: (error: RegistryClientError) => boolean;
}

/** Said by the server, which therefore did not do what it was asked. */
const notDone = (error: RegistryClientError): boolean =>
  error instanceof RegistryError && (error.status === 429 || error.status === 503);

/** Only what the contract names: a browser's object has more. */
const wireCandidate = ({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidateInit) => ({
  candidate,
  sdpMid,
  sdpMLineIndex,
});

export class RegistryClient implements IRegistryClient {
  readonly #url: string;
  readonly #http: IHttpClient;
  readonly #retry: RetryPolicy;
  readonly #timeout: number;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor({
    registryApiUrl,
    fetch,
    httpClient = new HttpClient(fetch),
    retry: policy,
    timeouts,
    clock = systemClock,
    random = Math.random,
  }: RegistryClientConfig) {
    this.#url = registryApiUrl.replace(/\/+$/, "");
    this.#http = httpClient;
    this.#retry = { ...defaultRetry, ...policy };
    this.#timeout = timeouts?.request ?? REQUEST_TIMEOUT;
    this.#clock = clock;
    this.#random = random;
  }

  /** Not repeated when the answer got lost: that room expires by itself. */
  async createRoom(hostUserName: string, options?: CallOptions): Promise<RoomCreationResponse> {
    const call = { ...options, body: { hostUserName }, mayRepeat: notDone };
    return checked(await this.#call("POST", "", call), {
      code: isString,
      ownerToken: isString,
      joinCode: isString,
      expiresAt: isNumber,
    });
  }

  async getPublicRoomInfo(roomCode: string, options?: CallOptions): Promise<PublicRoomInfo> {
    return checked(await this.#call("GET", path(roomCode, "public"), options), {
      status: (status) => status === "open",
      hostUserName: isString,
      expiresAt: isNumber,
    });
  }

  /** Not repeated when the answer got lost: the join code works once. */
  async joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomJoinResponse> {
    const call = { ...options, body: { joinCode, guestUserName }, mayRepeat: notDone };
    return checked(await this.#call("POST", path(roomCode, "join"), call), {
      guestToken: isString,
      expiresAt: isNumber,
    });
  }

  postOffer(
    roomCode: string,
    token: string,
    offer: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    return this.#describe("offer", roomCode, token, offer, options);
  }

  postAnswer(
    roomCode: string,
    token: string,
    answer: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    return this.#describe("answer", roomCode, token, answer, options);
  }

  postCandidate(
    roomCode: string,
    token: string,
    candidate: RTCIceCandidateInit,
    options?: CallOptions,
  ): Promise<void> {
    return this.#candidates(roomCode, token, wireCandidate(candidate), options);
  }

  postCandidates(
    roomCode: string,
    token: string,
    candidates: RTCIceCandidateInit[],
    options?: CallOptions,
  ): Promise<void> {
    const body = { candidates: candidates.map(wireCandidate) };
    return this.#candidates(roomCode, token, body, options);
  }

  async getRoom(
    roomCode: string,
    token: string,
    { known, wait, signal }: RoomReadOptions = {},
  ): Promise<RoomSnapshot> {
    const response = await this.#call("GET", path(roomCode), {
      token,
      signal,
      query: { wait },
      headers: known?.etag ? { "If-None-Match": known.etag } : {},
    });
    return known && response.status === 304 ? known : roomOf(response);
  }

  async getCandidates(
    roomCode: string,
    token: string,
    { since, wait, signal }: CandidateReadOptions = {},
  ): Promise<CandidateList> {
    const query = { since, wait };
    return candidatesOf(
      await this.#call("GET", path(roomCode, "candidates"), { token, signal, query }),
    );
  }

  /** A room that is gone when a lost request is repeated was closed by it. */
  async closeRoom(roomCode: string, token: string, options?: CallOptions): Promise<void> {
    let repeated = false;
    const mayRepeat = () => (repeated = true);
    try {
      await this.#call("POST", path(roomCode, "close"), { ...options, token, mayRepeat });
    } catch (error) {
      if (!(repeated && isCode(error, "not_found"))) throw error;
    }
  }

  async #describe(
    type: "offer" | "answer",
    roomCode: string,
    token: string,
    { sdp }: RTCSessionDescriptionInit,
    { generation, signal }: DescriptionOptions = {},
  ): Promise<void> {
    let repeated = false;
    const mayRepeat = () => (repeated = true);
    const body = { type, sdp, generation };
    try {
      await this.#call("POST", path(roomCode, type), { token, body, signal, mayRepeat });
    } catch (error) {
      // The request before may have arrived although its answer did not.
      if (!(repeated && isCode(error, "already_paired"))) throw error;
      const room = await this.getRoom(roomCode, token, { signal });
      if (room[type]?.sdp !== sdp) throw error;
    }
  }

  async #candidates(
    roomCode: string,
    token: string,
    body: unknown,
    options?: CallOptions,
  ): Promise<void> {
    const key = `${this.#clock.now().toString(36)}-${this.#random().toString(36).slice(2)}`;
    const headers = { "Idempotency-Key": key };
    await this.#call("POST", path(roomCode, "candidate"), { ...options, token, body, headers });
  }

  /** An answer that is a success or 304. */
  #call(method: "GET" | "POST", path: string, call: Call = {}): Promise<HttpResponse> {
    return retry(
      () => this.#attempt(method, path, call),
      call.mayRepeat ?? (() => true),
      this.#retry,
      this.#clock,
      this.#random,
      call.signal,
    );
  }

  async #attempt(method: "GET" | "POST", path: string, call: Call): Promise<HttpResponse> {
    const { token, body, headers, query = {}, signal } = call;
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = asked.map(([name, value]) => `${name}=${value}`).join("&");
    const response = await within(
      this.#clock,
      this.#timeout + (query.wait ?? 0) * 1000,
      signal,
      () => new TimeoutError("request_timeout", "The registry did not answer in time", true),
      (signal) =>
        this.#send(method, `${this.#url}/rooms${path}${search && `?${search}`}`, body, signal, {
          ...headers,
          ...(token !== undefined && { "X-Access-Token": token }),
          ...(method === "POST" && { "X-Registry-Version": "1" }),
        }),
    );
    if (response.status !== 304) bodyOf(response);
    return response;
  }

  async #send(
    method: "GET" | "POST",
    url: string,
    body: unknown,
    signal: AbortSignal,
    headers: Record<string, string>,
  ): Promise<HttpResponse> {
    const http = this.#http;
    try {
      if (http.request) return await http.request({ method, url, headers, body, signal });
      const answer = await (method === "GET"
        ? http.get(url, headers)
        : http.post(url, body, headers));
      return { status: 200, headers: { get: () => null }, body: answer };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RegistryClientError) throw error;
      throw new NetworkError("network", "The registry could not be reached", true);
    }
  }
}

const path = (roomCode: string, route = ""): string =>
  `/${encodeURIComponent(roomCode)}${route && `/${route}`}`;

const isCode = (error: unknown, code: string): boolean =>
  error instanceof RegistryError && error.code === code;
