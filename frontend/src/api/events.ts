import type { QueryClient } from "@tanstack/react-query";
import type { LogLine, Server } from "./client";
import { keys } from "./keys";
import { digest, type Happening, type Live, type Message, patched, remembered } from "./live";

const names = [
  "snapshot",
  "gap",
  "server_state",
  "server_health",
  "server_lists",
  "server_stderr",
  "server_note",
  "server_sign_in",
  "config_changed",
  "servers_updating",
  "servers_updated",
  "hub_state",
  "desktop_changed",
  "workspaces_updated",
];

/** How long to wait, in milliseconds, before a stream that the hub has refused is asked for again. */
const retryAfter = 2000;

/** The most lines of a server's log that are kept; the hub keeps as many. */
const keptLines = 500;

/**
 * Keeps the query cache up to date with what the hub tells, until it is stopped. There is one stream per page, since a
 * browser allows six connections to the hub for all its pages.
 */
export function follow(cache: QueryClient): () => void {
  let source: EventSource | undefined;
  let waiting: Message[] = [];
  let frame = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  const link = (state: Live["link"]) =>
    cache.setQueryData<Live>(keys.live, (old) =>
      old?.link === state ? old : { ...old, link: state, since: Date.now() },
    );

  const flush = () => {
    frame = 0;
    const messages = waiting;
    waiting = [];
    apply(cache, messages);
  };

  // One rendering per frame. A page in the background has no frames, and then the timer empties the queue.
  const soon = () => {
    if (frame) return;
    if (document.hidden) frame = window.setTimeout(flush, 200);
    else frame = requestAnimationFrame(flush);
  };

  const open = () => {
    if (stopped) return;
    source = new EventSource("/api/v2/stream");
    source.onopen = () => link("open");
    source.onerror = async () => {
      if (source?.readyState !== EventSource.CLOSED) {
        link("lost"); // the browser tries again by itself
        return;
      }
      clearTimeout(retry);
      retry = setTimeout(open, retryAfter);
      link((await refused()) ? "refused" : "lost");
    };
    for (const name of names) {
      source.addEventListener(name, (event) => {
        waiting.push({ name, id: event.lastEventId, text: event.data });
        soon();
      });
    }
  };

  open();
  return () => {
    stopped = true;
    clearTimeout(retry);
    source?.close();
  };
}

/** Whether the hub does not answer because it does not know this browser: the stream itself cannot tell. */
async function refused(): Promise<boolean> {
  try {
    return (await fetch("/api/v2/servers")).status === 401;
  } catch {
    return false;
  }
}

/** A log with the lines that were told since; it may have some of them already. */
function added(old: LogLine[], lines: LogLine[]): LogLine[] {
  const known = new Set(old.slice(-lines.length * 2).map((l) => l.id));
  return [...old, ...lines.filter((l) => !known.has(l.id))].slice(-keptLines);
}

function apply(cache: QueryClient, messages: Message[]) {
  const batch = digest(messages);
  if (batch.hub) {
    const hub = batch.hub;
    cache.setQueryData<Live>(keys.live, (old) => ({
      link: "open",
      since: old?.link === "open" ? old.since : Date.now(),
      state: hub.state,
      port: hub.port,
      pid: hub.pid,
    }));
  }
  cache.setQueryData<Server[]>(keys.servers, (old) => patched(old, batch));
  if (batch.happened.length > 0) {
    cache.setQueryData<Happening[]>(keys.activity, (old = []) => [...old, ...batch.happened].slice(-remembered));
  }
  for (const [server, lines] of batch.lines) {
    cache.setQueryData<LogLine[]>(keys.log(server), (old) => old && added(old, lines));
  }
  if (batch.all) {
    // Whatever else the page shows may have changed while it heard nothing.
    void cache.invalidateQueries({ predicate: (q) => !keys.streamed(q.queryKey) });
    return;
  }
  for (const name of batch.signIns) void cache.invalidateQueries({ queryKey: keys.signIn(name) });
  for (const name of batch.lists) void cache.invalidateQueries({ queryKey: keys.offers(name) });
  if (batch.lists.size > 0 || batch.config) void cache.invalidateQueries({ queryKey: keys.tools });
  if (batch.config) void cache.invalidateQueries({ queryKey: keys.config });
  if (batch.desktop) void cache.invalidateQueries({ queryKey: keys.desktop });
}
