import { useId } from "react";
import type { Parameter } from "../../api/market";
import { plain } from "../../lib/text";
import { text } from "../../text";
import { Input, Select, TextArea } from "../../ui/Field";

interface Props {
  parameters: Parameter[];
  values: Record<string, string>;
  invalid: string[];
  onChange: (values: Record<string, string>) => void;
}

/** The values that an installation asks for, the required ones first. */
export function Parameters({ parameters, values, invalid, onChange }: Props) {
  const id = useId();
  const sorted = [...parameters].sort((a, b) => Number(b.required) - Number(a.required));
  const set = (key: string, value: string) => {
    const { [key]: _, ...rest } = values;
    onChange(value === "" ? rest : { ...rest, [key]: value });
  };
  return (
    <>
      {sorted.map((p) => {
        const own = `${id}-${p.key}`;
        const wrong = invalid.includes(p.key);
        const props = {
          id: own,
          value: values[p.key] ?? "",
          "aria-required": p.required || undefined,
          "aria-invalid": wrong || undefined,
          "aria-describedby": `${own}-what`,
          placeholder: p.default ? text.form.standard(p.default) : p.placeholder,
          autoComplete: "off",
          spellCheck: false,
          onChange: (e: { target: { value: string } }) => set(p.key, e.target.value),
        };
        return (
          <div key={p.key} className="flex flex-col gap-1">
            <div className="flex items-baseline gap-2">
              <label htmlFor={own} className="foreign min-w-0 font-mono text-sm font-semibold">
                {plain(p.name || p.key)}
              </label>
              {p.required && <span className="text-xs text-muted">{text.form.required}</span>}
            </div>
            {p.choices && p.choices.length > 0 ? (
              <Choice {...props} choices={p.choices} />
            ) : p.format === "boolean" ? (
              <Choice {...props} choices={["true", "false"]} />
            ) : p.multiple ? (
              <TextArea {...props} rows={3} />
            ) : (
              <Input {...props} type={p.secret ? "password" : "text"} />
            )}
            <p id={`${own}-what`} className="foreign text-sm text-muted">
              {wrong && <span className="text-err">{text.market.invalid} </span>}
              {plain(p.description ?? "")} {p.multiple && text.market.lines}
              {p.secret && text.market.secret}
            </p>
          </div>
        );
      })}
    </>
  );
}

function Choice({
  choices,
  placeholder,
  ...props
}: {
  choices: string[];
  placeholder?: string;
  id: string;
  value: string;
  onChange: (e: { target: { value: string } }) => void;
}) {
  return (
    <Select {...props}>
      <option value="">{placeholder ?? text.form.unset}</option>
      {choices.map((c) => (
        <option key={c} value={c}>
          {c}
        </option>
      ))}
    </Select>
  );
}
