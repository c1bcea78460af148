import { useEffect, useId, useState } from "react";
import type { Problem } from "../../forms/check";
import { SchemaForm } from "../../forms/SchemaForm";
import { isObject, resolve, type Schema, shapeOf, type Value } from "../../forms/schema";
import { complete } from "../../forms/values";
import { cx } from "../../lib/cx";
import { text } from "../../text";
import { TextArea } from "../../ui/Field";

interface Props {
  schema: Schema;
  value: Value;
  onChange: (value: Value) => void;
  problems: Problem[];
  /** What is said if there is nothing to fill in. */
  none: string;
}

/** Whether there is nothing to fill in. */
export function takesNothing(schema: Schema): boolean {
  const shape = shapeOf(resolve(schema, schema), schema);
  return shape.kind === "json" && Object.keys(isObject(schema.properties) ? schema.properties : {}).length === 0;
}

/** Arguments as a form or as JSON: two views of the same value. */
export function Arguments({ schema, value, onChange, problems, none }: Props) {
  const [asJson, setAsJson] = useState(false);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center gap-2">
        <h2 className="grow text-base">{text.call.arguments}</h2>
        <fieldset className="flex rounded-md border border-line p-0.5">
          <legend className="sr-only">{text.call.arguments}</legend>
          {[false, true].map((json) => (
            <button
              key={String(json)}
              type="button"
              aria-pressed={asJson === json}
              onClick={() => setAsJson(json)}
              className={cx(
                "h-6 rounded px-2 text-sm text-muted aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent",
              )}
            >
              {json ? text.call.json : text.call.form}
            </button>
          ))}
        </fieldset>
      </div>
      {asJson ? (
        <Json schema={schema} value={value} onChange={onChange} />
      ) : takesNothing(schema) ? (
        <p className="text-muted">{none}</p>
      ) : (
        <SchemaForm schema={schema} value={value} onChange={onChange} problems={problems} />
      )}
    </div>
  );
}

function Json({ schema, value, onChange }: Pick<Props, "schema" | "value" | "onChange">) {
  const id = useId();
  const [typed, setTyped] = useState(() => JSON.stringify(complete(schema, value ?? {}, schema), null, 2));
  const [wrong, setWrong] = useState("");
  // Whoever sets other arguments from outside replaces what was typed.
  useEffect(() => {
    setTyped((now) => {
      try {
        if (
          JSON.stringify(complete(schema, JSON.parse(now), schema)) ===
          JSON.stringify(complete(schema, value ?? {}, schema))
        )
          return now;
      } catch {
        return now;
      }
      return JSON.stringify(value ?? {}, null, 2);
    });
  }, [value, schema]);
  const change = (next: string) => {
    setTyped(next);
    try {
      const parsed = next.trim() === "" ? {} : JSON.parse(next);
      setWrong(isObject(parsed) ? "" : text.call.notObject);
      if (isObject(parsed)) onChange(parsed);
    } catch (cause) {
      setWrong(text.call.notJson((cause as Error).message));
    }
  };
  return (
    <>
      <TextArea
        aria-label={text.call.arguments}
        aria-describedby={wrong ? id : undefined}
        aria-invalid={wrong !== "" || undefined}
        data-broken={wrong !== "" || undefined}
        rows={Math.min(24, Math.max(6, typed.split("\n").length))}
        value={typed}
        onChange={(e) => change(e.target.value)}
        spellCheck={false}
        className="font-mono text-sm"
      />
      {wrong && (
        <p id={id} className="text-sm text-err">
          {wrong}
        </p>
      )}
    </>
  );
}
