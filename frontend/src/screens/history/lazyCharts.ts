import { lazyRouteComponent } from "@tanstack/react-router";

/** The charts of calls, which are loaded when somebody looks at them. */
export const Charts = lazyRouteComponent(() => import("./Charts"), "Charts");

/**
 * Loads them for an address that shows them, so that the router has them before it goes there: what React itself waits for
 * it holds back for another 300 ms.
 */
export const loadCharts = (view?: string) => (view === "charts" ? Charts.preload?.() : undefined);
