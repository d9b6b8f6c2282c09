// An HTTP client that asks a function instead of a server, and remembers what it was asked.

import type { HttpRequest, HttpResponse, IHttpClient } from "../interfaces.js";
import { bodyOf } from "../wire.js";

/** What the function answers: a status, 200 unless given, and what else there is. */
export interface FakeAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export type FakeHandler = (request: HttpRequest) => FakeAnswer | Promise<FakeAnswer>;

export class FakeHttpClient implements IHttpClient {
  readonly requests: HttpRequest[] = [];
  readonly #handler: FakeHandler;

  /** @param handler throws to say that the server cannot be reached */
  constructor(handler: FakeHandler = () => ({ status: 204 })) {
    this.#handler = handler;
  }

  async get(url: string, headers: Record<string, string> = {}): Promise<any> {
    return bodyOf(await this.request({ method: "GET", url, headers }));
  }

  async post(url: string, body?: any, headers: Record<string, string> = {}): Promise<any> {
    return bodyOf(await this.request({ method: "POST", url, headers, body }));
  }

  /** Rejects with the signal's reason when that aborts first. */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const { signal } = request;
    signal?.throwIfAborted();
    this.requests.push(request);
    let stop = () => {};
    const ended = new Promise<never>((_, reject) => {
      stop = () => reject(signal!.reason);
      signal?.addEventListener("abort", stop);
    });
    try {
      const answer = Promise.resolve(request).then(this.#handler);
      const { status = 200, headers = {}, body } = await Promise.race([answer, ended]);
      return { status, headers: new Headers(headers), body };
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }
}
