/** A JSON Schema as servers write them. Everything in it may be missing or of the wrong type. */
export type Schema = Record<string, unknown>;

/** A JSON value; undefined is one that is not there. */
export type Value = unknown;

/** What a form shows for a schema. */
export type Shape =
  | { kind: "text"; schema: Schema; format?: string }
  | { kind: "number"; schema: Schema; whole: boolean }
  | { kind: "boolean"; schema: Schema }
  | { kind: "choice"; schema: Schema; options: { value: Value; label: string }[] }
  | { kind: "fixed"; schema: Schema; value: Value }
  | { kind: "object"; schema: Schema; properties: Property[]; rest?: Schema }
  | { kind: "list"; schema: Schema; item: Schema }
  | { kind: "branches"; schema: Schema; branches: { schema: Schema; label: string }[] }
  | { kind: "json"; schema: Schema };

export interface Property {
  name: string;
  schema: Schema;
  required: boolean;
}

export const isObject = (v: unknown): v is Record<string, unknown> =>
  v !== null && typeof v === "object" && !Array.isArray(v);
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const words = (v: unknown) => (typeof v === "string" ? v : undefined);

/** How deep references and combinations may lead: a schema may lead back to itself. */
export const deepest = 24;

/** Replaces a reference within the document, and merges what allOf says into one schema. */
export function resolve(schema: unknown, root: Schema, depth = 0): Schema {
  if (schema === false) return { not: {} };
  if (!isObject(schema) || depth > deepest) return {};
  if (typeof schema.$ref === "string") {
    const { $ref, ...own } = schema;
    const target = at(root, schema.$ref);
    return target === undefined ? own : merge(resolve(target, root, depth + 1), own);
  }
  const parts = list(schema.allOf);
  if (parts.length === 0) return schema;
  const { allOf: _, ...own } = schema;
  return parts.map((p) => resolve(p, root, depth + 1)).reduceRight((later, earlier) => merge(earlier, later), own);
}

/** What a local reference such as "#/$defs/x" points to. */
function at(root: Schema, ref: string): unknown {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) {
    const anchor = ref.slice(1);
    return Object.values({ ...(root.$defs as object), ...(root.definitions as object) }).find(
      (d) => isObject(d) && (d.$anchor === anchor || d.$id === ref),
    );
  }
  let node: unknown = root;
  for (const token of ref.slice(2).split("/")) {
    const key = decodeURIComponent(token).replace(/~1/g, "/").replace(/~0/g, "~");
    node = isObject(node) || Array.isArray(node) ? (node as Record<string, unknown>)[key] : undefined;
  }
  return node;
}

function merge(base: Schema, over: Schema): Schema {
  const out: Schema = { ...base, ...over };
  if (isObject(base.properties) && isObject(over.properties))
    out.properties = { ...base.properties, ...over.properties };
  if (Array.isArray(base.required) && Array.isArray(over.required))
    out.required = [...new Set([...base.required, ...over.required])];
  return out;
}

const isNull = (s: unknown) => isObject(s) && (s.type === "null" || (s.const === null && "const" in s));

/** Takes null out of a schema: whether it may be null, and what else it may be. */
export function withoutNull(schema: Schema): { schema: Schema; nullable: boolean } {
  for (const key of ["anyOf", "oneOf"]) {
    const branches = list(schema[key]);
    if (branches.some(isNull)) {
      const rest = branches.filter((b) => !isNull(b));
      const { [key]: _, ...own } = schema;
      return {
        nullable: true,
        schema: rest.length === 1 && isObject(rest[0]) ? { ...rest[0], ...own } : { ...own, [key]: rest },
      };
    }
  }
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const types = schema.type.filter((t) => t !== "null");
    return {
      nullable: true,
      schema: {
        ...schema,
        type: types.length === 1 ? types[0] : types,
        enum: Array.isArray(schema.enum) ? schema.enum.filter((v) => v !== null) : schema.enum,
      },
    };
  }
  return { schema, nullable: schema.nullable === true };
}

/** What a value is called in a list of choices. */
export const label = (v: Value) => (typeof v === "string" ? v : JSON.stringify(v));

/** Says what a form shows for a schema that has been resolved and has no null in it. */
export function shapeOf(schema: Schema, root: Schema): Shape {
  if ("const" in schema) return { kind: "fixed", schema, value: schema.const };
  if (Array.isArray(schema.enum)) {
    const names = list(schema.enumNames);
    return {
      kind: "choice",
      schema,
      options: schema.enum.map((value, i) => ({ value, label: words(names[i]) ?? label(value) })),
    };
  }
  const options = [...list(schema.oneOf), ...list(schema.anyOf)].map((b) => resolve(b, root));
  if (options.length > 0) {
    if (options.every((o) => "const" in o)) {
      return {
        kind: "choice",
        schema,
        options: options.map((o) => ({ value: o.const, label: words(o.title) ?? label(o.const) })),
      };
    }
    const { oneOf: _one, anyOf: _any, ...own } = schema;
    // Branches that only say which keys are required together are no shapes of their own.
    if (isObject(own.properties) && options.every((o) => !o.properties && !o.type && !o.$ref))
      return shapeOf(own, root);
    const branches = options.map((o, i) => ({ schema: merge(own, o), label: branchLabel(o, i, root) }));
    if (branches.length === 1 && branches[0]) return shapeOf(branches[0].schema, root);
    return { kind: "branches", schema, branches };
  }
  const type = Array.isArray(schema.type) ? undefined : schema.type;
  if (Array.isArray(schema.type) && schema.type.length > 1) {
    const branches = schema.type.map((t) => ({ schema: { ...schema, type: t }, label: String(t) }));
    return { kind: "branches", schema, branches };
  }
  if (type === "object" || (type === undefined && isObject(schema.properties))) return object(schema);
  switch (type) {
    case "string":
      return { kind: "text", schema, format: words(schema.format) };
    case "number":
    case "integer":
      return { kind: "number", schema, whole: type === "integer" };
    case "boolean":
      return { kind: "boolean", schema };
    case "array":
      return isObject(schema.items) && !Array.isArray(schema.prefixItems)
        ? { kind: "list", schema, item: schema.items }
        : { kind: "json", schema };
  }
  return { kind: "json", schema };
}

function object(schema: Schema): Shape {
  const required = list(schema.required);
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const rest = schema.additionalProperties;
  if (properties.length === 0 && !isObject(rest)) return { kind: "json", schema };
  return {
    kind: "object",
    schema,
    properties: properties.map(([name, s]) => ({
      name,
      schema: isObject(s) ? s : {},
      required: required.includes(name),
    })),
    rest: isObject(rest) ? rest : undefined,
  };
}

/** A branch is called by its title, by the fixed value that tells it from the others, or by its type. */
function branchLabel(branch: Schema, i: number, root: Schema): string {
  if (words(branch.title)) return words(branch.title) as string;
  if (isObject(branch.properties)) {
    const fixed = Object.values(branch.properties)
      .map((p) => resolve(p, root))
      .find((p) => "const" in p);
    if (fixed) return label(fixed.const);
    const names = Object.keys(branch.properties);
    if (names.length > 0 && names.length <= 3) return names.join(", ");
  }
  const type = Array.isArray(branch.type) ? branch.type.join(" or ") : words(branch.type);
  const items = isObject(branch.items) ? words(resolve(branch.items, root).type) : undefined;
  return type === "array" && items ? `array of ${items}` : (type ?? `${i + 1}`);
}
