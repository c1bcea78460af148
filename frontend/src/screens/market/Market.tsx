import { useNavigate, useSearch } from "@tanstack/react-router";
import { PackageSearch } from "lucide-react";
import { type Sort, useCategories, useMarket } from "../../api/market";
import { count } from "../../lib/format";
import { line } from "../../lib/text";
import { useLate } from "../../lib/useLate";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Filter, Select } from "../../ui/Field";
import { Empty, Failure, Loading } from "../../ui/states";
import { Card } from "./Card";
import { Sources } from "./Sources";
import { Updates } from "./Updates";

const sorts: Sort[] = ["relevance", "stars", "newest", "name"];

export function Market() {
  const search = useSearch({ from: "/market" });
  const navigate = useNavigate({ from: "/market" });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });

  const sort = sorts.find((s) => s === search.sort) ?? "relevance";
  const market = useMarket({ q: useLate(search.q), category: search.category, source: search.source, sort });
  const first = market.data?.pages[0];
  const categories = useCategories(first?.sources.reduce((n, s) => n + s.items, 0)).data ?? [];
  const items = market.data?.pages.flatMap((p) => p.items) ?? [];
  const clear = () => set({ q: undefined, category: undefined, source: undefined });

  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-baseline gap-x-4">
        <h1 className="text-xl font-semibold">{text.market.title}</h1>
        {first && <p className="text-muted">{text.market.found(count(first.total))}</p>}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Filter value={search.q ?? ""} onChange={(q) => set({ q: q || undefined })} label={text.market.search} />
        {categories.length > 0 && (
          <Select
            aria-label={text.market.category}
            value={search.category ?? ""}
            onChange={(e) => set({ category: e.target.value || undefined })}
            className="w-auto! max-w-44"
          >
            <option value="">{text.market.allCategories}</option>
            {categories.map((c) => (
              <option key={c.name} value={c.name}>
                {line(c.name, 40)} ({c.items})
              </option>
            ))}
          </Select>
        )}
        {first && first.sources.length > 1 && (
          <Select
            aria-label={text.market.source}
            value={search.source ?? ""}
            onChange={(e) => set({ source: e.target.value || undefined })}
            className="w-auto! max-w-44"
          >
            <option value="">{text.market.allSources}</option>
            {first.sources.map((s) => (
              <option key={s.name} value={s.name}>
                {line(s.name, 40)} ({s.items})
              </option>
            ))}
          </Select>
        )}
        <div className="grow" />
        <Select
          aria-label={text.market.sort}
          value={sort}
          onChange={(e) => set({ sort: e.target.value === "relevance" ? undefined : e.target.value })}
          className="w-auto!"
        >
          {sorts.map((s) => (
            <option key={s} value={s}>
              {text.market.sorts[s]}
            </option>
          ))}
        </Select>
      </div>
      <Updates />
      {first && <Sources sources={first.sources} />}
      {market.error && <Failure error={market.error} retry={() => void market.refetch()} />}
      {!first && !market.error && <Loading rows={6} height="h-24" />}
      {first && items.length === 0 && (
        <Empty
          icon={<PackageSearch size={24} aria-hidden />}
          title={text.market.none}
          action={<Button onClick={clear}>{text.clearFilter}</Button>}
        />
      )}
      {items.length > 0 && (
        <ul aria-busy={market.isPlaceholderData} className="grid gap-3 md:grid-cols-2">
          {items.map((item) => (
            <Card key={`${item.source} ${item.id}`} item={item} />
          ))}
        </ul>
      )}
      {market.hasNextPage && (
        <Button busy={market.isFetchingNextPage} onClick={() => void market.fetchNextPage()} className="self-center">
          {text.market.more}
        </Button>
      )}
    </div>
  );
}
