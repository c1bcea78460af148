import { Link } from "@tanstack/react-router";
import { CircleDot, LoaderCircle } from "lucide-react";
import type { Client } from "../../api/clients";
import { useStale } from "../../api/queries";
import { cx } from "../../lib/cx";
import { ago, count, dateTime } from "../../lib/format";
import { callsOf } from "../../lib/links";
import { line } from "../../lib/text";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { ClientMenu } from "./ClientMenu";

/** A client: what it is, since when, and what it did. */
export function ClientRow({ client: c }: { client: Client }) {
  const stale = useStale();
  const now = useNow();
  const busy = c.inFlight > 0;
  const name = line(c.name, 80);
  const state = busy ? text.clients.busy(c.inFlight) : c.listening ? text.clients.listening : text.clients.quiet;
  return (
    <li className="relative grid gap-x-4 gap-y-1 px-3 py-(--row) md:grid-cols-[minmax(0,1fr)_10rem_10rem_8rem_2rem] md:items-center">
      <div className="min-w-0 max-md:pr-8">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="foreign font-semibold">{name || text.clients.nameless}</span>
          <span className="foreign text-sm text-muted">{line(c.version, 40)}</span>
          {c.tokenName && <Badge>{text.clients.token(line(c.tokenName, 40))}</Badge>}
          {c.server && (
            <Badge>
              <Link to="/servers/$name" params={{ name: c.server }} className="foreign truncate hover:text-accent">
                {text.clients.only(line(c.server, 40))}
              </Link>
            </Badge>
          )}
        </p>
        <p className="foreign text-sm text-muted">
          {text.clients.speaks(line(c.revision, 20), c.era, c.transport)} ·{" "}
          <span title={dateTime(c.since)}>{text.clients.since(ago(c.since, now))}</span>
        </p>
      </div>
      <div className="flex flex-wrap gap-x-4 md:contents">
        <p className={cx("flex items-center gap-1.5 text-sm", busy && !stale ? "text-accent" : "text-muted")}>
          {busy ? (
            <LoaderCircle size={14} aria-hidden className={cx("shrink-0", !stale && "animate-spin")} />
          ) : (
            <CircleDot size={14} aria-hidden className={cx("shrink-0", c.listening && !stale && "text-ok")} />
          )}
          {stale ? text.state.was(state) : state}
        </p>
        <p className="text-sm text-muted">
          <span title={c.lastCall && dateTime(c.lastCall)}>
            {c.lastCall ? text.clients.lastCall(ago(c.lastCall, now)) : text.clients.noCall}
          </span>
        </p>
        <p className="text-sm md:text-right">
          {c.calls > 0 ? (
            <a href={callsOf({ client: c.name })} className="font-medium text-accent hover:underline">
              {text.clients.calls(count(c.calls), c.calls)}
              {c.failed > 0 && <span className="text-err"> · {text.clients.failedCalls(count(c.failed))}</span>}
            </a>
          ) : (
            <span className="text-muted">{text.clients.calls("0", 0)}</span>
          )}
        </p>
        <div className="max-md:absolute max-md:top-2 max-md:right-2">
          <ClientMenu client={c} />
        </div>
      </div>
    </li>
  );
}
