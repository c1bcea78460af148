import { FileQuestion } from "lucide-react";
import { type DragEvent, useDeferredValue, useId, useMemo, useState } from "react";
import { cx } from "../../lib/cx";
import { text } from "../../text";
import { TextArea } from "../../ui/Field";
import { Candidate } from "./Candidate";
import { parse } from "./parse";

/** The longest text that is looked at: a configuration is small. */
const longest = 1_000_000;

export function Add() {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [over, setOver] = useState(false);
  const late = useDeferredValue(typed);
  const found = useMemo(() => (late.length < longest ? parse(late) : undefined), [late]);

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file && file.size < longest) void file.text().then(setTyped);
  };

  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <div>
        <h1 className="text-xl font-semibold">{text.add.title}</h1>
        <p className="text-muted">{text.add.intro}</p>
      </div>
      <div className="flex flex-col gap-1">
        <label htmlFor={id} className="text-sm font-medium">
          {text.add.box}
        </label>
        <TextArea
          id={id}
          rows={8}
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
          onDrop={drop}
          onDragOver={(e) => {
            e.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          placeholder={text.add.placeholder}
          aria-describedby={`${id}-hint`}
          spellCheck={false}
          autoComplete="off"
          autoFocus
          className={cx("font-mono text-sm", over && "border-accent! bg-accent-soft!")}
        />
        <p id={`${id}-hint`} className="text-sm text-muted">
          {text.add.drop}
        </p>
      </div>
      <div role="status">
        {found && (
          <p className="font-medium">
            {text.add.found(found.servers.length)}{" "}
            <span className="font-normal text-muted">{text.add.as(text.add.kinds[found.kind])}</span>
          </p>
        )}
        {!found && late.trim() !== "" && (
          <p className="flex items-center gap-2 text-muted">
            <FileQuestion size={16} aria-hidden />
            {text.add.notFound}
          </p>
        )}
      </div>
      {found?.servers.map((draft, i) => (
        <Candidate
          key={`${i}:${draft.name}:${JSON.stringify(draft.config)}`}
          draft={draft}
          alone={found.servers.length === 1}
        />
      ))}
    </div>
  );
}
