import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { keys } from "./keys";
import { useStale } from "./queries";
import type { components, operations } from "./schema.gen";

type Schemas = components["schemas"];
export type RecordedCall = Schemas["RecordedCall"];
export type RecordedDetail = Schemas["RecordedDetail"];
export type Body = NonNullable<RecordedDetail["arguments"]>;
export type Summary = Schemas["SummaryAnswerBody"];
export type ServerCounts = Schemas["ServerCounts"];
export type HistoryStatus = Schemas["HistoryStateBody"];
export type CallQuery = NonNullable<operations["export-calls"]["parameters"]["query"]>;

/** How often what changes by itself is asked for again while the page is looked at, in milliseconds. */
const often = 3000;
const seldom = 15_000;

/** How many calls are looked through for new ones. */
export const mostFresh = 100;

const page = async (query: CallQuery, cursor: string | undefined, limit: number, signal: AbortSignal) =>
  ask(client.GET("/api/v2/history/calls", { params: { query: { ...query, cursor, limit } }, signal }));

const callsKey = (key: object) => [...keys.history, "calls", key];

/** Calls page by page, newest first. The key names what is asked for; the question is made when it is asked. */
export function useCalls(key: object, query: () => CallQuery) {
  return useInfiniteQuery({
    queryKey: callsKey(key),
    queryFn: ({ pageParam, signal }) => page(query(), pageParam, 50, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
}

/** Asks for the first page of calls again; what followed it is forgotten. */
export function useStartOver(key: object) {
  const cache = useQueryClient();
  return () => {
    const first = <T>(list: T[]) => list.slice(0, 1);
    cache.setQueryData<{ pages: unknown[]; pageParams: unknown[] }>(
      callsKey(key),
      (old) => old && { pages: first(old.pages), pageParams: first(old.pageParams) },
    );
    void cache.invalidateQueries({ queryKey: callsKey(key) });
  };
}

/**
 * The newest of the same calls, again and again: what is new among them is told, and shown when the reader wants it. A
 * call is recorded when it ends and stands where it began, so that a new one need not be the newest.
 */
export function useNewest(key: object, query: () => CallQuery, enabled: boolean) {
  const stale = useStale();
  return useQuery({
    queryKey: [...keys.history, "newest", key],
    queryFn: ({ signal }) => page(query(), undefined, mostFresh, signal),
    refetchInterval: stale ? false : often,
    enabled,
    gcTime: 0,
  }).data?.calls;
}

/** A call with what was kept of its arguments and result, if it is asked for. */
export function useRecorded(id: number | undefined) {
  return useQuery({
    queryKey: [...keys.history, "call", id],
    queryFn: ({ signal }) =>
      ask(client.GET("/api/v2/history/calls/{id}", { params: { path: { id: id ?? 0 } }, signal })),
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY, // what is recorded does not change
  });
}

/** The calls of the same thing before one. */
export function useEarlier(call: RecordedCall) {
  const { server, kind, name, id } = call;
  return useQuery({
    queryKey: [...keys.history, "earlier", id],
    queryFn: ({ signal }) => page({ server, kind, name }, String(id), 5, signal),
  });
}

/** What happened to a server around a time, in milliseconds. */
export function useAround(server: string, from: number, to: number) {
  const query = { server, since: new Date(from).toISOString(), until: new Date(to).toISOString(), limit: 20 };
  return useQuery({
    queryKey: [...keys.history, "events", query],
    queryFn: ({ signal }) => ask(client.GET("/api/v2/history/events", { params: { query }, signal })),
    enabled: server !== "",
  });
}

/**
 * Numbers of calls over a length of time that ends now, in milliseconds. All screens that show numbers of calls ask this:
 * the list of servers, their heads, and the charts.
 */
export function useSummary(period: number, server?: string) {
  const stale = useStale();
  return useQuery({
    queryKey: [...keys.history, "summary", period, server],
    queryFn: ({ signal }) => {
      const query = { since: new Date(Date.now() - period).toISOString(), server };
      return ask(client.GET("/api/v2/history/summary", { params: { query }, signal }));
    },
    refetchInterval: stale ? false : seldom,
  });
}

/** The length of time that lists and heads of servers show. */
export const day = 86_400_000;

/** Whether calls are recorded, and how much there is. */
export function useHistoryStatus() {
  const stale = useStale();
  return useQuery({
    queryKey: [...keys.history, "status"],
    queryFn: ({ signal }) => ask(client.GET("/api/v2/history/status", { signal })),
    refetchInterval: stale ? false : often,
    staleTime: often,
  });
}

/** Changes what is recorded, in the configuration file. */
export function useChangeHistory() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: operations["change-history-settings"]["requestBody"]["content"]["application/json"]) =>
      ask(client.PATCH("/api/v2/history/settings", { body })),
    onSuccess: (status) => cache.setQueryData([...keys.history, "status"], status),
  });
}

export type Recording = "all" | "no bodies" | "nothing";

/** Changes what is recorded of one server, in the configuration file. */
export function useSetRecording(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (history: Recording) =>
      ask(client.PATCH("/api/v2/servers/{name}", { params: { path: { name } }, body: { history } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.config }),
  });
}

export function useForget() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ask(client.DELETE("/api/v2/history")),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.history }),
  });
}

/** Where a file of the calls is. */
export function exportURL(query: CallQuery, format: "jsonl" | "har"): string {
  const given = Object.entries({ ...query, format }).filter((e): e is [string, string] => typeof e[1] === "string");
  return `/api/v2/history/export?${new URLSearchParams(given)}`;
}
