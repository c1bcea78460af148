import { useMemo } from "react";
import { cx } from "../lib/cx";
import { compareLines, type DiffLine, type Hunk } from "../lib/diff";
import { count } from "../lib/format";
import { text } from "../text";

/** How many lines are shown at the most: thousands stop a page. */
const most = 2000;

/** What was before and what is now, in one column: that fits narrow windows too. */
export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const { hunks, rest } = useMemo(() => compareLines(before, after), [before, after]);
  const [shown, left] = useMemo(() => cut(hunks), [hunks]);
  return (
    <section
      aria-label={label}
      tabIndex={0}
      className="max-h-[65vh] overflow-auto rounded-lg border border-line bg-surface"
    >
      <table className="w-full border-collapse font-mono text-sm">
        {shown.map((h) => (
          <tbody key={h.lines[0]?.number}>
            <Same lines={h.skipped} />
            {h.lines.map((l) => (
              <Line key={`${l.kind}${l.number}`} line={l} />
            ))}
          </tbody>
        ))}
        <tbody>
          <Same lines={left > 0 ? 0 : rest} />
        </tbody>
      </table>
      {left > 0 && <p className="px-3 py-1.5 text-sm text-muted">{text.cut(count(left))}</p>}
    </section>
  );
}

/** As many of the lines as are shown, and how many are not. */
function cut(hunks: Hunk[]): [Hunk[], number] {
  let room = most;
  const shown = hunks.map((h) => {
    const lines = h.lines.slice(0, Math.max(0, room));
    room -= h.lines.length;
    return { ...h, lines };
  });
  return [shown.filter((h) => h.lines.length > 0), Math.max(0, -room)];
}

function Same({ lines }: { lines: number }) {
  if (lines === 0) return null;
  return (
    <tr className="bg-sunken text-muted">
      <td colSpan={3} className="px-3 py-1 font-sans text-xs">
        {text.diff.same(lines)}
      </td>
    </tr>
  );
}

const looks = {
  same: { row: "", sign: "", piece: "" },
  removed: { row: "bg-err-soft", sign: "−", piece: "rounded-xs bg-err/20" },
  added: { row: "bg-ok-soft", sign: "+", piece: "rounded-xs bg-ok/20" },
};

function Line({ line: l }: { line: DiffLine }) {
  const { row, sign, piece } = looks[l.kind];
  const Tag = l.kind === "removed" ? "del" : l.kind === "added" ? "ins" : "span";
  return (
    <tr className={row}>
      <td
        aria-hidden
        className="w-px px-2 text-right align-top text-xs leading-5.25 text-muted select-none max-sm:hidden"
      >
        {l.number}
      </td>
      <td aria-hidden className="w-px pl-2 align-top select-none">
        {sign}
      </td>
      <td className="px-2">
        {l.kind !== "same" && <span className="sr-only">{text.diff[l.kind]} </span>}
        <Tag className="foreign whitespace-pre-wrap no-underline wrap-anywhere">
          {l.pieces.map((p, i) => (
            <span key={i} className={cx(p.differs && piece)}>
              {p.text}
            </span>
          ))}
        </Tag>
      </td>
    </tr>
  );
}
