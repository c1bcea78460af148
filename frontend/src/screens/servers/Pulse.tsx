import { day, type ServerCounts, useSummary } from "../../api/history";
import { Heartbeat } from "../../charts/Heartbeat";
import { count, duration } from "../../lib/format";
import { serverAt } from "../../lib/links";
import { text } from "../../text";

const words = text.history.pulse;

/** What came of the last day's calls of each server: undefined while it is not known, without a server that had none. */
export function usePulses(): ReadonlyMap<string, ServerCounts> | undefined {
  const { data } = useSummary(day);
  return data && new Map(data.servers.map((s) => [s.server, s]));
}

/** The last day of one server as a strip and in numbers, which are those of the charts. It leads to the calls. */
export function Pulse({ name, counts }: { name: string; counts?: ServerCounts }) {
  return (
    <a
      href={serverAt(name, "history")}
      title={counts && words.title(count(counts.calls), count(counts.failed), duration(counts.p95Ms))}
      className="group flex min-w-0 flex-col gap-0.5 text-xs text-muted hover:text-text"
    >
      <Heartbeat buckets={counts?.buckets} />
      <span className="truncate">{counts ? words.calls(count(counts.calls), duration(counts.p95Ms)) : words.none}</span>
    </a>
  );
}
