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
  let text: string | undefined;
  try {
    text = JSON.stringify(message);
  } catch {
    // A circle, or a bigint.
  }
  if (!text) throw new WebRTCError("bad_message");
  return text;
}

export const encodeFrame = (frame: Frame): string => `!${JSON.stringify(frame)}`;

/** Hands what arrived to one of the two. */
export function decode(
  data: any,
  onMessage: (message: unknown) => void,
  onFrame: (frame: Frame) => void,
): void {
  const isFrame = data[0] === "!";
  let value = data;
  try {
    value = JSON.parse(isFrame ? data.slice(1) : data);
  } catch {
    // Not ours.
  }
  if (!isFrame) onMessage(value);
  else if (value instanceof Object) onFrame(value);
  else onMessage(data);
}
