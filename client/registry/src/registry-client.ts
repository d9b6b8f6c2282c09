// The registry's routes as methods. A request is made again only where doing it twice cannot hurt.

import { networkError, type RegistryClientError, RegistryError } from "./errors.js";
import { HttpClient } from "./http-client.js";
import type {
  CallOptions,
  CandidateList,
  CandidateReadOptions,
  Clock,
  DescriptionOptions,
  HttpRequest,
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
  /** Seconds that the server may take on top of its time. */
  wait?: number;
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
  readonly #request: (request: HttpRequest) => Promise<HttpResponse>;
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
    this.#request = requestBy(httpClient);
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
    const response = await this.#call("GET", path(roomCode) + search({ wait }), {
      token,
      signal,
      wait,
      headers: known?.etag ? { "If-None-Match": known.etag } : {},
    });
    return known && response.status === 304 ? known : roomOf(response);
  }

  async getCandidates(
    roomCode: string,
    token: string,
    { since, wait, signal }: CandidateReadOptions = {},
  ): Promise<CandidateList> {
    const route = path(roomCode, "candidates") + search({ since, wait });
    return candidatesOf(await this.#call("GET", route, { token, signal, wait }));
  }

  async closeRoom(roomCode: string, token: string, options?: CallOptions): Promise<void> {
    try {
      await this.#call("POST", path(roomCode, "close"), { ...options, token });
    } catch (error) {
      // Closed by the request before, whose answer was lost.
      if (!isRepeated(error, "not_found")) throw error;
    }
  }

  async #describe(
    type: "offer" | "answer",
    roomCode: string,
    token: string,
    { sdp }: RTCSessionDescriptionInit,
    { generation, signal }: DescriptionOptions = {},
  ): Promise<void> {
    const body = { type, sdp, generation };
    try {
      await this.#call("POST", path(roomCode, type), { token, body, signal });
    } catch (error) {
      // An earlier request may have arrived although its answer did not: one that was repeated here,
      // or by the browser, which sends a POST again by itself when a kept-alive connection breaks.
      if ((error as RegistryClientError).code !== "already_paired") throw error;
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
    const { token, body, headers, wait = 0, mayRepeat = () => true } = call;
    const request = {
      method,
      body,
      url: `${this.#url}/rooms${path}`,
      headers: {
        ...headers,
        ...(token && { "X-Access-Token": token }),
        ...(method === "POST" && { "X-Registry-Version": "1" }),
      },
    };
    const attempt = async (signal: AbortSignal) => {
      const response = await this.#request({ ...request, signal }).catch((error) => {
        throw networkError(error, signal);
      });
      if (response.status !== 304) bodyOf(response);
      return response;
    };
    return retry(
      () => within(this.#clock, this.#timeout + wait * 1000, call.signal, "request", attempt),
      mayRepeat,
      this.#retry,
      this.#clock,
      this.#random,
      call.signal,
    );
  }
}

/** Also of clients that know no more than get and post. */
function requestBy(http: IHttpClient): (request: HttpRequest) => Promise<HttpResponse> {
  return async (request) => {
    const { method, url, headers, body } = request;
    if (http.request) return http.request(request);
    const answer = await (method === "GET"
      ? http.get(url, headers)
      : http.post(url, body, headers));
    return { status: 200, headers: new Headers(), body: answer };
  };
}

const path = (roomCode: string, route = ""): string =>
  `/${encodeURIComponent(roomCode)}${route && `/${route}`}`;

const search = (query: Record<string, number | undefined>): string =>
  Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value], i) => `${i ? "&" : "?"}${name}=${value}`)
    .join("");

const isRepeated = (error: unknown, code: string): boolean =>
  (error as RegistryClientError).code === code && (error as RegistryClientError).attempts! > 1;
