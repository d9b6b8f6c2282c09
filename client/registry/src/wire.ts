// What the registry answers is unknown until it has been checked here.

import { RegistryError } from "./errors.js";
import type { CandidateList, HttpResponse, RoomSnapshot } from "./interfaces.js";

type Check = (value: any) => boolean;

export const isString: Check = (value) => typeof value === "string";
export const isNumber: Check = Number.isFinite;
const isDescription: Check = (value) =>
  value === null || (isString(value?.type) && isString(value.sdp));
const isStatus: Check = (value) => ["open", "joined", "paired", "closed"].includes(value);
const isMode: Check = (value) => value === "full" || value === "delta";
const optionally =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** The body of a 2xx answer. @throws {RegistryError} */
export function bodyOf({ status, headers, body }: HttpResponse): unknown {
  const error = (body as any)?.error;
  if (status < 300 && !error) return body;
  const seconds = Number(error?.retryAfterSec ?? headers.get("Retry-After") ?? NaN);
  throw new RegistryError(
    isString(error?.code) ? error.code : `http_${status}`,
    isString(error?.message) ? error.message : `The registry answered ${status}`,
    error?.retryable ?? (status === 429 || status > 499),
    status,
    seconds >= 0 ? seconds : undefined,
  );
}

/** The body, when it is an object whose named fields pass. @throws {RegistryError} */
export function checked<T>(response: HttpResponse, fields: Record<string, Check>): T {
  const body = bodyOf(response) as any;
  const wrong = Object.keys(fields).find((name) => !body || !fields[name]!(body[name]));
  if (wrong)
    throw new RegistryError(
      "bad_response",
      `The registry's answer has no valid ${wrong}`,
      false,
      response.status,
    );
  return body;
}

export function roomOf(response: HttpResponse): RoomSnapshot {
  return {
    ...checked<RoomSnapshot>(response, {
      status: isStatus,
      offer: isDescription,
      answer: isDescription,
      updatedAt: isNumber,
      expiresAt: isNumber,
      generation: optionally(isNumber),
    }),
    etag: response.headers.get("ETag") ?? undefined,
  };
}

/** Candidates that are none are left out, for the others may be enough. */
export function candidatesOf(response: HttpResponse): CandidateList {
  const list = checked<CandidateList>(response, {
    items: Array.isArray,
    mode: isMode,
    lastSeq: optionally(isNumber),
  });
  return { ...list, items: list.items.filter((item) => isString(item?.candidate)) };
}
