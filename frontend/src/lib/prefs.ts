import { stored } from "./stored";

/** What a person likes; kept in the browser, since it is about the page and not the hub. */
export interface Prefs {
  theme: "system" | "light" | "dark";
  /** Single keys do things. People who speak to their machine switch it off. */
  keys: boolean;
  /** Lists have narrow rows. */
  dense: boolean;
  wrap: boolean;
  /** How the times of log lines are written. */
  times: "clock" | "date" | "utc";
  /** The hub itself among the servers. */
  builtin: boolean;
}

const initial: Prefs = { theme: "system", keys: true, dense: false, wrap: true, times: "clock", builtin: false };
const dark = matchMedia("(prefers-color-scheme: dark)");

export const { get: prefs, set: setPrefs, use: usePrefs, follow: followPrefs } = stored("mcp-hub", initial);

/** Makes the page look as the person and the system want it, now and when either changes. */
export function applyLook() {
  const { theme, dense } = prefs();
  document.documentElement.dataset.theme = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
  document.documentElement.toggleAttribute("data-dense", dense);
}

followPrefs(applyLook);
dark.addEventListener("change", applyLook);
