import { useMemo, useState } from "react";
import { text } from "../../text";
import { Filter } from "../../ui/Field";
import { Empty } from "../../ui/states";
import { LogLines } from "./LogLines";
import { LogTools } from "./LogTools";
import { download, having, type Line } from "./lines";

/** A log that is there as a whole. */
export function LogView({ lines, name, empty }: { lines: Line[]; name: string; empty: string }) {
  const [words, setWords] = useState("");
  const shown = useMemo(() => (words ? lines.filter(having(words)) : lines), [lines, words]);
  if (lines.length === 0) return <Empty title={empty} />;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Filter value={words} onChange={setWords} label={text.logs.filter} />
        <p className="grow text-sm text-muted">{text.logs.lines(shown.length, lines.length)}</p>
        <LogTools onDownload={() => download(shown, name)} />
      </div>
      <LogLines lines={shown} name={name} />
    </div>
  );
}
