import { Plus, X } from "lucide-react";
import { useState } from "react";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Input, Select } from "../ui/Field";
import { JsonField } from "./JsonField";
import { Scalar } from "./Scalar";
import { Field, isScalar, useForm } from "./SchemaForm";
import { isObject, resolve, type Schema, type Shape, shapeOf, type Value, withoutNull } from "./schema";
import { beginning, branchOf } from "./values";

export interface CompoundProps {
  shape: Shape;
  value: Value;
  onChange: (value: Value) => void;
  path: string;
  name: string;
  /** The id of what names it. */
  labelled?: string;
  described?: string;
  /** It stands alone, and so in no box. */
  bare?: boolean;
}

const pointer = (path: string, key: string | number) =>
  `${path}/${String(key).replace(/~/g, "~0").replace(/\//g, "~1")}`;

/** Sets a key, or takes it out. An object that has none left is still there: only its owner may take it out. */
function put(object: Value, key: string, value: Value): Record<string, Value> {
  const { [key]: _, ...rest } = isObject(object) ? object : {};
  return value === undefined ? rest : { ...(isObject(object) ? object : {}), [key]: value };
}

export function Compound(props: CompoundProps) {
  const { shape, labelled, described, bare } = props;
  const box = bare ? "flex flex-col gap-4" : "flex flex-col gap-3 border-l-2 border-line pl-3";
  const inner = <Inner {...props} />;
  if (shape.kind === "json") return <JsonField {...props} />;
  return bare ? (
    <div className={box}>{inner}</div>
  ) : (
    <fieldset aria-labelledby={labelled} aria-describedby={described} className={box}>
      {inner}
    </fieldset>
  );
}

function Inner(props: CompoundProps) {
  switch (props.shape.kind) {
    case "object":
      return <ObjectFields {...props} shape={props.shape} />;
    case "list":
      return <List {...props} shape={props.shape} />;
    case "branches":
      return <Branches {...props} shape={props.shape} />;
  }
  return isScalar(props.shape) ? (
    <Scalar
      id={`${props.path}-value`}
      shape={props.shape}
      value={props.value}
      onChange={props.onChange}
      required={false}
      invalid={false}
      described={props.described}
    />
  ) : null;
}

function ObjectFields({ shape, value, onChange, path }: CompoundProps & { shape: Extract<Shape, { kind: "object" }> }) {
  const [key, setKey] = useState("");
  const known = new Set(shape.properties.map((p) => p.name));
  const others = isObject(value) ? Object.keys(value).filter((k) => !known.has(k)) : [];
  const current = (name: string) => (isObject(value) ? value[name] : undefined);
  const add = () => {
    if (!key || known.has(key) || others.includes(key)) return;
    const shape = withoutNull(resolve(restSchema ?? {}, {})).schema;
    onChange(
      put(value, key, shape.type === "string" ? "" : shape.type === "object" ? {} : shape.type === "array" ? [] : null),
    );
    setKey("");
  };
  const restSchema = shape.rest;
  return (
    <>
      {shape.properties.map((p) => (
        <Field
          key={p.name}
          {...p}
          path={pointer(path, p.name)}
          value={current(p.name)}
          onChange={(v) => onChange(put(value, p.name, v))}
        />
      ))}
      {others.map((k) => (
        <Field
          key={k}
          name={k}
          schema={restSchema ?? {}}
          required={false}
          path={pointer(path, k)}
          value={current(k)}
          onChange={(v) => onChange(put(value, k, v))}
        />
      ))}
      {restSchema && (
        <div className="flex gap-2">
          <Input
            value={key}
            aria-label={text.form.key}
            placeholder={text.form.key}
            onChange={(e) => setKey(e.target.value)}
            onKeyDown={(e) => {
              if (e.key !== "Enter") return;
              e.preventDefault();
              add();
            }}
            className="max-w-52 font-mono"
          />
          <Button onClick={add}>
            <Plus size={14} aria-hidden />
            {text.form.addKey}
          </Button>
        </div>
      )}
    </>
  );
}

function List({ shape, value, onChange, path, name }: CompoundProps & { shape: Extract<Shape, { kind: "list" }> }) {
  const { root } = useForm();
  const items = Array.isArray(value) ? value : [];
  const own = withoutNull(resolve(shape.item, root)).schema;
  const start = () => {
    const kind = shapeOf(own, root).kind;
    return kind === "text"
      ? ""
      : kind === "object"
        ? (beginning(own, root) ?? {})
        : kind === "list"
          ? []
          : kind === "boolean"
            ? false
            : kind === "branches"
              ? undefined
              : null;
  };
  return (
    <>
      {items.map((item, i) => (
        <div key={i} className="flex items-start gap-1">
          <div className="min-w-0 grow">
            <Field
              name={text.form.item(i + 1)}
              schema={shape.item}
              required={false}
              path={pointer(path, i)}
              value={item}
              onChange={(v) =>
                onChange(items.map((old, j) => (j === i ? (v === undefined && typeof old === "string" ? "" : v) : old)))
              }
            />
          </div>
          <Button
            look="quiet"
            square
            aria-label={text.form.remove(`${name} ${i + 1}`)}
            onClick={() => onChange(items.filter((_, j) => j !== i))}
          >
            <X size={14} aria-hidden />
          </Button>
        </div>
      ))}
      <div>
        <Button onClick={() => onChange([...items, start()])}>
          <Plus size={14} aria-hidden />
          {text.form.add}
        </Button>
      </div>
    </>
  );
}

function Branches({
  shape,
  value,
  onChange,
  path,
  name,
}: CompoundProps & { shape: Extract<Shape, { kind: "branches" }> }) {
  const { root } = useForm();
  // A value that is not there yet fits every branch: then the person's choice alone counts.
  const [chosen, setChosen] = useState(() => (value === undefined ? 0 : branchOf(shape.branches, value, root)));
  const branch = shape.branches[chosen] ?? shape.branches[0];
  if (!branch) return null;
  const { schema } = withoutNull(resolve(branch.schema as Schema, root));
  const inner = shapeOf(schema, root);
  const pick = (i: number) => {
    setChosen(i);
    onChange(beginning((shape.branches[i] ?? branch).schema, root));
  };
  return (
    <>
      <Select
        aria-label={text.form.variant(name)}
        value={chosen}
        onChange={(e) => pick(Number(e.target.value))}
        className="max-w-md"
      >
        {shape.branches.map((b, i) => (
          <option key={i} value={i}>
            {/^\d+$/.test(b.label) ? text.form.option(Number(b.label)) : b.label}
          </option>
        ))}
      </Select>
      {isScalar(inner) ? (
        <Field
          key={chosen}
          name={branch.label}
          schema={schema}
          required={false}
          path={path}
          value={value}
          onChange={onChange}
        />
      ) : (
        <Compound key={chosen} shape={inner} value={value} onChange={onChange} path={path} name={name} bare />
      )}
    </>
  );
}
