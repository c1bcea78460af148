import { Link } from "@tanstack/react-router";
import { GitCompareArrows } from "lucide-react";
import type { ReactNode } from "react";
import { type RecordedCall, useAround, useEarlier } from "../../api/history";
import { useServer, useServerLog } from "../../api/queries";
import { cx } from "../../lib/cx";
import { dateTime, duration, time } from "../../lib/format";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Outcome } from "./Outcome";

const words = text.history.call;
const margin = 30_000; // milliseconds before and after a call that count as around it
const close = 1000; // likewise, for lines of the log

/** What else the hub knows of the time of a call, and of calls like it. */
export function Around({ call: c }: { call: RecordedCall }) {
  const { server } = useServer(c.server);
  return (
    <section aria-labelledby="around" className="flex flex-col gap-3">
      <h2 id="around" className="text-base">
        {words.around}
      </h2>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {c.server && <Events call={c} />}
        {server && <Lines call={c} />}
        <Earlier call={c} />
      </div>
    </section>
  );
}

function Box({ title, link, children }: { title: string; link?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-2">
      <div className="flex items-center gap-3">
        <h3 className="grow text-sm text-muted">{title}</h3>
        {link}
      </div>
      {children}
    </section>
  );
}

const rows = "divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface text-sm";
const stamp = "shrink-0 font-mono text-xs leading-5.25 text-muted";

function Events({ call: c }: { call: RecordedCall }) {
  const begin = Date.parse(c.time);
  const { data } = useAround(c.server, begin - margin, begin + c.durationMs + margin);
  if (!data) return null;
  return (
    <Box title={words.events}>
      {data.events.length === 0 && <p className="text-sm text-muted">{words.noEvents}</p>}
      {data.events.length > 0 && (
        <ol className={rows}>
          {data.events.toReversed().map((e) => (
            <li key={e.id} className="flex gap-3 px-3 py-1.5">
              <time dateTime={e.time} title={dateTime(e.time)} className={stamp}>
                {time(e.time)}
              </time>
              <p className={cx("foreign min-w-0", (e.level === "error" || e.level === "warn") && "text-err")}>
                {line(e.text, 400)}
              </p>
            </li>
          ))}
        </ol>
      )}
    </Box>
  );
}

function Lines({ call: c }: { call: RecordedCall }) {
  const { data } = useServerLog(c.server);
  if (!data) return null;
  const begin = Date.parse(c.time) - close;
  const end = Date.parse(c.time) + c.durationMs + close;
  const lines = data.filter((l) => Date.parse(l.time) >= begin && Date.parse(l.time) <= end).slice(0, 100);
  return (
    <Box
      title={words.lines}
      link={
        <Link
          to="/servers/$name"
          params={{ name: c.server }}
          search={{ tab: "logs" }}
          className="text-sm text-accent hover:underline"
        >
          {words.wholeLog}
        </Link>
      }
    >
      {lines.length === 0 && <p className="text-sm text-muted">{words.noLines}</p>}
      {lines.length > 0 && (
        <ol tabIndex={0} aria-label={words.lines} className={cx(rows, "max-h-60 overflow-y-auto")}>
          {lines.map((l) => (
            <li key={l.id} className="flex gap-3 px-3 py-1">
              <time dateTime={l.time} title={dateTime(l.time)} className={stamp}>
                {time(l.time)}
              </time>
              <span className="foreign min-w-0 font-mono text-xs leading-5.25 whitespace-pre-wrap">
                {plain(l.text.slice(0, 2000))}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Box>
  );
}

/** Calls of the same thing before this one, each with a way to compare. */
function Earlier({ call: c }: { call: RecordedCall }) {
  const { data } = useEarlier(c);
  if (!data) return null;
  return (
    <Box title={words.others}>
      {data.calls.length === 0 && <p className="text-sm text-muted">{words.noOthers}</p>}
      {data.calls.length > 0 && (
        <ul className={rows}>
          {data.calls.map((e) => (
            <li key={e.id} className="flex items-center gap-3 px-3 py-1">
              <Link
                to="/history/$id"
                params={{ id: String(e.id) }}
                className="font-mono text-xs whitespace-nowrap hover:text-accent"
              >
                {dateTime(e.time)}
              </Link>
              <Outcome outcome={e.outcome} />
              <span className="grow text-muted max-sm:hidden">{duration(e.durationMs)}</span>
              <Link
                to="/history/$id"
                params={{ id: String(c.id) }}
                search={{ with: e.id }}
                aria-label={words.compareWith(dateTime(e.time))}
                className="ml-auto inline-flex min-h-6 items-center gap-1.5 text-accent hover:underline"
              >
                <GitCompareArrows size={14} aria-hidden />
                {text.history.compare}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Box>
  );
}
