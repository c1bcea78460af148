import type { Server } from "../../api/client";

export type Show = "all" | "attention" | "running" | "off";
export type Sort = "name" | "state" | "tools" | "since";

/** Whether a person has to do something. The hub decides: it grades the health. */
export const needsPerson = (s: Server) => s.health.level === "error";

const shows: Record<Show, (s: Server) => boolean> = {
  all: () => true,
  attention: needsPerson,
  running: (s) => s.state === "ready",
  off: (s) => s.health.level === "off",
};

const rank = { error: 0, warn: 1, ok: 2, off: 3 };

const sorts: Record<Sort, (a: Server, b: Server) => number> = {
  name: () => 0,
  state: (a, b) => rank[a.health.level as "ok"] - rank[b.health.level as "ok"],
  tools: (a, b) => b.lists.tools - a.lists.tools,
  since: (a, b) => Date.parse(b.since) - Date.parse(a.since),
};

export const isShow = (s: string | undefined): s is Show => s !== undefined && s in shows;
export const isSort = (s: string | undefined): s is Sort => s !== undefined && s in sorts;

/** The configuration files that the servers stand in. */
export const filesOf = (servers: Server[]) => [...new Set(servers.flatMap((s) => s.config?.file ?? []))].sort();

/** How many servers each filter shows. */
export function counts(servers: Server[]): Record<Show, number> {
  const of = (show: Show) => servers.filter(shows[show]).length;
  return { all: servers.length, attention: of("attention"), running: of("running"), off: of("off") };
}

/** The servers that the filters leave, in order. The words may stand in any of a server's texts. */
export function select(servers: Server[], show: Show, words: string, sort: Sort): Server[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return servers
    .filter(shows[show])
    .filter((s) => {
      const texts =
        `${s.name} ${s.displayName} ${s.description} ${s.transport} ${s.health.summary} ${s.config?.file ?? ""}`.toLowerCase();
      return wanted.every((w) => texts.includes(w));
    })
    .sort(sorts[sort]);
}
