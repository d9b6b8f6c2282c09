// What the registry answers is unknown until it has been checked here.

import { RegistryError } from "./errors.js";
import type { CandidateList, HttpResponse, RoomSnapshot } from "./interfaces.js";

type Check = (value: any) => boolean;

export const isString: Check = (value) => typeof value === "string";
export const isNumber: Check = Number.isFinite;
/** Also the check of what may be missing. */
const isNumberOrNot: Check = (value) => value === undefined || isNumber(value);
const isDescription: Check = (value) =>
  value === null || (isString(value?.type) && isString(value.sdp));
/** The body of an answer that is no error; of a 304 there is none. @throws {RegistryError} */
export function bodyOf({ status, headers, body }: HttpResponse): any {
  const { error } = Object(body);
  if (status < 305 && !error) return body;
  const {
    code = `http_${status}`,
    message,
    retryable = status === 429 || status > 499,
    retryAfterSec = headers?.get("Retry-After"),
  } = Object(error);
  throw new RegistryError(`${code}`, retryable, message, {
    status,
    retryAfterSec: +retryAfterSec || undefined,
  });
}

/** Takes a successful answer to its body, an object whose named fields pass. It throws RegistryErrors. */
export const shaped =
  <T>(fields: Record<string, Check>) =>
  ({ status, body }: HttpResponse): T => {
    for (const name in fields)
      if (!fields[name]!(Object(body)[name]))
        throw new RegistryError("bad_response", true, name, { status });
    return body as T;
  };

const snapshot = /* @__PURE__ */ shaped<RoomSnapshot>({
  status: isString,
  offer: isDescription,
  answer: isDescription,
  updatedAt: isNumber,
  expiresAt: isNumber,
  generation: isNumberOrNot,
});

const list = /* @__PURE__ */ shaped<CandidateList>({
  items: Array.isArray,
  mode: isString,
  lastSeq: isNumberOrNot,
});

export const roomOf = (response: HttpResponse): RoomSnapshot => ({
  ...snapshot(response),
  etag: response.headers?.get("ETag") as string,
});

/** Candidates that are none are left out, for the others may be enough. */
export function candidatesOf(response: HttpResponse): CandidateList {
  const { items, ...rest } = list(response);
  return { ...rest, items: items.filter((item) => isString(item?.candidate)) };
}
