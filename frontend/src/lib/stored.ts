import { useSyncExternalStore } from "react";

/** Values that the browser keeps for the page, and all that show them. */
export interface Stored<T> {
  get: () => T;
  set: (change: Partial<T>) => void;
  /** Has a listener told of each change, and returns what ends that. */
  follow: (listener: () => void) => () => void;
  use: () => T;
}

/** Keeps values under a name in the browser; what was never set is as it is in the beginning. Other pages of the browser see changes. */
export function stored<T extends object>(name: string, initial: T): Stored<T> {
  const listeners = new Set<() => void>();
  const load = (): T => {
    try {
      return { ...initial, ...JSON.parse(localStorage.getItem(name) ?? "{}") };
    } catch {
      return initial; // a browser may keep nothing
    }
  };
  let now = load();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  addEventListener("storage", (event) => {
    if (event.key !== name) return;
    now = load();
    tell();
  });
  const follow = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const get = () => now;
  return {
    get,
    follow,
    set: (change) => {
      now = { ...now, ...change };
      try {
        localStorage.setItem(name, JSON.stringify(now));
      } catch {
        // it holds until the page is left
      }
      tell();
    },
    use: () => useSyncExternalStore(follow, get),
  };
}
