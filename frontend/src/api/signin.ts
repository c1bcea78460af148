import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { keys } from "./keys";

const of = (name: string) => ({ params: { path: { name } } });

/** The query for how the sign-in to a server stands. Which state the server is in decides whether to ask again. */
export const signInState = (name: string, state: string) => ({
  queryKey: [...keys.signIn(name), state],
  queryFn: () => ask(client.GET("/api/v2/servers/{name}/auth", of(name))),
});

export const useSignInState = (name: string, state: string) => useQuery(signInState(name, state));

/** Begins a sign-in; the answer says where a person goes on with it. */
export function useBeginSignIn(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ask(client.POST("/api/v2/servers/{name}/sign-in", of(name))),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.signIn(name) }),
  });
}

export function useSignOut(name: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ask(client.POST("/api/v2/servers/{name}/sign-out", of(name))),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.signIn(name) }),
  });
}

/** Hands in the address at which a sign-in ended, for a browser that cannot reach the hub. */
export function useHandIn() {
  return useMutation({
    mutationFn: (url: string) => ask(client.POST("/api/oauth/manual_callback", { body: { url } })),
  });
}
