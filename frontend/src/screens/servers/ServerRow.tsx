import { memo } from "react";
import type { Server } from "../../api/client";
import type { ServerCounts } from "../../api/history";
import { useStale } from "../../api/queries";
import { cx } from "../../lib/cx";
import { ago, count, dateTime } from "../../lib/format";
import { serverAt } from "../../lib/links";
import { base } from "../../lib/paths";
import { line } from "../../lib/text";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Status } from "../../ui/Status";
import { Switch } from "../../ui/Switch";
import { Pulse } from "./Pulse";
import { ServerMenu } from "./ServerMenu";

interface Props {
  server: Server;
  /** What came of its calls lately; undefined if there were none, null while nobody knows. */
  pulse?: ServerCounts | null;
  chosen: boolean;
  onChoose: (name: string, chosen: boolean) => void;
  onEnable: (name: string, enabled: boolean) => void;
}

export const ServerRow = memo(function ServerRow({ server: s, pulse, chosen, onChoose, onEnable }: Props) {
  const now = useNow();
  const name = line(s.displayName, 80);
  return (
    <li
      data-row={s.name}
      className={cx(
        "grid grid-cols-[auto_minmax(0,1fr)_auto_auto] items-center gap-x-3 gap-y-1 px-3 py-(--row)",
        "md:grid-cols-[auto_minmax(0,1fr)_8.5rem_9rem_auto_auto] lg:grid-cols-[auto_minmax(0,1fr)_8.5rem_9rem_5rem_6rem_auto_auto]",
        "[contain-intrinsic-size:auto_3.75rem] [content-visibility:auto] focus-within:bg-accent-soft/40 hover:bg-sunken/60",
      )}
    >
      <input
        type="checkbox"
        checked={chosen}
        disabled={s.builtin}
        onChange={(e) => onChoose(s.name, e.target.checked)}
        aria-label={text.servers.choose(name)}
        className="size-4 accent-solid max-md:hidden"
      />
      <div className="col-start-1 min-w-0 max-md:col-span-2 md:col-start-2">
        <div className="flex min-w-0 items-center gap-2">
          <a href={serverAt(s.name)} data-row-link className="foreign truncate font-semibold hover:text-accent">
            {name}
          </a>
          <span className="md:hidden">
            <Status server={s} />
          </span>
        </div>
        <Summary server={s} />
      </div>
      <div className="max-md:hidden">
        <Status server={s} />
      </div>
      <div className="max-md:col-span-full max-md:row-start-2">
        {pulse !== null && <Pulse name={s.name} counts={pulse} />}
      </div>
      <div className="text-right text-sm text-muted max-lg:hidden">
        {s.state === "ready" && text.servers.tools(count(s.lists.tools))}
      </div>
      <div className="text-right text-sm text-muted max-lg:hidden" title={dateTime(s.since)}>
        {ago(s.since, now)}
      </div>
      {s.builtin ? (
        <span className="w-10" />
      ) : (
        <Switch checked={!s.disabled} onChange={(on) => onEnable(s.name, on)} label={text.server.enabledOf(name)} />
      )}
      <ServerMenu server={s} />
    </li>
  );
});

/** One line: what is wrong and what to do, or what the server is for. */
function Summary({ server: s }: { server: Server }) {
  const stale = useStale();
  const { level, summary, action } = s.health;
  if (level === "error" || (level === "warn" && s.state !== "starting")) {
    return (
      <p
        className={cx(
          "foreign line-clamp-2 text-sm",
          stale ? "text-muted" : level === "error" ? "text-err" : "text-warn",
        )}
      >
        {line(summary)} {action && <span className="text-muted">{line(action)}</span>}
      </p>
    );
  }
  const about = s.description ? line(s.description, 160) : text.transport(s.transport, s.era);
  const file = s.config && base(s.config.file);
  return (
    <p className="foreign truncate text-sm text-muted">
      {about}
      {file && file !== "servers.json" && ` · ${file}`}
    </p>
  );
}
