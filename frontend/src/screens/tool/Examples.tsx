import { Bookmark, X } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import type { Value } from "../../forms/schema";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import type { Example, useExamples } from "./useExamples";

type Kept = ReturnType<typeof useExamples>;

/** What was saved of arguments. To use them fills the form and fires nothing. */
export function Examples({ kept, onUse }: { kept: Kept; onUse: (value: Value) => void }) {
  if (kept.examples.length === 0) return null;
  const remove = (example: Example) => {
    kept.remove(example.name);
    toast(text.call.exampleDeleted(line(example.name, 60)), {
      action: { label: text.undo, run: () => kept.save(example) },
    });
  };
  return (
    <ul aria-label={text.call.examples} className="flex flex-wrap gap-1.5">
      {kept.examples.map((e) => (
        <li key={e.name} className="flex max-w-full min-w-0 items-center rounded-md border border-line bg-sunken">
          <button
            type="button"
            aria-label={text.call.withExample(line(e.name, 60))}
            onClick={() => onUse(e.value)}
            className="foreign min-h-7 min-w-0 truncate pl-2 text-sm hover:text-accent"
          >
            {line(e.name, 60)}
          </button>
          <button
            type="button"
            aria-label={text.call.deleteExample(line(e.name, 60))}
            onClick={() => remove(e)}
            className="flex size-7 shrink-0 items-center justify-center text-muted hover:text-text"
          >
            <X size={13} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Asks for a name to keep arguments under. */
export function SaveExample({ kept, whole }: { kept: Kept; whole: () => Value | undefined }) {
  const [value, setValue] = useState<Value>(); // while the dialog is open
  const [typed, setTyped] = useState("");
  const id = useId();
  const name = typed.trim();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // the form around it runs the tool
    if (name === "") return;
    kept.save({ name, value });
    setValue(undefined);
    setTyped("");
  };
  return (
    <>
      <Button look="quiet" onClick={() => setValue(whole())}>
        <Bookmark size={14} aria-hidden />
        {text.call.saveExample}
      </Button>
      <Dialog
        open={value !== undefined}
        onClose={() => setValue(undefined)}
        title={text.call.saveExample}
        description={text.call.exampleText}
      >
        <form onSubmit={submit} className="flex flex-col gap-3">
          <div className="flex flex-col gap-1">
            <label htmlFor={id}>{text.call.exampleName}</label>
            <Input id={id} value={typed} onChange={(e) => setTyped(e.target.value)} maxLength={60} autoComplete="off" />
          </div>
          {kept.examples.some((e) => e.name === name) && (
            <p className="text-sm text-warn">{text.call.exampleReplaces}</p>
          )}
          <Button type="submit" look="solid" disabled={name === ""} className="self-end">
            {text.call.save}
          </Button>
        </form>
      </Dialog>
    </>
  );
}
