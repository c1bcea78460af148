import { createContext, useContext, useId } from "react";
import { plain } from "../lib/text";
import { text } from "../text";
import { Compound } from "./Compound";
import type { Problem } from "./check";
import { Scalar } from "./Scalar";
import { isObject, label, resolve, type Schema, type Shape, shapeOf, type Value, withoutNull } from "./schema";

interface Context {
  root: Schema;
  problems: Problem[];
}

const FormContext = createContext<Context>({ root: {}, problems: [] });
export const useForm = () => useContext(FormContext);

interface Props {
  schema: Schema;
  value: Value;
  onChange: (value: Value) => void;
  problems?: Problem[];
}

/** A form for a value of a JSON schema. What is not touched stays out of the value. */
export function SchemaForm({ schema, value, onChange, problems = [] }: Props) {
  const { schema: own } = withoutNull(resolve(schema, schema));
  return (
    <FormContext value={{ root: schema, problems }}>
      <Compound shape={shapeOf(own, schema)} value={value} onChange={onChange} path="" name={text.form.root} bare />
    </FormContext>
  );
}

export interface FieldProps {
  schema: Schema;
  name: string;
  path: string;
  required: boolean;
  value: Value;
  onChange: (value: Value) => void;
}

/** A field with its name, what it is for, and what is wrong with it. */
export function Field({ schema, name, path, required, value, onChange }: FieldProps) {
  const { root, problems } = useForm();
  const id = useId();
  const { schema: own, nullable } = withoutNull(resolve(schema, root));
  const shape = shapeOf(own, root);
  const mine = problems.filter((p) => p.path === path);
  const title = typeof own.title === "string" && own.title !== name ? own.title : undefined;
  const description = typeof own.description === "string" ? own.description : undefined;
  const simple = isScalar(shape);
  const described =
    [description && `${id}-what`, mine.length > 0 && `${id}-wrong`].filter(Boolean).join(" ") || undefined;

  return (
    <div className="flex flex-col gap-1" data-path={path}>
      <div className="flex items-baseline gap-2">
        {simple ? (
          <label htmlFor={id} className="foreign min-w-0 font-mono text-sm font-semibold">
            {plain(name)}
          </label>
        ) : (
          <span id={`${id}-name`} className="foreign min-w-0 font-mono text-sm font-semibold">
            {plain(name)}
          </span>
        )}
        {title && <span className="foreign min-w-0 truncate text-sm text-muted">{plain(title)}</span>}
        {required && <span className="text-xs text-muted">{text.form.required}</span>}
        <span className="grow" />
        {nullable && value !== null && (
          <button
            type="button"
            className="min-h-6 text-xs text-muted underline hover:text-text"
            onClick={() => onChange(null)}
          >
            {text.form.setNull}
          </button>
        )}
        {value !== undefined && shape.kind !== "fixed" && (
          <button
            type="button"
            className="min-h-6 text-xs text-muted underline hover:text-text"
            onClick={() => onChange(undefined)}
            aria-label={text.form.clearOf(name)}
          >
            {text.form.clear}
          </button>
        )}
      </div>
      {description && (
        <p id={`${id}-what`} className="foreign max-w-prose text-sm whitespace-pre-line text-muted">
          {plain(description)}
        </p>
      )}
      {value === null && nullable ? (
        <code className="font-mono text-sm text-muted">null</code>
      ) : simple ? (
        <Scalar
          id={id}
          shape={shape}
          value={value}
          onChange={onChange}
          required={required}
          invalid={mine.length > 0}
          described={described}
        />
      ) : (
        <Compound
          shape={shape}
          value={value}
          onChange={onChange}
          path={path}
          name={name}
          labelled={`${id}-name`}
          described={described}
        />
      )}
      {mine.length > 0 && (
        <p id={`${id}-wrong`} className="foreign text-sm text-err">
          {mine.map((p) => p.message).join(" ")}
        </p>
      )}
    </div>
  );
}

type ScalarShape = Extract<Shape, { kind: "text" | "number" | "boolean" | "choice" | "fixed" }>;

export const isScalar = (s: Shape): s is ScalarShape =>
  s.kind === "text" || s.kind === "number" || s.kind === "boolean" || s.kind === "choice" || s.kind === "fixed";

/** What stands in an empty field: the default that holds then, or an example. */
export function hint(schema: Schema): string {
  if (schema.default !== undefined && schema.default !== null)
    return text.form.standard(isObject(schema.default) ? JSON.stringify(schema.default) : label(schema.default));
  const example = Array.isArray(schema.examples) ? schema.examples[0] : undefined;
  return example === undefined ? "" : label(example);
}
