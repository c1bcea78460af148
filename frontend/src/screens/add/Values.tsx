import { useId } from "react";
import { text } from "../../text";
import { Input } from "../../ui/Field";

interface Props {
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>) => void;
}

/** Values that whoever wrote the text left for others to fill in. */
const toFill = (value: unknown) =>
  value === null ||
  value === "" ||
  (typeof value === "string" && /^<.*>$|^\[.*\]$|YOUR|xxx|\.\.\.|…|\$\{input:/i.test(value));

/** Variables or headers, the ones to fill in first. */
export function Values({ values, onChange }: Props) {
  const id = useId();
  const names = Object.keys(values).sort((a, b) => Number(toFill(values[b])) - Number(toFill(values[a])));
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">{text.add.secrets}</legend>
      {names.map((name) => (
        <div key={name} className="grid items-center gap-x-3 gap-y-1 sm:grid-cols-[14rem_minmax(0,1fr)]">
          <label htmlFor={`${id}-${name}`} className="foreign font-mono text-sm">
            {name}
          </label>
          <Input
            id={`${id}-${name}`}
            value={toFill(values[name]) && typeof values[name] !== "string" ? "" : String(values[name] ?? "")}
            onChange={(e) => onChange({ ...values, [name]: e.target.value })}
            autoComplete="off"
            spellCheck={false}
            className="font-mono"
          />
        </div>
      ))}
      <p className="text-sm text-muted">{text.add.fillHint}</p>
    </fieldset>
  );
}
