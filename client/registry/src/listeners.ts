// Callbacks. One that throws keeps no other from hearing, and its error reaches the platform as
// one that nobody handled.

import type { Undo } from "./interfaces.js";

export type Listeners<T> = Set<(value: T) => void>;

export function listen<T>(listeners: Listeners<T>, callback: (value: T) => void): Undo {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

export function tell<T>(listeners: Listeners<T>, value: T): void {
  for (const listener of listeners)
    try {
      listener(value);
    } catch (error) {
      void Promise.reject(error);
    }
}
