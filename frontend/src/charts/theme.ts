import { useSyncExternalStore } from "react";

/** Which theme the page has now, however that came about. What draws on a canvas draws anew when it changes. */
export function useTheme(): string {
  return useSyncExternalStore(
    (tell) => {
      const observer = new MutationObserver(tell);
      observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      return () => observer.disconnect();
    },
    () => document.documentElement.dataset.theme ?? "light",
  );
}

/** A colour of the page, such as "--accent", as a canvas takes it. */
export const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
