import { useSyncExternalStore } from "react";

/** What a person likes; kept in the browser, since it is about the page and not the hub. */
export interface Prefs {
  theme: "system" | "light" | "dark";
  /** Single keys do things. People who speak to their machine switch it off. */
  keys: boolean;
  dense: boolean;
  wrap: boolean;
  /** How the times of log lines are written. */
  times: "clock" | "date" | "utc";
  /** The hub itself among the servers. */
  builtin: boolean;
}

const initial: Prefs = { theme: "system", keys: true, dense: false, wrap: true, times: "clock", builtin: false };
const name = "mcp-hub";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let prefs = load();

function load(): Prefs {
  try {
    return { ...initial, ...JSON.parse(localStorage.getItem(name) ?? "{}") };
  } catch {
    return initial; // a browser may keep nothing
  }
}

export function setPrefs(change: Partial<Prefs>) {
  prefs = { ...prefs, ...change };
  try {
    localStorage.setItem(name, JSON.stringify(prefs));
  } catch {
    // it holds until the page is left
  }
  applyTheme();
  for (const tell of listeners) tell();
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => prefs,
  );
}

/** Makes the page light or dark, now and when the system changes. */
export function applyTheme() {
  const theme = prefs.theme === "system" ? (dark.matches ? "dark" : "light") : prefs.theme;
  document.documentElement.dataset.theme = theme;
}

dark.addEventListener("change", applyTheme);
