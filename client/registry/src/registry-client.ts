// The registry's routes as methods. A request is made again only where doing it twice cannot hurt.

import { NetworkError, RegistryClientError } from "./errors.js";
import { HttpClient, POSTED } from "./http-client.js";
import type {
  CallOptions,
  CandidateList,
  CandidateReadOptions,
  DescriptionOptions,
  IHttpClient,
  IRegistryClient,
  PublicRoomInfo,
  RegistryClientConfig,
  RoomCreationResponse,
  RoomJoinResponse,
  RoomReadOptions,
  RoomSnapshot,
} from "./interfaces.js";
import { type Settings, settingsOf } from "./parts.js";
import { retry } from "./retry.js";
import { within } from "./time.js";
import { bodyOf, candidatesOf, isNumber, isString, roomOf, shaped } from "./wire.js";

interface Call {
  token?: string;
  /** Makes it a POST. */
  body?: object;
  headers?: Record<string, string>;
  /**
   * The code of an error that a repeated request may meet because the one before, whose answer was
   * lost, did what it should. The call resolves to that error.
   */
  late?: string;
}

export class RegistryClient implements IRegistryClient {
  readonly #config: RegistryClientConfig & Settings & { httpClient: IHttpClient };

  constructor(config: RegistryClientConfig) {
    const httpClient = config.httpClient ?? new HttpClient(config.fetch);
    this.#config = { ...settingsOf(config), httpClient };
  }

  /** Not repeated when the answer got lost: that room expires by itself. */
  createRoom(hostUserName: string, options?: CallOptions): Promise<RoomCreationResponse> {
    return this.#call("", "", options, { body: { hostUserName } }).then(
      shaped({ code: isString, joinCode: isString, ownerToken: isString, expiresAt: isNumber }),
    );
  }

  getPublicRoomInfo(roomCode: string, options?: CallOptions): Promise<PublicRoomInfo> {
    return this.#call(roomCode, "/public", options).then(
      shaped({ status: isString, hostUserName: isString, expiresAt: isNumber }),
    );
  }

  /** Not repeated when the answer got lost: the join code works once. */
  joinRoom(
    roomCode: string,
    joinCode: string,
    guestUserName: string,
    options?: CallOptions,
  ): Promise<RoomJoinResponse> {
    const body = { joinCode, guestUserName };
    return this.#call(roomCode, "/join", options, { body }).then(
      shaped({ guestToken: isString, expiresAt: isNumber }),
    );
  }

  postOffer(
    roomCode: string,
    token: string,
    offer: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    return this.#describe(roomCode, token, "offer", offer, options);
  }

  postAnswer(
    roomCode: string,
    token: string,
    answer: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    return this.#describe(roomCode, token, "answer", answer, options);
  }

  postCandidate(
    roomCode: string,
    token: string,
    candidate: RTCIceCandidateInit,
    options?: CallOptions,
  ): Promise<void> {
    return this.#candidates(roomCode, token, bare(candidate), options);
  }

  postCandidates(
    roomCode: string,
    token: string,
    candidates: RTCIceCandidateInit[],
    options?: CallOptions,
  ): Promise<void> {
    return this.#candidates(roomCode, token, { candidates: candidates.map(bare) }, options);
  }

  async getRoom(
    roomCode: string,
    token: string,
    options: RoomReadOptions = {},
  ): Promise<RoomSnapshot> {
    const response = await this.#call(roomCode, "", options, { token });
    return response.status === 304 ? options.known! : roomOf(response);
  }

  getCandidates(
    roomCode: string,
    token: string,
    options?: CandidateReadOptions,
  ): Promise<CandidateList> {
    return this.#call(roomCode, "/candidates", options, { token }).then(candidatesOf);
  }

  /** A room that is not there any more is closed. */
  async closeRoom(roomCode: string, token: string, options?: CallOptions): Promise<void> {
    await this.#call(roomCode, "/close", options, { token, body: {}, late: "not_found" });
  }

  async #describe(
    roomCode: string,
    token: string,
    type: "offer" | "answer",
    { sdp }: RTCSessionDescriptionInit,
    options?: DescriptionOptions,
  ): Promise<void> {
    const body = { type, sdp, generation: options?.generation };
    const call = { token, body, late: "already_paired" };
    const answer = await this.#call(roomCode, `/${type}`, options, call);
    // Paired by the request before, or by somebody else's: what the room shows is ours, or is not.
    if (answer instanceof RegistryClientError) {
      const room = await this.getRoom(roomCode, token, options);
      if (room[type]?.sdp !== sdp) throw answer;
    }
  }

  async #candidates(
    roomCode: string,
    token: string,
    body: object,
    options?: CallOptions,
  ): Promise<void> {
    const { clock, random } = this.#config;
    const headers = { "Idempotency-Key": `${clock.now()}-${random()}` };
    await this.#call(roomCode, "/candidate", options, { token, body, headers });
  }

  /**
   * An answer that is a success or 304. What needs no token but a body is creating and joining a
   * room, which must not be done twice.
   */
  #call(
    roomCode: string,
    route: string,
    { signal, wait, since, known }: RoomReadOptions & CandidateReadOptions = {},
    { token, body, headers: more, late }: Call = {},
  ): Promise<any> {
    const { registryApiUrl, httpClient, clock, timeouts } = this.#config;
    // What is undefined is left out.
    const query = new URLSearchParams(JSON.parse(JSON.stringify({ since, wait }))).toString();
    const url =
      registryApiUrl.replace(/\/+$/, "") +
      `/rooms${roomCode && "/"}${encodeURIComponent(roomCode)}${route}${query && `?${query}`}`;
    const headers = {
      ...more,
      ...(token && { "X-Access-Token": token }),
      ...(known?.etag && { "If-None-Match": known.etag }),
      ...(body && POSTED),
    };
    const attempt = async (signal: AbortSignal) => {
      try {
        const response = httpClient.request
          ? await httpClient.request({ method: body ? "POST" : "GET", url, headers, body, signal })
          : {
              status: 200,
              body: await (body
                ? httpClient.post(url, body, headers)
                : httpClient.get(url, headers)),
            };
        bodyOf(response);
        return response;
      } catch (error) {
        if (error instanceof RegistryClientError) throw error;
        throw new NetworkError("network", true);
      }
    };
    const ms = timeouts.request + (wait ?? 0) * 1000;
    return retry(this.#config, signal, token || !body, late, () =>
      within(clock, ms, signal, "request", attempt),
    );
  }
}

/** Only what the contract names: a browser's object has more. */
const bare = ({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidateInit) => ({
  candidate,
  sdpMid,
  sdpMLineIndex,
});
