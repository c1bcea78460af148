import { ask, client } from "../../api/client";
import { keys } from "../../api/keys";

/** The query for a configuration file as it is on disk. */
export const configFile = (index: number) => ({
  queryKey: [...keys.config, "file", index],
  queryFn: () => ask(client.GET("/api/v2/config/files/{index}", { params: { path: { index } } })),
});

/** Writes a configuration file that still has the tag, and has it applied. */
export const putFile = (index: number, words: string, etag: string) =>
  ask(
    client.PUT("/api/v2/config/files/{index}", {
      params: { path: { index }, header: { "If-Match": etag } },
      body: { text: words },
    }),
  );

/** The query for the earlier texts of a file. */
export const configVersions = (index: number) => ({
  queryKey: [...keys.config, "versions", index],
  queryFn: async () =>
    (await ask(client.GET("/api/v2/config/files/{index}/versions", { params: { path: { index } } }))).versions,
});

/** The query for one of them. It never changes. */
export const configVersion = (index: number, id: string) => ({
  queryKey: ["config-version", index, id],
  queryFn: async () =>
    (await ask(client.GET("/api/v2/config/files/{index}/versions/{id}", { params: { path: { index, id } } }))).text,
  staleTime: Number.POSITIVE_INFINITY,
});

/** The query for what a text would do to the servers. */
export const configPlan = (index: number, words: string) => ({
  queryKey: [...keys.config, "plan", index, words],
  queryFn: () =>
    ask(client.POST("/api/v2/config/files/{index}/plan", { params: { path: { index } }, body: { text: words } })),
  gcTime: 10_000, // each has a whole text in its name
});
