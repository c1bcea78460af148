import { RefreshCw } from "lucide-react";
import { beingRead, type Source, useRefresh } from "../../api/market";
import { cx } from "../../lib/cx";
import { ago, count } from "../../lib/format";
import { line } from "../../lib/text";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { complain } from "../../ui/Toast";

/** Where the items come from, how old they are, and what could not be read. */
export function Sources({ sources }: { sources: Source[] }) {
  const now = useNow();
  const refresh = useRefresh();
  const failed = sources.filter((s) => s.error);
  const reading = sources.filter(beingRead);
  const oldest = sources.flatMap((s) => s.fetchedAt ?? []).sort()[0];
  const summary = [
    failed.length > 0 && text.market.failed(failed.length, sources.length),
    reading.length > 0 && text.market.reading(reading.length),
    oldest && text.market.age(ago(oldest, now)),
  ].filter(Boolean);
  return (
    <div
      className={cx(
        "flex flex-wrap items-center gap-x-4 gap-y-1 rounded-lg text-sm",
        failed.length > 0 && "bg-warn-soft py-1.5 pr-1.5 pl-3",
      )}
    >
      <details className="min-w-0 grow">
        <summary className={cx("cursor-pointer", failed.length > 0 ? "text-warn" : "text-muted")}>
          {summary.join(" · ") || text.market.sources}
        </summary>
        <ul className="mt-2 flex flex-col gap-1.5">
          {sources.map((s) => (
            <li key={s.name} className="foreign">
              <span className="font-medium">{line(s.name, 60)}</span>{" "}
              <span className="text-muted">
                {text.market.items(count(s.items))}
                {s.fetchedAt && ` · ${text.market.age(ago(s.fetchedAt, now))}`}
              </span>
              {s.error && <span className="text-err"> {line(s.error, 400)}</span>}
            </li>
          ))}
        </ul>
      </details>
      <Button
        acts
        look="quiet"
        busy={refresh.isPending}
        onClick={() => refresh.mutate(undefined, { onError: complain })}
      >
        <RefreshCw size={14} aria-hidden className={cx(refresh.isPending && "animate-spin")} />
        {text.market.refresh}
      </Button>
    </div>
  );
}
