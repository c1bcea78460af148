import { useEffect, useState } from "react";
import { text } from "../text";
import { Input, Select, TextArea } from "../ui/Field";
import { hint } from "./SchemaForm";
import { label, type Shape, type Value } from "./schema";

interface Props {
  id: string;
  shape: Extract<Shape, { kind: "text" | "number" | "boolean" | "choice" | "fixed" }>;
  value: Value;
  onChange: (value: Value) => void;
  required: boolean;
  invalid: boolean;
  described?: string;
}

const inputTypes: Record<string, string> = { email: "email", uri: "url", date: "date" };

export function Scalar({ id, shape, value, onChange, required, invalid, described }: Props) {
  const aria = {
    id,
    "aria-invalid": invalid || undefined,
    "aria-describedby": described,
    "aria-required": required || undefined,
  };
  switch (shape.kind) {
    case "fixed":
      return (
        <output id={id} className="font-mono text-sm">
          {label(shape.value)}
        </output>
      );
    case "boolean":
      return (
        <Select
          {...aria}
          value={value === undefined ? "" : String(value)}
          onChange={(e) => onChange(e.target.value === "" ? undefined : e.target.value === "true")}
          className="max-w-60"
        >
          <option value="">{unset(shape.schema.default)}</option>
          <option value="true">{text.form.yes}</option>
          <option value="false">{text.form.no}</option>
        </Select>
      );
    case "choice": {
      const at = shape.options.findIndex((o) => o.value === value);
      return (
        <Select
          {...aria}
          value={at < 0 ? "" : String(at)}
          onChange={(e) => onChange(e.target.value === "" ? undefined : shape.options[Number(e.target.value)]?.value)}
          className="max-w-md"
        >
          <option value="">{unset(shape.schema.default)}</option>
          {shape.options.map((o, i) => (
            <option key={label(o.value)} value={i}>
              {o.label}
            </option>
          ))}
        </Select>
      );
    }
    case "number":
      return (
        <NumberInput
          aria={aria}
          value={value}
          onChange={onChange}
          whole={shape.whole}
          placeholder={hint(shape.schema)}
        />
      );
    case "text": {
      const most = Number(shape.schema.maxLength ?? Number.POSITIVE_INFINITY);
      const current = typeof value === "string" ? value : "";
      const change = (typed: string) => onChange(typed === "" ? undefined : typed);
      const type = inputTypes[shape.format ?? ""] ?? "text";
      if (type !== "text" || most <= 80) {
        return (
          <Input
            {...aria}
            type={type === "url" || type === "email" ? "text" : type}
            inputMode={type === "url" ? "url" : type === "email" ? "email" : undefined}
            value={current}
            onChange={(e) => change(e.target.value)}
            placeholder={hint(shape.schema)}
            autoComplete="off"
            spellCheck={false}
          />
        );
      }
      const rows = Math.min(12, Math.max(1, current.split("\n").length));
      return (
        <TextArea
          {...aria}
          rows={rows}
          value={current}
          onChange={(e) => change(e.target.value)}
          placeholder={hint(shape.schema)}
          autoComplete="off"
          spellCheck={false}
        />
      );
    }
  }
}

const unset = (standard: unknown) => (standard === undefined ? text.form.unset : text.form.standard(label(standard)));

interface NumberProps {
  aria: Record<string, string | boolean | undefined>;
  value: Value;
  onChange: (value: Value) => void;
  whole: boolean;
  placeholder: string;
}

/** A number as it is typed: "1." and "-" are on the way to one. */
function NumberInput({ aria, value, onChange, whole, placeholder }: NumberProps) {
  const [typed, setTyped] = useState(value === undefined ? "" : String(value));
  useEffect(() => {
    setTyped((now) => (value === read(now) ? now : value === undefined ? "" : String(value)));
  }, [value]);
  return (
    <Input
      {...aria}
      type="text"
      inputMode={whole ? "numeric" : "decimal"}
      value={typed}
      placeholder={placeholder}
      autoComplete="off"
      onChange={(e) => {
        setTyped(e.target.value);
        onChange(read(e.target.value));
      }}
      className="max-w-60"
    />
  );
}

/** The number that is typed; what is none stays a text, so that the check can say so. */
function read(typed: string): Value {
  const trimmed = typed.trim();
  if (trimmed === "") return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : trimmed;
}
