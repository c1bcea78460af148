import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { cx } from "../../lib/cx";
import { usePrefs } from "../../lib/prefs";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Dialog } from "../../ui/Dialog";
import { LogRow } from "./LogRow";
import { attributes, type Line } from "./lines";

/** Pixels from an end that still count as that end. */
const near = 24;
/** How much room there is before the first line for what stands there, in pixels. */
const topHeight = 36;

interface Props {
  lines: Line[];
  name: string;
  /** What stands before the first line. */
  top?: ReactNode;
  /** Called when the reader comes close to the first line. */
  onTop?: () => void;
}

/** Lines as they come. They are followed until the reader scrolls up. */
export function LogLines({ lines, name, top, onTop }: Props) {
  const { wrap, times } = usePrefs();
  const [following, setFollowing] = useState(true);
  const [seen, setSeen] = useState<string>();
  const [whole, setWhole] = useState<Line>();
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => 20,
    getItemKey: (i) => lines[i]?.id ?? i,
    overscan: 20,
    // What is put before the lines moves none of them, and new ones are followed.
    anchorTo: "end",
    followOnAppend: following,
    scrollEndThreshold: near,
    paddingStart: top ? topHeight : 0,
  });
  const end = () => rows.scrollToIndex(lines.length - 1, { align: "end" });

  // biome-ignore lint/correctness/useExhaustiveDependencies: only the first lines are gone to; the list follows by itself
  useEffect(() => {
    if (lines.length > 0) end();
  }, [lines.length > 0]);

  const scrolled = () => {
    const el = box.current;
    if (!el) return;
    const atEnd = el.scrollHeight - el.scrollTop - el.clientHeight < near;
    if (!atEnd && following) setSeen(lines.at(-1)?.id);
    setFollowing(atEnd);
    if (el.scrollTop < el.clientHeight) onTop?.();
  };

  return (
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
          {top && <div className="absolute px-3 font-sans text-sm leading-8 text-muted">{top}</div>}
          {rows.getVirtualItems().map((row) => {
            const l = lines[row.index];
            if (!l) return null;
            return (
              <div
                key={row.key}
                data-index={row.index}
                ref={rows.measureElement}
                className={cx(
                  "absolute top-0 left-0 flex gap-x-3 px-3 hover:bg-sunken",
                  wrap ? "w-full max-sm:flex-wrap" : "min-w-full",
                )}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <LogRow line={l} wrap={wrap} times={times} onWhole={setWhole} />
              </div>
            );
          })}
        </div>
      </div>
      {!following && (
        <Button look="solid" onClick={end} className="absolute bottom-3 left-1/2 -translate-x-1/2">
          <ArrowDown size={14} aria-hidden />
          {text.logs.latest(newer(lines, seen))}
        </Button>
      )}
      <Dialog open={whole !== undefined} onClose={() => setWhole(undefined)} title={text.logs.line} wide>
        {whole && <Code value={[whole.text, attributes(whole)].filter(Boolean).join("\n\n")} label={text.logs.line} />}
      </Dialog>
    </div>
  );
}

/** How many lines came after one. */
function newer(lines: Line[], id: string | undefined): number {
  if (id === undefined) return 0;
  for (let i = lines.length - 1; i >= 0; i--) if (lines[i]?.id === id) return lines.length - 1 - i;
  return 0;
}
