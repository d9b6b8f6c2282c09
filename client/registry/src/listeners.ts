// Callbacks. One that throws keeps no other from hearing, and its error reaches the platform as an
// uncaught one.

import type { Undo } from "./interfaces.js";

export type Listeners<T> = Set<(value: T) => void>;

export function listen<T>(listeners: Listeners<T>, callback: (value: T) => void): Undo {
  // Its own function: the same callback registered twice is called twice.
  const own = (value: T) => callback(value);
  listeners.add(own);
  return () => void listeners.delete(own);
}

export function tell<T>(listeners: Listeners<T>, value: T): void {
  for (const listener of [...listeners])
    try {
      listener(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
}
