import { useSyncExternalStore } from "react";

const step = 10_000;
const read = () => Math.floor(Date.now() / step) * step + step;

function subscribe(tell: () => void) {
  const timer = setInterval(tell, step);
  return () => clearInterval(timer);
}

/** The time in milliseconds, a few seconds exact, so that "3 min. ago" stays true. */
export const useNow = () => useSyncExternalStore(subscribe, read);
