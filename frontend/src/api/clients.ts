import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { keys } from "./keys";
import { useStale } from "./queries";
import type { components } from "./schema.gen";

export type Client = components["schemas"]["ConnectedClient"];
export type Token = components["schemas"]["ClientToken"];
export type Sight = components["schemas"]["SightAnswerBody"];
export type NewToken = components["schemas"]["NewClientBody"];

/** How often to ask who is connected, in milliseconds: the event stream does not tell of clients. */
const often = 2000;

/** The clients that are connected now. */
export function useClients() {
  const stale = useStale();
  return useQuery({
    queryKey: keys.clients,
    queryFn: async () => (await ask(client.GET("/api/v2/clients"))).clients,
    refetchInterval: stale ? false : often,
    staleTime: 0,
  });
}

/** Why a client sees a tool or not. Asked again and again, so that one sees when it is mended. */
export function useSight(asked: { id: string; server: string; tool: string }) {
  const { id, ...query } = asked;
  const stale = useStale();
  return useQuery({
    queryKey: [...keys.clients, "sight", asked],
    queryFn: ({ signal }) => ask(client.GET("/api/v2/clients/{id}/sight", { params: { path: { id }, query }, signal })),
    refetchInterval: (query) => (stale || query.state.error ? false : often),
    staleTime: 0,
    retry: false,
  });
}

/** Ends the session of a client. */
export function useDisconnect() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      await ask(client.DELETE("/api/v2/clients/{id}", { params: { path: { id } } }));
    },
    onSettled: () => cache.invalidateQueries({ queryKey: keys.clients }),
  });
}

/** The clients that have tokens of their own. */
export function useTokens(enabled = true) {
  return useQuery({
    enabled,
    queryKey: keys.tokens,
    queryFn: async () => (await ask(client.GET("/api/v2/tokens"))).tokens,
    staleTime: 0,
  });
}

export function useCreateToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (token: NewToken) => ask(client.POST("/api/v2/tokens", { body: token })),
    gcTime: 0, // the answer is the token itself
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.tokens }),
  });
}

export function useRevokeToken() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      await ask(client.DELETE("/api/v2/tokens/{name}", { params: { path: { name } } }));
    },
    onSettled: () => cache.invalidateQueries({ queryKey: keys.tokens }),
  });
}
