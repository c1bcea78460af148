import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, Download, WrapText } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { cx } from "../../lib/cx";
import { dateTime, time } from "../../lib/format";
import { setPrefs, usePrefs } from "../../lib/prefs";
import { plain } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Filter } from "../../ui/Field";
import { Empty } from "../../ui/states";

export interface Line {
  time: string;
  text: string;
  server?: string;
}

const nearEnd = 24; // pixels from the end that still count as the end

/** Lines as they come. They are followed until the reader scrolls up. */
export function LogView({ lines, name, empty }: { lines: Line[]; name: string; empty: string }) {
  const { wrap } = usePrefs();
  const [words, setWords] = useState("");
  const [following, setFollowing] = useState(true);
  const [seen, setSeen] = useState(0);
  const box = useRef<HTMLDivElement>(null);

  const shown = useMemo(() => {
    const wanted = words.toLowerCase();
    return wanted ? lines.filter((l) => `${l.server ?? ""} ${l.text}`.toLowerCase().includes(wanted)) : lines;
  }, [lines, words]);
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => 20,
    overscan: 20,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what scrolls
  useEffect(() => {
    if (following && shown.length > 0) rows.scrollToIndex(shown.length - 1, { align: "end" });
  }, [following, shown.length, shown.at(-1), rows]);

  const scrolled = () => {
    const el = box.current;
    if (!el) return;
    const end = el.scrollHeight - el.scrollTop - el.clientHeight < nearEnd;
    if (!end && following) setSeen(lines.length);
    setFollowing(end);
  };

  const download = () => {
    const whole = shown.map((l) => [l.time, l.server, l.text].filter(Boolean).join(" ")).join("\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([whole], { type: "text/plain" }));
    link.download = `${name.replace(/[^\w.-]+/g, "_")}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  if (lines.length === 0) return <Empty title={empty} />;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Filter value={words} onChange={setWords} label={text.logs.filter} />
        <p className="text-sm text-muted">{text.logs.lines(shown.length, lines.length)}</p>
        <div className="grow" />
        <Button
          look="quiet"
          square
          aria-label={text.logs.wrap}
          aria-pressed={wrap}
          onClick={() => setPrefs({ wrap: !wrap })}
          className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          <WrapText size={15} aria-hidden />
        </Button>
        <Button look="quiet" square aria-label={text.logs.download} onClick={download}>
          <Download size={15} aria-hidden />
        </Button>
      </div>
      <div className="relative">
        <div
          ref={box}
          onScroll={scrolled}
          role="log"
          aria-live="off"
          aria-label={text.logs.of(name)}
          tabIndex={0}
          className="max-h-[62vh] min-h-32 overflow-auto rounded-lg border border-line bg-surface py-2 font-mono text-xs leading-5"
        >
          <div className="relative" style={{ height: rows.getTotalSize() }}>
            {rows.getVirtualItems().map((row) => {
              const l = shown[row.index];
              if (!l) return null;
              return (
                <div
                  key={row.key}
                  data-index={row.index}
                  ref={rows.measureElement}
                  className={cx(
                    "absolute top-0 left-0 flex gap-3 px-3 hover:bg-sunken",
                    wrap ? "w-full" : "min-w-full",
                  )}
                  style={{ transform: `translateY(${row.start}px)` }}
                >
                  <time dateTime={l.time} title={dateTime(l.time)} className="shrink-0 text-muted">
                    {time(l.time)}
                  </time>
                  {l.server !== undefined && (
                    <span className="w-24 shrink-0 truncate text-accent">{plain(l.server)}</span>
                  )}
                  <span className={cx("foreign min-w-0", wrap ? "whitespace-pre-wrap" : "whitespace-pre")}>
                    {plain(l.text)}
                  </span>
                </div>
              );
            })}
          </div>
        </div>
        {!following && (
          <Button
            look="solid"
            onClick={() => setFollowing(true)}
            className="absolute bottom-3 left-1/2 -translate-x-1/2"
          >
            <ArrowDown size={14} aria-hidden />
            {text.logs.latest(Math.max(0, lines.length - seen))}
          </Button>
        )}
      </div>
    </div>
  );
}
