import { Link } from "@tanstack/react-router";
import type { Summary } from "../../api/history";
import { count, duration } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import type { Range } from "./filter";

const words = text.history.charts;

interface Props {
  summary: Summary;
  /** All are of this one. */
  server?: string;
  range: Range;
}

/** What takes longest, with a bar to compare by eye. Each leads to its calls. */
export function Slowest({ summary, server, range }: Props) {
  const most = Math.max(...summary.tools.map((t) => t.p95Ms), 1);
  return (
    <section aria-labelledby="slowest" className="flex flex-col gap-2">
      <h2 id="slowest" className="text-base">
        {words.slowest}
      </h2>
      <ol className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {summary.tools.map((t) => (
          <li
            key={`${t.server} ${t.kind} ${t.name}`}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-3 py-2 text-sm md:grid-cols-[minmax(0,1fr)_8rem_18rem] lg:grid-cols-[minmax(0,1fr)_12rem_18rem]"
          >
            <p className="foreign truncate">
              <Link
                to="/history"
                search={{ server: t.server, name: t.name, kind: t.kind, range }}
                className="font-mono font-semibold hover:text-accent"
              >
                {line(t.name, 120)}
              </Link>{" "}
              {server === undefined && <span className="text-muted">{line(t.server, 60)}</span>}
            </p>
            <span aria-hidden className="h-2 overflow-hidden rounded-full bg-sunken max-md:hidden">
              <span
                className="block h-full rounded-full bg-solid"
                style={{ width: `${Math.max(1, (t.p95Ms / most) * 100)}%` }}
              />
            </span>
            <p className="text-right whitespace-nowrap text-muted max-md:col-span-2 max-md:text-left">
              <span className="font-medium text-text">{duration(t.p95Ms)}</span> {words.late} · {duration(t.p50Ms)}{" "}
              {words.median} · {words.callsOf(count(t.calls))}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}
