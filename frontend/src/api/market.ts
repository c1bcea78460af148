import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "./client";
import { keys } from "./keys";
import type { components } from "./schema.gen";

type Schemas = components["schemas"];
export type Item = Schemas["MarketItem"];
export type ItemDetails = Schemas["ItemDetailsBody"];
export type Source = Schemas["MarketSource"];
export type Parameter = Schemas["MarketParameter"];
export type Plan = Schemas["InstallPlanBody"];
export type InstallRequest = Schemas["InstallRequestBody"];

export type Sort = "relevance" | "name" | "newest" | "stars";

export interface Search {
  q?: string;
  category?: string;
  source?: string;
  sort?: Sort;
}

const perPage = 30;

/** How often to look whether a source has been read, in milliseconds. */
const readAgain = 1500;

/** Whether a source is being read for the first time: nobody knows yet what it has. */
export const beingRead = (s: Source) => !s.fetchedAt && !s.error;

/** What can be installed, page by page. */
export function useMarket(search: Search) {
  return useInfiniteQuery({
    queryKey: [...keys.market, "search", search],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...search, offset: pageParam, limit: perPage };
      return ask(client.GET("/api/v2/marketplace", { params: { query }, signal }));
    },
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const shown = pages.reduce((n, p) => n + p.items.length, 0);
      return last.items.length > 0 && shown < last.total ? shown : undefined;
    },
    placeholderData: keepPreviousData,
    // While a source is read for the first time the hub answers with what it has.
    refetchInterval: (query) => (query.state.data?.pages[0]?.sources.some(beingRead) ? readAgain : false),
  });
}

/** The categories, of so many items: when there are others, they may be others too. */
export function useCategories(items: number | undefined) {
  return useQuery({
    queryKey: [...keys.market, "categories", items],
    enabled: items !== undefined,
    placeholderData: keepPreviousData,
    queryFn: async () => (await ask(client.GET("/api/v2/marketplace/categories"))).categories,
  });
}

/** One item; its README may have to be fetched, so it comes in a second request. */
export function useItem(id: string, source: string | undefined, readme: boolean) {
  return useQuery({
    queryKey: [...keys.market, "item", source, id, readme],
    queryFn: () => ask(client.GET("/api/v2/marketplace/item", { params: { query: { id, source, readme } } })),
  });
}

export function useUpdates() {
  return useQuery({
    queryKey: [...keys.market, "updates"],
    queryFn: async () => (await ask(client.GET("/api/v2/marketplace/updates"))).updates,
  });
}

export function useRefresh() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ask(client.POST("/api/v2/marketplace/refresh")),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.market }),
  });
}

/** What an installation would write. Asked anew whenever something in it changes. */
export function usePlan(body: InstallRequest) {
  return useQuery({
    queryKey: [...keys.market, "plan", body],
    queryFn: ({ signal }) => ask(client.POST("/api/v2/marketplace/plan", { body, signal })),
    placeholderData: keepPreviousData,
    gcTime: 0, // it may hold secrets
  });
}

export function useInstall() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: InstallRequest) => ask(client.POST("/api/v2/marketplace/install", { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.market }),
  });
}

export function useUpdate() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => ask(client.POST("/api/v2/servers/{name}/update", { params: { path: { name } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: [...keys.market, "updates"] }),
  });
}
