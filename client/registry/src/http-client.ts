// HTTP as the registry wants it: no cookies, and a header that forces a preflight on every POST.

import { networkError } from "./errors.js";
import type { HttpRequest, HttpResponse, IHttpClient } from "./interfaces.js";
import { bodyOf } from "./wire.js";

export class HttpClient implements IHttpClient {
  readonly #fetch: typeof fetch;

  /** @param fetcher for tests and odd platforms; the platform's own by default */
  constructor(fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#fetch = fetcher;
  }

  /** @throws {RegistryError | NetworkError} */
  async get(url: string, headers: Record<string, string> = {}): Promise<any> {
    return bodyOf(await this.request({ method: "GET", url, headers }));
  }

  /** @throws {RegistryError | NetworkError} */
  async post(url: string, body?: any, headers: Record<string, string> = {}): Promise<any> {
    return bodyOf(await this.request({ method: "POST", url, body, headers }));
  }

  /** @throws {NetworkError} and the signal's reason */
  async request({ method, url, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const posted = method === "POST" && {
      "Content-Type": "application/json",
      "X-Registry-Version": "1",
    };
    try {
      const response = await this.#fetch(url, {
        method,
        mode: "cors",
        credentials: "omit",
        headers: { ...headers, ...posted },
        body: posted ? JSON.stringify(body ?? {}) : undefined,
        signal,
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: parsed(text) };
    } catch (error) {
      throw networkError(error, signal);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
