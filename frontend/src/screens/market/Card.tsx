import { Link } from "@tanstack/react-router";
import { Star } from "lucide-react";
import type { Item } from "../../api/market";
import { count } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";

export function Card({ item }: { item: Item }) {
  return (
    <li className="relative flex min-w-0 flex-col gap-1 rounded-lg border border-line bg-surface p-3.5 shadow-card hover:border-edge">
      <div className="flex items-start gap-2">
        <Link
          to="/market/item"
          search={{ id: item.id, source: item.source }}
          className="foreign min-w-0 grow font-semibold after:absolute after:inset-0 hover:text-accent"
        >
          {line(item.name, 80)}
        </Link>
        {item.stars > 0 && (
          <span className="flex shrink-0 items-center gap-1 text-sm text-muted">
            <Star size={13} aria-hidden />
            {count(item.stars)}
            <span className="sr-only">{text.market.stars}</span>
          </span>
        )}
      </div>
      <p className="foreign line-clamp-2 grow text-sm text-muted">{line(item.description || item.id, 240)}</p>
      <p className="mt-1 flex flex-wrap items-center gap-1.5">
        <ItemBadges item={item} />
        <span className="foreign ml-auto min-w-0 truncate text-xs text-muted">
          {line(item.author || item.source, 40)}
        </span>
      </p>
    </li>
  );
}

export function ItemBadges({ item }: { item: Item }) {
  return (
    <>
      {item.installed.length > 0 && <Badge tone="ok">{text.market.installed}</Badge>}
      {item.verified && <Badge tone="accent">{text.market.verified}</Badge>}
      {item.status === "deprecated" && <Badge tone="warn">{text.market.deprecated}</Badge>}
      {item.kinds.map((k) => (
        <Badge key={k}>{text.market.kinds[k as "npm"] ?? k}</Badge>
      ))}
    </>
  );
}
