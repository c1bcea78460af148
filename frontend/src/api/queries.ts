import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { ask, client, type Server } from "./client";
import { keys } from "./keys";
import type { Happening, Live } from "./live";

const never = () => Promise.reject(new Error("this is filled by the event stream"));

/** The hub and the stream from it. */
export function useLive(): Live {
  const { data } = useQuery<Live>({ queryKey: keys.live, queryFn: never, enabled: false });
  return data ?? { link: "connecting", since: 0 };
}

/** Whether what the page shows may be out of date. The frame says so to all that ask: they are many. */
export const Stale = createContext(false);
export const useStale = () => useContext(Stale);

/** The servers as the stream tells them; asked for once, in case that is quicker. */
export function useServers() {
  return useQuery<Server[]>({
    queryKey: keys.servers,
    queryFn: async ({ signal }) => (await ask(client.GET("/api/v2/servers", { signal }))).servers,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useServer(name: string) {
  const { data, ...rest } = useServers();
  return { server: data?.find((s) => s.name === name), loaded: data !== undefined, ...rest };
}

export function useActivity(): Happening[] {
  const { data } = useQuery<Happening[]>({ queryKey: keys.activity, queryFn: never, enabled: false });
  return data ?? [];
}

const of = (name: string) => ({ params: { path: { name } } });

export function useTools(name: string, enabled = true) {
  return useQuery({
    queryKey: [...keys.offers(name), "tools"],
    queryFn: async () => (await ask(client.GET("/api/v2/servers/{name}/tools", of(name)))).tools,
    enabled,
  });
}

export function usePrompts(name: string) {
  return useQuery({
    queryKey: [...keys.offers(name), "prompts"],
    queryFn: async () => (await ask(client.GET("/api/v2/servers/{name}/prompts", of(name)))).prompts,
  });
}

export function useResources(name: string) {
  return useQuery({
    queryKey: [...keys.offers(name), "resources"],
    queryFn: () => ask(client.GET("/api/v2/servers/{name}/resources", of(name))),
  });
}

/** The query for a server's log, which the event stream then adds to. */
export const serverLog = (name: string) => ({
  queryKey: keys.log(name),
  queryFn: async () => {
    const params = { path: { name }, query: { lines: 500 } };
    return (await ask(client.GET("/api/v2/servers/{name}/logs", { params }))).lines;
  },
});

export const useServerLog = (name: string) => useQuery(serverLog(name));

/** What the hub is: version, where it answers, who is connected. */
export function useHealth() {
  return useQuery({ queryKey: keys.hub, queryFn: () => ask(client.GET("/api/health")) });
}

/** What all configuration files together say, and which of them says it. What may be secret is masked. */
export function useEffectiveConfig() {
  return useQuery({
    queryKey: [...keys.config, "effective"],
    queryFn: () => ask(client.GET("/api/v2/config/effective")),
  });
}

/** The configuration files, and what is wrong in them. */
export function useConfigFiles() {
  return useQuery({
    queryKey: [...keys.config, "files"],
    queryFn: () => ask(client.GET("/api/v2/config/files")),
  });
}

/** The JSON Schema of a configuration file, which stays as it is while the hub runs. */
export function useConfigSchema() {
  return useQuery({
    queryKey: ["schema"],
    queryFn: () => ask(client.GET("/api/v2/config/schema")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type Action = "start" | "stop" | "restart";

/** Starts, stops or restarts a server for this run of the hub. */
export function useServerAction() {
  return useMutation({
    mutationFn: ({ name, action }: { name: string; action: Action }) => {
      const path = `/api/v2/servers/{name}/${action}` as const;
      return ask(client.POST(path, of(name)));
    },
  });
}

/** Switches a server on or off in its configuration file. Shown at once, and taken back if it fails. */
export function useSetEnabled() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ name, enabled }: { name: string; enabled: boolean }) =>
      ask(client.PATCH("/api/v2/servers/{name}", { ...of(name), body: { disabled: !enabled } })),
    onMutate: ({ name, enabled }) => {
      const before = cache.getQueryData<Server[]>(keys.servers);
      const set = (s: Server) => (s.name === name ? { ...s, disabled: !enabled } : s);
      cache.setQueryData<Server[]>(keys.servers, (old) => old?.map(set));
      return before;
    },
    onError: (_error, { name, enabled }) => {
      const back = (s: Server) => (s.name === name ? { ...s, disabled: enabled } : s);
      cache.setQueryData<Server[]>(keys.servers, (old) => old?.map(back));
    },
  });
}

export type Kind = "tools" | "prompts" | "resources" | "resourceTemplates";

/** Shows things of a server to clients, or hides them. */
export function useSetOffered(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ kind, offered }: { kind: Kind; offered: Record<string, boolean> }) =>
      ask(client.PATCH("/api/v2/servers/{name}", { ...of(name), body: { [kind]: offered } })),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.offers(name) }),
  });
}

export function useDeleteServer() {
  return useMutation({
    mutationFn: async (name: string) => {
      await ask(client.DELETE("/api/v2/servers/{name}", of(name)));
    },
  });
}
