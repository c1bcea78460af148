import type { ServerCounts } from "../api/history";
import { useStale } from "../api/queries";
import { cx } from "../lib/cx";
import { text } from "../text";

export const spans = 30; // that are drawn where nobody knows how many there are

const wide = 4; // pixels from one span to the next
const high = 18;

type Span = ServerCounts["buckets"][number];

/**
 * What came of calls lately, one mark for each span of time. Where nothing was called nothing is known of the server: the
 * mark is a dot on the ground, whatever was before. Failures are taller, so that they are not told by colour alone.
 */
export function Heartbeat({ buckets }: { buckets?: Span[] }) {
  const stale = useStale();
  const all = buckets ?? Array.from({ length: spans }, () => ({ calls: 0, failed: 0 }));
  const { ok, bad, none } = marks(all);
  const width = all.length * wide;
  return (
    <svg
      role="img"
      aria-label={describe(all)}
      viewBox={`0 0 ${width} ${high}`}
      className="h-4.5 w-full max-w-30"
      preserveAspectRatio="none"
    >
      <path d={none} className="fill-edge" />
      <path d={ok} className={cx(stale ? "fill-muted" : "fill-ok")} />
      <path d={bad} className={cx(stale ? "fill-muted" : "fill-err")} />
    </svg>
  );
}

const bar = (at: number, from: number, to: number) => `M${at * wide + 0.5} ${from}h3V${to}h-3z`;

/** The outlines of the spans that went well, that had failures, and of which nothing is known. */
export function marks(all: Span[]): { ok: string; bad: string; none: string } {
  const out = { ok: "", bad: "", none: "" };
  for (const [i, { calls, failed }] of all.entries()) {
    if (calls === 0) {
      out.none += bar(i, high - 2, high);
      continue;
    }
    // The share that failed hangs from the top, over what went well.
    const split = failed === 0 ? 6 : Math.max(4, Math.round((failed / calls) * high));
    if (failed > 0) out.bad += bar(i, 0, split);
    if (failed < calls) out.ok += bar(i, Math.min(split, high - 2), high);
  }
  return out;
}

export function describe(all: Span[]): string {
  const busy = all.filter((s) => s.calls > 0).length;
  if (busy === 0) return text.history.pulse.unknown;
  return text.history.pulse.strip(busy, all.length, all.filter((s) => s.failed > 0).length);
}
