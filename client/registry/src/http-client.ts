// HTTP as the registry wants it: no cookies, and a header that forces a preflight on every POST.

import type { HttpRequest, HttpResponse, IHttpClient } from "./interfaces.js";
import { bodyOf } from "./wire.js";

/** The headers of every POST. */
export const POSTED = { "Content-Type": "application/json", "X-Registry-Version": "1" };

export class HttpClient implements IHttpClient {
  readonly #fetch: typeof fetch;

  /** @param fetcher for tests and odd platforms; the platform's own by default */
  constructor(fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#fetch = fetcher;
  }

  /** @throws {RegistryError} and what fetch throws */
  get(url: string, headers?: Record<string, string>): Promise<any> {
    return this.request({ method: "GET", url, headers }).then(bodyOf);
  }

  /** @throws {RegistryError} and what fetch throws */
  post(url: string, body: any = {}, headers?: Record<string, string>): Promise<any> {
    return this.request({ method: "POST", url, body, headers }).then(bodyOf);
  }

  async request({ method, url, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const response = await this.#fetch(url, {
      method,
      mode: "cors",
      credentials: "omit",
      headers: { ...headers, ...(method === "POST" && POSTED) },
      body: JSON.stringify(body),
      signal,
    });
    const { status, headers: answered } = response;
    return { status, headers: answered, body: await response.json().catch(() => undefined) };
  }
}
