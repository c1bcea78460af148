import { useEffect, useState } from "react";
import { text } from "../text";
import { TextArea } from "../ui/Field";
import type { CompoundProps } from "./Compound";
import type { Value } from "./schema";

/** A value of any kind, as JSON. */
export function JsonField({ value, onChange, name, labelled, described }: CompoundProps) {
  const [typed, setTyped] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    setTyped((now) => (same(now, value) ? now : value === undefined ? "" : JSON.stringify(value, null, 2)));
  }, [value]);
  const change = (next: string) => {
    setTyped(next);
    if (next.trim() === "") {
      setWrong("");
      onChange(undefined);
      return;
    }
    try {
      const parsed = JSON.parse(next);
      setWrong("");
      onChange(parsed);
    } catch (cause) {
      setWrong(text.call.notJson((cause as Error).message));
    }
  };
  return (
    <>
      <TextArea
        rows={Math.min(12, Math.max(2, typed.split("\n").length))}
        value={typed}
        onChange={(e) => change(e.target.value)}
        placeholder={text.form.asJson}
        aria-label={labelled ? undefined : name}
        aria-labelledby={labelled}
        aria-describedby={described}
        aria-invalid={wrong !== "" || undefined}
        data-broken={wrong !== "" || undefined}
        spellCheck={false}
        className="font-mono text-sm"
      />
      {wrong && <p className="text-sm text-err">{wrong}</p>}
    </>
  );
}

/** Whether a text is the JSON of a value; one that is being typed and no JSON yet counts. */
function same(typed: string, value: Value): boolean {
  if (typed.trim() === "") return value === undefined;
  try {
    return JSON.stringify(JSON.parse(typed)) === JSON.stringify(value);
  } catch {
    return value !== undefined;
  }
}
