import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { keys } from "./keys";
import type { components } from "./schema.gen";

type Schemas = components["schemas"];
export type SecretUse = Schemas["SecretUse"];
export type Backend = Schemas["BackendBody"];
export type Finding = Schemas["Finding"];

// Asked for whenever the screen is opened: other programs keep secrets in the same place. Not asked for again and again,
// since a locked keyring may ask the person each time.
const fresh = { staleTime: 0, retry: false } as const;

export function useSecrets() {
  return useQuery({ queryKey: keys.secrets, queryFn: () => ask(client.GET("/api/v2/secrets")), ...fresh });
}

export function useBackend() {
  return useQuery({
    queryKey: [...keys.secrets, "backend"],
    queryFn: () => ask(client.GET("/api/v2/secrets/backend")),
    ...fresh,
  });
}

/** Values in the configuration files that seem to be secrets in plain text. */
export function useFindings() {
  return useQuery({
    queryKey: [...keys.secrets, "findings"],
    queryFn: async () => (await ask(client.GET("/api/v2/secrets/findings"))).findings,
    ...fresh,
  });
}

/** A change of the secrets. What it was given is forgotten as soon as it is done: it may be a secret. */
function useChange<In, Out>(run: (given: In) => Promise<Out>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: run,
    gcTime: 0,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.secrets }),
  });
}

const of = (name: string) => ({ params: { path: { name } } });

export const useSetSecret = () =>
  useChange(({ name, value }: { name: string; value: string }) =>
    ask(client.PUT("/api/v2/secrets/{name}", { ...of(name), body: { value } })),
  );

export const useDeleteSecret = () =>
  useChange(async (name: string) => {
    await ask(client.DELETE("/api/v2/secrets/{name}", of(name)));
  });

export const useUnlock = () =>
  useChange((passphrase: string) => ask(client.POST("/api/v2/secrets/unlock", { body: { passphrase } })));

export const useMigrate = () =>
  useChange((to: { backend: "keyring" | "file"; passphrase?: string }) =>
    ask(client.POST("/api/v2/secrets/migrate", { body: to })),
  );

const move = ({ server, path, key }: Finding, name: string, apply: boolean) =>
  ask(client.POST("/api/v2/secrets/move", { body: { server, path, key, name, apply } }));

export const useMove = () =>
  useChange(({ finding, name }: { finding: Finding; name: string }) => move(finding, name, true));

/** How a value will read once its secret is moved. */
export function useMovePreview(finding: Finding, name: string) {
  return useQuery({
    queryKey: [...keys.secrets, "move", finding, name],
    queryFn: () => move(finding, name, false),
    ...fresh,
  });
}
