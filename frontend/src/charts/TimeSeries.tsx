import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef, useState } from "react";
import { cx } from "../lib/cx";
import { colour, useTheme } from "./theme";

export interface Series {
  label: string;
  /** Null where there is nothing to say. */
  values: (number | null)[];
  /** Bars stand in front of those before them. */
  shape: "bars" | "line" | "dashes";
  tone: "accent" | "err" | "muted";
}

interface Props {
  /** Where each span begins, in seconds. All spans are of the same length. */
  starts: number[];
  series: Series[];
  format: (value: number) => string;
  formatTime: (seconds: number) => string;
  /** What the picture says, for those who do not see it. */
  label: string;
}

const height = 180; // pixels

const swatches = { accent: "bg-accent", err: "bg-err", muted: "bg-muted" };

/** Values over time. It fills its place, whatever that is wide, and has the colours of the page. */
export function TimeSeries({ starts, series, format, formatTime, label }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const theme = useTheme();
  const shapes = series.map((s) => `${s.label} ${s.shape} ${s.tone}`).join();
  const data = [starts, ...series.map((s) => s.values)] as uPlot.AlignedData;
  const latest = useRef({ data, format, formatTime });
  latest.current = { data, format, formatTime };

  // biome-ignore lint/correctness/useExhaustiveDependencies: other colours or series need another plot, other values do not
  useEffect(() => {
    const el = host.current;
    if (!el) return;
    const axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1, size: 4 },
      font: "11px system-ui, sans-serif",
    };
    const made = new uPlot(
      {
        width: el.clientWidth,
        height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          { ...axis, size: 28, space: 72, values: (_, splits) => splits.map((s) => latest.current.formatTime(s)) },
          { ...axis, size: 56, values: (_, splits) => splits.map((s) => latest.current.format(s)) },
        ],
        series: [{}, ...series.map(drawn)],
        hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? null)] },
      },
      latest.current.data,
      el,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: el.clientWidth, height }));
    observer.observe(el);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [theme, shapes]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the values are what is drawn
  useEffect(() => plot.current?.setData(data), [starts, ...series.map((s) => s.values)]);

  const value = (s: Series) => (at === null ? null : (s.values[at] ?? null));
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <div ref={host} role="img" aria-label={label} className="min-w-0 overflow-hidden" style={{ height }} />
      <p aria-hidden className="flex flex-wrap gap-x-4 text-xs text-muted">
        {series.map((s) => (
          <span key={s.label} className="inline-flex items-center gap-1.5">
            <span className={cx("size-2 rounded-xs", swatches[s.tone])} />
            {s.label}
            {value(s) !== null && <span className="text-text">{format(value(s) as number)}</span>}
          </span>
        ))}
        {at !== null && starts[at] !== undefined && <span className="ml-auto">{formatTime(starts[at])}</span>}
      </p>
    </div>
  );
}

function drawn({ label, shape, tone }: Series): uPlot.Series {
  const stroke = colour(`--${tone}`);
  if (shape === "bars")
    return {
      label,
      stroke,
      fill: stroke,
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars?.({ size: [0.7, 48], align: 1 }),
    };
  return {
    label,
    stroke,
    width: 2,
    dash: shape === "dashes" ? [4, 4] : undefined,
    points: { show: true, size: 4, fill: stroke },
  };
}
