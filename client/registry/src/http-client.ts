// HTTP as the registry wants it: no cookies, and a header that forces a preflight on every POST.

import type { HttpRequest, HttpResponse, IHttpClient } from "./interfaces.js";
import { bodyOf } from "./wire.js";

/** The headers of every POST. */
export const POSTED = { "Content-Type": "application/json", "X-Registry-Version": "1" };

export class HttpClient implements IHttpClient {
  readonly #fetch: typeof fetch | undefined;

  /** @param fetcher for tests and odd platforms; the platform's own by default */
  constructor(fetcher?: typeof fetch) {
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
    // A browser's own wants to be called as a function, not as a method.
    const ask = this.#fetch ?? fetch;
    const response = await ask(url, {
      method,
      mode: "cors",
      credentials: "omit",
      // Else a browser lets the second of two tabs that read one room wait for the first, for up to
      // 20 s: it hopes for an answer that it may share.
      cache: "no-store",
      headers: method === "POST" ? { ...headers, ...POSTED } : headers,
      body: JSON.stringify(body),
      signal,
    });
    const { status, headers: answered } = response;
    return { status, headers: answered, body: await response.json().catch(() => undefined) };
  }
}
