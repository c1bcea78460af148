import { type QueryClient, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { keys } from "./keys";
import { useStale } from "./queries";
import type { components, operations } from "./schema.gen";

type Asked = NonNullable<operations["read-logs"]["parameters"]["query"]>;
export type LogFilter = Pick<Asked, "server" | "source" | "level" | "q">;
type Entry = components["schemas"]["LogEntry"];

/** A line of the log. No two of one log have the same id. */
export type LogEntry = Entry & { id: string };

interface Log {
  /** Oldest first. */
  lines: LogEntry[];
  /** Where to ask for what is older; absent if there is nothing. */
  older?: string;
  newer?: string;
  /** Older lines were dropped here, since there were too many. */
  dropped?: boolean;
}

/** How often to ask for new lines, in milliseconds. */
const often = 1000;
/** How many lines to ask for at first, and at once when the reader goes back. */
const firstPage = 500;
const page = 2000;
/** The most lines that are kept, and how many stay when there are more. */
const most = 100_000;
const kept = 80_000;

let last = 0;
const named = (lines: Entry[]): LogEntry[] => lines.map((l) => ({ ...l, id: String(++last) }));

const read = async (query: Asked, signal?: AbortSignal) =>
  ask(client.GET("/api/v2/logs", { params: { query }, signal }));

// New and older lines are put to the same list: they are asked for one after the other, so that neither undoes the other.
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const result = turn.then(run);
  turn = result.catch(() => undefined);
  return result;
}

const logQuery = (cache: QueryClient, filter: LogFilter) => {
  const key = [...keys.logs, filter];
  return queryOptions({
    queryKey: key,
    queryFn: ({ signal }) =>
      inTurn(async (): Promise<Log> => {
        const old = cache.getQueryData<Log>(key);
        if (!old?.newer) {
          const { lines, older, newer } = await read({ ...filter, limit: firstPage }, signal);
          return { lines: named(lines), older, newer };
        }
        const { lines, newer } = await read({ ...filter, after: old.newer, limit: page }, signal);
        if (lines.length === 0) return old;
        const all = [...old.lines, ...named(lines)];
        if (all.length <= most) return { ...old, lines: all, newer };
        return { lines: all.slice(-kept), newer, dropped: true };
      }),
    structuralSharing: false, // comparing thousands of lines takes longer than showing them
    gcTime: 0,
    staleTime: 0,
  });
};

/** The log of the hub and of all servers as a filter has it, with what is added to it. */
export function useLog(filter: LogFilter) {
  const cache = useQueryClient();
  const stale = useStale();
  return useQuery({ ...logQuery(cache, filter), refetchInterval: stale ? false : often });
}

/** Loads what is older than what there is. */
export function useOlder(filter: LogFilter) {
  const cache = useQueryClient();
  const { queryKey } = logQuery(cache, filter);
  return useMutation({
    mutationFn: () =>
      inTurn(async () => {
        const before = cache.getQueryData(queryKey)?.older;
        if (!before) return;
        const { lines, older } = await read({ ...filter, before, limit: page });
        const added = named(lines);
        cache.setQueryData(queryKey, (old) => old && { ...old, lines: [...added, ...old.lines], older });
      }),
  });
}

/** The whole log as a filter has it, oldest first. */
export async function wholeLog(filter: LogFilter): Promise<Entry[]> {
  const pages: Entry[][] = [];
  let before: string | undefined;
  do {
    const { lines, older } = await read({ ...filter, before, limit: page });
    pages.unshift(lines);
    before = older;
  } while (before);
  return pages.flat();
}
