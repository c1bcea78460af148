import { useState } from "react";
import { cx } from "../lib/cx";
import { bytes } from "../lib/format";
import { plain } from "../lib/text";
import { text } from "../text";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";

/** How many characters are shown at first, and with each step more: a page with millions of them stops answering. */
const step = 50_000;

interface Props {
  value: string;
  label: string;
  wrap?: boolean;
  className?: string;
}

/** A text in a box that scrolls by itself. Long ones are shown in parts, and copied whole. */
export function Code({ value, label, wrap = true, className }: Props) {
  const [shown, setShown] = useState(step);
  const rest = value.length - shown;
  return (
    <div className={cx("relative rounded-lg border border-line bg-sunken", className)}>
      <div className="absolute top-1 right-1">
        <CopyButton value={value} what={label} />
      </div>
      <section
        tabIndex={0}
        aria-label={label}
        className={cx(
          "foreign max-h-96 overflow-auto p-3 pr-10 font-mono text-xs leading-relaxed",
          wrap ? "whitespace-pre-wrap" : "whitespace-pre",
        )}
      >
        {plain(rest > 0 ? value.slice(0, shown) : value)}
      </section>
      {rest > 0 && (
        <div className="flex items-center gap-3 border-t border-line px-3 py-2 text-sm text-muted">
          {text.cut(bytes(rest))}
          <Button onClick={() => setShown(shown + step * 4)}>{text.showMore}</Button>
        </div>
      )}
    </div>
  );
}
