import { Link, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ExternalLink } from "lucide-react";
import { lazy, Suspense } from "react";
import { type ItemDetails, useItem } from "../../api/market";
import { ago, count } from "../../lib/format";
import { line, plain } from "../../lib/text";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Failure, Loading } from "../../ui/states";
import { ItemBadges } from "./Card";
import { Install } from "./Install";

const Markdown = lazy(() => import("../../ui/Markdown").then((m) => ({ default: m.Markdown })));

export function ItemScreen() {
  const { id = "", source } = useSearch({ from: "/market/item" });
  const { data, error, refetch } = useItem(id, source, false);
  return (
    <div className="flex flex-col gap-4">
      <Link to="/market" className="-ml-1 inline-flex items-center gap-1 self-start text-sm text-muted hover:text-text">
        <ChevronLeft size={15} aria-hidden />
        {text.market.title}
      </Link>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && (
        <>
          <Header item={data} />
          <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
            <div className="min-w-0 max-lg:order-2">
              <Readme id={id} source={source} />
            </div>
            <Install key={`${data.source} ${data.id}`} item={data} />
          </div>
        </>
      )}
    </div>
  );
}

function Header({ item }: { item: ItemDetails }) {
  const now = useNow();
  const facts = [
    item.author,
    item.version && text.market.version(item.version),
    item.license,
    item.stars > 0 && `${count(item.stars)} ${text.market.stars}`,
    item.updated && text.market.changed(ago(item.updated, now)),
    text.market.from(item.source),
  ].filter((f) => typeof f === "string" && f);
  const links = [
    { url: item.url, label: text.market.page },
    { url: item.repository, label: text.market.repository },
  ].filter((l, i, all) => l.url && all.findIndex((o) => o.url === l.url) === i);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <h1 className="foreign min-w-0 text-xl font-semibold">{line(item.name, 120)}</h1>
        <ItemBadges item={item} />
      </div>
      <p className="foreign max-w-prose">{plain(item.description.slice(0, 2000))}</p>
      <p className="foreign flex flex-wrap gap-x-4 gap-y-1 text-sm text-muted">
        <span>{line(facts.join(" · "), 400)}</span>
        {links.map(({ url, label }) => (
          <a
            key={label}
            href={url}
            target="_blank"
            rel="noopener noreferrer nofollow"
            className="inline-flex items-center gap-1 text-accent hover:underline"
          >
            {label}
            <ExternalLink size={12} aria-hidden />
          </a>
        ))}
      </p>
      {item.tags.length > 0 && (
        <p className="flex flex-wrap gap-1">
          {item.tags.slice(0, 20).map((t) => (
            <Badge key={t}>{line(t, 40)}</Badge>
          ))}
        </p>
      )}
      {item.status === "deprecated" && (
        <p className="foreign rounded-lg bg-warn-soft p-3">
          {text.market.deprecatedText} {line(item.statusMessage ?? "", 500)}
        </p>
      )}
    </div>
  );
}

const longest = 300_000;

function Readme({ id, source }: { id: string; source?: string }) {
  const { data, error, isPending } = useItem(id, source, true);
  if (isPending) return <Loading rows={8} height="h-5" />;
  if (error || !data.readme)
    return <p className="text-muted">{data?.readmeStale || error ? text.market.readmeFailed : text.market.noReadme}</p>;
  return (
    <article aria-label={text.market.readme} className="rounded-lg border border-line bg-surface p-5 shadow-card">
      <h2 className="sr-only">{text.market.readme}</h2>
      {data.readmeStale && <p className="mb-3 text-sm text-warn">{text.market.readmeOld}</p>}
      <Suspense fallback={<Loading rows={8} height="h-5" />}>
        <Markdown value={data.readme.slice(0, longest)} />
      </Suspense>
    </article>
  );
}
