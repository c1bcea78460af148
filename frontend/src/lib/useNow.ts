import { useSyncExternalStore } from "react";

const step = 10_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

const read = () => Math.floor(Date.now() / step) * step + step;

/** One clock for all that show a time, which runs while there are any. */
function subscribe(tell: () => void) {
  listeners.add(tell);
  timer ??= setInterval(() => {
    for (const listener of listeners) listener();
  }, step);
  return () => {
    listeners.delete(tell);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time in milliseconds, a few seconds exact, so that "3 min. ago" stays true. */
export const useNow = () => useSyncExternalStore(subscribe, read);
