// What goes over the data channel. A message of the application is its JSON, as text. A frame of the
// client is "!", which no JSON begins with, and a JSON object:
//
//     !{"ping": t}      to be answered with !{"pong": t}
//     !{"restart": g}   offer g is, or should be, in the registry: look there
//     !{"bye": 1}       the sender leaves, and does not want to be reconnected
//
// Frames that it does not know a receiver ignores. Text that is no JSON, and binary data, come from
// other programs and are handed to the application as they are.

import { WebRTCError } from "./errors.js";

export interface Frame {
  ping?: number;
  pong?: number;
  restart?: number;
  bye?: number;
}

/** @throws {WebRTCError} when JSON has no form for it */
export function encode(message: unknown): string {
  try {
    const text = JSON.stringify(message);
    if (text !== undefined) return text;
  } catch {
    // Told below.
  }
  throw new WebRTCError("bad_message", "A message is any value that JSON can express");
}

export const encodeFrame = (frame: Frame): string => `!${JSON.stringify(frame)}`;

export function decode(data: unknown): { message: unknown } | { frame: Frame } {
  if (typeof data !== "string") return { message: data };
  const isFrame = data[0] === "!";
  try {
    const value: unknown = JSON.parse(isFrame ? data.slice(1) : data);
    if (!isFrame) return { message: value };
    if (value instanceof Object) return { frame: value };
  } catch {
    // Somebody's text.
  }
  return { message: data };
}
