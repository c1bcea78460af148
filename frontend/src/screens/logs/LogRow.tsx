import { History } from "lucide-react";
import { cx } from "../../lib/cx";
import { bytes, dateTime } from "../../lib/format";
import { callsOf } from "../../lib/links";
import type { Prefs } from "../../lib/prefs";
import { plain } from "../../lib/text";
import { text } from "../../text";
import { around, attributes, type Line, timeOf } from "./lines";

/** How much of a line is shown in its row: a row with millions of characters stops the page. */
const most = 2000;

const tones = { debug: "text-muted", info: "text-muted", warn: "text-warn", error: "text-err" };

interface Props {
  line: Line;
  wrap: boolean;
  times: Prefs["times"];
  onWhole: (line: Line) => void;
}

export function LogRow({ line: l, wrap, times, onWhole }: Props) {
  const more = attributes(l);
  const long = l.text.length + more.length > most;
  const bad = l.level === "warn" || l.level === "error";
  return (
    <>
      <time dateTime={l.time} title={dateTime(l.time)} className="shrink-0 text-muted">
        {timeOf(l, times)}
      </time>
      {l.level && (
        <span className={cx("shrink-0 sm:w-10", tones[l.level], l.level === "info" && "max-sm:hidden")}>{l.level}</span>
      )}
      {(l.source || l.server !== undefined) && (
        <span
          className={cx("shrink-0 truncate max-sm:max-w-32 sm:w-24", l.source === "hub" ? "text-muted" : "text-accent")}
        >
          {plain(l.server || text.logs.hub)}
        </span>
      )}
      {bad && l.server && (
        <a
          href={callsOf({ server: l.server, ...around(l) })}
          aria-label={text.logs.calls(plain(l.server))}
          title={text.logs.calls(plain(l.server))}
          className="-my-0.5 flex sm:order-last size-6 shrink-0 items-center justify-center text-muted hover:text-accent"
        >
          <History size={13} aria-hidden />
        </a>
      )}
      <span className={cx("foreign min-w-0", wrap ? "whitespace-pre-wrap max-sm:basis-full" : "whitespace-pre")}>
        {plain(l.text.slice(0, most))}
        {more && l.text.length < most && (
          <span className="text-muted"> {plain(more.slice(0, most - l.text.length))}</span>
        )}
        {long && (
          <>
            {"… "}
            <button type="button" onClick={() => onWhole(l)} className="text-accent underline">
              {text.logs.more(bytes(l.text.length + more.length))}
            </button>
          </>
        )}
      </span>
    </>
  );
}
