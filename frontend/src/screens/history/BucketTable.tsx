import { Link } from "@tanstack/react-router";
import type { Summary } from "../../api/history";
import { count, dateTime, duration } from "../../lib/format";
import { text } from "../../text";

const words = text.history.charts;
const cell = "px-3 py-1.5 text-right whitespace-nowrap";

/** The numbers of the charts. Each span leads to its calls. */
export function BucketTable({ summary: s, server }: { summary: Summary; server?: string }) {
  return (
    <section
      tabIndex={0}
      aria-label={words.asTable}
      className="max-h-[60vh] overflow-auto rounded-lg border border-line bg-surface shadow-card"
    >
      <table className="w-full border-collapse text-sm">
        <thead className="sticky top-0 bg-sunken text-muted">
          <tr>
            <th scope="col" className="px-3 py-1.5 text-left font-medium">
              {words.bucket}
            </th>
            {[words.calls, words.failed, words.p50, words.p95].map((name) => (
              <th key={name} scope="col" className="px-3 py-1.5 text-right font-medium whitespace-nowrap">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {s.buckets.map((b) => {
            const until = new Date(Date.parse(b.start) + s.bucket * 1000).toISOString();
            return (
              <tr key={b.start}>
                <th scope="row" className="px-3 py-1.5 text-left font-normal">
                  <Link
                    to="/history"
                    search={{ server, since: b.start, until }}
                    className="text-accent whitespace-nowrap hover:underline"
                  >
                    {dateTime(b.start)}
                  </Link>
                </th>
                <td className={cell}>{count(b.calls)}</td>
                <td className={cell}>{count(b.failed)}</td>
                <td className={cell}>{b.calls > 0 ? duration(b.p50Ms) : "–"}</td>
                <td className={cell}>{b.calls > 0 ? duration(b.p95Ms) : "–"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
