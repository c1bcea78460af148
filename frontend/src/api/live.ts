import type { LogLine, Server } from "./client";

/** What the event stream has told of the hub as a whole. */
export interface Live {
  /** "connecting" until the first snapshot; "lost" while there is no stream; "refused" if the hub does not know this browser. */
  link: "connecting" | "open" | "lost" | "refused";
  /** When the link came into this state, in milliseconds. */
  since: number;
  /** As the hub says it, such as "ready"; undefined until it has said something. */
  state?: string;
  port?: number;
  pid?: number;
}

/** One event of the hub. */
export interface Happening {
  id: string;
  kind: string;
  time: string;
  server?: string;
  data: Record<string, unknown>;
}

/** How many events the page remembers. */
export const remembered = 2000;

interface Change {
  seq: number;
  time: string;
  server?: string;
  data: Record<string, unknown> | null;
  servers?: Server[];
}

interface Snapshot {
  hub: { state: string; port: number; pid: number };
  servers: Server[];
}

/** An event as it came from the stream. */
export type Message = { name: string; id: string; text: string };

/** What a batch of messages changes. */
export interface Batch {
  hub?: Snapshot["hub"];
  /** All servers, if there was a snapshot. */
  all?: Server[];
  changed: Map<string, Server>;
  removed: Set<string>;
  /** Servers whose tools, resources or prompts may be others now. */
  lists: Set<string>;
  /** Servers whose sign-in may stand otherwise now. */
  signIns: Set<string>;
  lines: Map<string, LogLine[]>;
  config: boolean;
  /** The settings of the desktop may be others now. */
  desktop: boolean;
  happened: Happening[];
}

/** Reads messages into what they change. A message that makes no sense is left out. */
export function digest(messages: Message[]): Batch {
  const batch: Batch = {
    changed: new Map(),
    removed: new Set(),
    lists: new Set(),
    signIns: new Set(),
    lines: new Map(),
    config: false,
    desktop: false,
    happened: [],
  };
  for (const m of messages) {
    let data: unknown;
    try {
      data = JSON.parse(m.text);
    } catch {
      continue;
    }
    if (m.name === "snapshot") {
      const snapshot = data as Snapshot;
      batch.hub = snapshot.hub;
      batch.all = snapshot.servers;
      batch.changed.clear();
      batch.removed.clear();
      batch.config = true;
    } else if (m.name !== "gap") {
      take(batch, m, data as Change);
    }
  }
  return batch;
}

function take(batch: Batch, m: Message, c: Change) {
  const data = c.data ?? {};
  for (const server of c.servers ?? []) {
    batch.changed.set(server.name, server);
    batch.removed.delete(server.name);
  }
  switch (m.name) {
    case "hub_state":
      batch.hub = data as unknown as Snapshot["hub"];
      break;
    case "desktop_changed":
      batch.desktop = true;
      return; // nothing has happened to the hub
    case "config_changed":
      batch.config = true;
      break;
    case "servers_updated":
      for (const name of (data.removed ?? []) as string[]) {
        batch.removed.add(name);
        batch.changed.delete(name);
      }
      break;
    case "server_stderr":
    case "server_note": {
      const lines = batch.lines.get(c.server ?? "") ?? [];
      lines.push({ id: m.id, time: c.time, text: String(data.line ?? "") });
      batch.lines.set(c.server ?? "", lines);
      break;
    }
    case "server_sign_in":
      if (c.server) batch.signIns.add(c.server);
      break;
    case "server_lists":
    case "server_state":
      if (c.server) batch.lists.add(c.server);
  }
  batch.happened.push({ id: m.id, kind: m.name, time: c.time, server: c.server, data });
}

/** The list of servers after a batch, sorted by name. The same array if nothing changed. */
export function patched(servers: Server[] | undefined, batch: Batch): Server[] | undefined {
  const base = batch.all ?? servers;
  if (!base || (batch.changed.size === 0 && batch.removed.size === 0)) return base;
  const list = base.filter((s) => !batch.removed.has(s.name)).map((s) => batch.changed.get(s.name) ?? s);
  for (const server of batch.changed.values()) {
    if (!list.some((s) => s.name === server.name)) list.push(server);
  }
  return list.sort((a, b) => (a.name < b.name ? -1 : 1));
}
