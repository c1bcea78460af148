import { BarChart3 } from "lucide-react";
import { type ReactNode, useId, useMemo, useState } from "react";
import { type Summary, useSummary } from "../../api/history";
import { useServers } from "../../api/queries";
import { TimeSeries } from "../../charts/TimeSeries";
import { count, dateTime, dayMonth, duration, hourMinute, time } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Select } from "../../ui/Field";
import { Empty, Failure, Loading } from "../../ui/states";
import { BucketTable } from "./BucketTable";
import { type CallSearch, isRange, type Range, ranges } from "./filter";
import { Slowest } from "./Slowest";

const words = text.history.charts;

interface Props {
  search: CallSearch;
  set: (change: CallSearch) => void;
  server?: string;
}

/** How many calls there were, how they went and how long they took. All numbers here are of one answer of the hub. */
export function Charts({ search, set, server }: Props) {
  const range: Range = isRange(search.range) ? search.range : "24h";
  const chosen = server ?? search.server;
  const { data, error, refetch, dataUpdatedAt } = useSummary(ranges[range], chosen);
  const [table, setTable] = useState(false);
  const names = (useServers().data ?? []).map((s) => s.name);
  if (chosen && !names.includes(chosen)) names.push(chosen);
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-2">
        <fieldset className="flex flex-wrap gap-1">
          <legend className="sr-only">{words.range}</legend>
          {(Object.keys(ranges) as Range[]).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={range === name}
              onClick={() => set({ range: name, since: undefined, until: undefined })}
              className="h-8 rounded-md px-2.5 text-sm font-medium text-muted hover:bg-sunken aria-pressed:bg-accent-soft aria-pressed:text-accent"
            >
              {text.history.filter.ranges[name]}
            </button>
          ))}
        </fieldset>
        {server === undefined && (
          <Select
            aria-label={text.history.filter.server}
            value={search.server ?? ""}
            onChange={(e) => set({ server: e.target.value || undefined })}
            className="w-auto! max-w-44"
          >
            <option value="">{text.history.filter.allServers}</option>
            {names.map((n) => (
              <option key={n} value={n}>
                {line(n, 60)}
              </option>
            ))}
          </Select>
        )}
        <div className="grow" />
        <Button
          aria-pressed={table}
          onClick={() => setTable(!table)}
          className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          {words.asTable}
        </Button>
      </div>
      {error && !data && <Failure title={text.history.failed} error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading rows={3} height="h-40" />}
      {data && <Numbers summary={data} at={dataUpdatedAt} />}
      {data?.total.calls === 0 && <Empty icon={<BarChart3 size={24} aria-hidden />} title={words.noCalls} />}
      {data && data.total.calls > 0 && table && <BucketTable summary={data} server={chosen} />}
      {data && data.total.calls > 0 && !table && <Plots summary={data} />}
      {data && data.tools.length > 0 && <Slowest summary={data} server={server} range={range} />}
    </div>
  );
}

function Numbers({ summary: s, at }: { summary: Summary; at: number }) {
  const rows: [string, string][] = [
    [words.calls, count(s.total.calls)],
    [words.failed, count(s.total.failed)],
  ];
  if (s.total.calls > 0) rows.push([words.p50, duration(s.total.p50Ms)], [words.p95, duration(s.total.p95Ms)]);
  return (
    <div className="flex flex-col gap-1.5">
      <dl className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        {rows.map(([name, value]) => (
          <div key={name} className="flex flex-col rounded-lg border border-line bg-surface px-4 py-2.5 shadow-card">
            <dt className="text-sm font-normal text-muted">{name}</dt>
            <dd className="text-xl font-semibold">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="text-sm text-muted">
        {words.of(dateTime(s.since), dateTime(s.until))}, {words.asOf(time(at))}
      </p>
    </div>
  );
}

/** The length of a span in words, such as "50 minutes". */
export function spanOf(seconds: number): string {
  if (seconds % 86_400 === 0) return words.days(seconds / 86_400);
  if (seconds % 3600 === 0) return words.hours(seconds / 3600);
  return words.minutes(Math.round(seconds / 60));
}

function Plots({ summary: s }: { summary: Summary }) {
  const drawn = useMemo(() => {
    const of = <T,>(get: (b: Summary["buckets"][number]) => T) => s.buckets.map(get);
    return {
      starts: of((b) => Date.parse(b.start) / 1000),
      calls: of((b) => b.calls),
      failed: of((b) => b.failed),
      p50: of((b) => (b.calls > 0 ? b.p50Ms : null)),
      p95: of((b) => (b.calls > 0 ? b.p95Ms : null)),
    };
  }, [s]);
  const length = spanOf(s.bucket);
  const long = Date.parse(s.until) - Date.parse(s.since) > 2 * ranges["24h"];
  const formatTime = (seconds: number) => (long ? dayMonth(seconds * 1000) : hourMinute(seconds * 1000));
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Figure title={words.perBucket(length)}>
        <TimeSeries
          starts={drawn.starts}
          series={[
            { label: words.calls, values: drawn.calls, shape: "bars", tone: "accent" },
            { label: words.failed, values: drawn.failed, shape: "bars", tone: "err" },
          ]}
          format={(n) => (Number.isInteger(n) ? count(n) : "")}
          formatTime={formatTime}
          label={words.summary(count(s.total.calls), count(s.total.failed))}
        />
      </Figure>
      <Figure title={words.durations(length)}>
        <TimeSeries
          starts={drawn.starts}
          series={[
            { label: words.median, values: drawn.p50, shape: "line", tone: "accent" },
            { label: words.late, values: drawn.p95, shape: "dashes", tone: "muted" },
          ]}
          format={(ms) => (ms === 0 ? "0" : duration(ms))}
          formatTime={formatTime}
          label={words.spread(duration(s.total.p50Ms), duration(s.total.p95Ms))}
        />
      </Figure>
    </div>
  );
}

function Figure({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex min-w-0 flex-col gap-2 rounded-lg border border-line bg-surface p-4 shadow-card"
    >
      <h2 id={id} className="text-base">
        {title}
      </h2>
      {children}
    </section>
  );
}
