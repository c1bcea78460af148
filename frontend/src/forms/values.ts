import { deepest, isObject, resolve, type Schema, shapeOf, type Value, withoutNull } from "./schema";

/**
 * Fills in what a server must be told and a person cannot choose: fixed values, and objects that are required. What was
 * not touched and need not be there stays absent.
 */
export function complete(schema: unknown, value: Value, root: Schema, depth = 0): Value {
  if (depth > deepest) return value;
  const shape = shapeOf(withoutNull(resolve(schema, root)).schema, root);
  if (shape.kind === "fixed") return value === undefined ? shape.value : value;
  if (shape.kind === "object" && isObject(value)) {
    const out = { ...value };
    for (const p of shape.properties) {
      const inner = withoutNull(resolve(p.schema, root)).schema;
      const kind = shapeOf(inner, root).kind;
      const start = out[p.name] === undefined && p.required && kind === "object" ? {} : out[p.name];
      if (start === undefined && !(p.required && kind === "fixed")) continue;
      out[p.name] = complete(p.schema, start, root, depth + 1);
    }
    return out;
  }
  if (shape.kind === "list" && Array.isArray(value)) {
    return value.map((v) => (v === undefined ? null : complete(shape.item, v, root, depth + 1)));
  }
  if (shape.kind === "branches" && isObject(value)) {
    const branch = shape.branches[branchOf(shape.branches, value, root)];
    return branch ? complete(branch.schema, value, root, depth + 1) : value;
  }
  return value;
}

/** The branch that a value fits, judged by its type and fixed keys; the first if none does. */
export function branchOf(branches: { schema: Schema }[], value: Value, root: Schema): number {
  const score = (schema: Schema) => {
    const shape = shapeOf(withoutNull(resolve(schema, root)).schema, root);
    switch (shape.kind) {
      case "text":
        return typeof value === "string" ? 2 : -1;
      case "number":
        return typeof value === "number" ? (shape.whole === Number.isInteger(value) ? 3 : 2) : -1;
      case "boolean":
        return typeof value === "boolean" ? 2 : -1;
      case "fixed":
        return value === shape.value ? 4 : -1;
      case "choice":
        return shape.options.some((o) => o.value === value) ? 4 : -1;
      case "list":
        return Array.isArray(value) ? 2 : -1;
      case "object": {
        if (!isObject(value)) return -1;
        let fits = 1;
        for (const p of shape.properties) {
          const own = resolve(p.schema, root);
          if ("const" in own && value[p.name] !== undefined) fits += own.const === value[p.name] ? 10 : -20;
          else if (value[p.name] !== undefined) fits += 2;
          else if (p.required) fits -= 1;
        }
        return fits;
      }
    }
    return 0;
  };
  const scores = branches.map((b) => score(b.schema));
  return Math.max(0, scores.indexOf(Math.max(...scores)));
}

/** What a branch begins with: its fixed values, so that it can be told from the others. */
export function beginning(schema: Schema, root: Schema): Value {
  const shape = shapeOf(withoutNull(resolve(schema, root)).schema, root);
  if (shape.kind === "fixed") return shape.value;
  if (shape.kind !== "object") return undefined;
  const out: Record<string, Value> = {};
  for (const p of shape.properties) {
    const own = resolve(p.schema, root);
    if ("const" in own) out[p.name] = own.const;
  }
  return out;
}
