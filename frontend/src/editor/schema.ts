import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";
import { isObject, resolve, type Schema } from "../forms/schema";

const unquote = (text: string) => text.replace(/^["']|["']$/g, "");
const nameOf = (state: EditorState, property: SyntaxNode) => {
  const name = property.getChild("PropertyName");
  return name ? unquote(state.sliceDoc(name.from, name.to)) : "";
};

/** The keys that lead from the document's root to a node; items of arrays count as "*". */
function pathTo(state: EditorState, node: SyntaxNode | null): string[] {
  const path: string[] = [];
  for (let at = node; at; at = at.parent) {
    if (at.name === "Property") path.unshift(nameOf(state, at));
    if (at.parent?.name === "Array") path.unshift("*");
  }
  return path;
}

/** All schemas that may hold at a path. */
export function schemasAt(root: Schema, path: string[]): Schema[] {
  let here = spread(root, root);
  for (const key of path) {
    here = here.flatMap((s) => {
      const properties = isObject(s.properties) ? s.properties : {};
      const next = key === "*" ? s.items : (properties[key] ?? s.additionalProperties);
      return isObject(next) ? spread(next, root) : [];
    });
  }
  return here;
}

/** A schema and the branches in it, references followed. */
function spread(schema: Schema, root: Schema): Schema[] {
  const own = resolve(schema, root);
  const branches = [own.anyOf, own.oneOf].flatMap((b) => (Array.isArray(b) ? b : []));
  return [own, ...branches.filter(isObject).flatMap((b) => spread(b, root))];
}

/** Completes keys and values from a schema. */
export function completion(schema: Schema) {
  return (context: CompletionContext): CompletionResult | null => {
    const { state, pos } = context;
    const node = syntaxTree(state).resolveInner(pos, -1);
    const word = context.matchBefore(/["']?[\w$-]*/);
    if (!context.explicit && (!word || word.from === word.to)) return null;
    const from = word?.from ?? pos;
    const within = node.name !== "Object" && node.name !== "Array" && node.parent?.name === "Property";
    const property = node.name === "Property" ? node : within ? node.parent : null;
    const colon = property?.getChild("PropertyColon");
    const value = property && colon && pos > colon.from && node.name !== "PropertyName";
    const options = value
      ? values(schemasAt(schema, pathTo(state, property)))
      : properties(state, schema, node, property);
    return options.length > 0 ? { from, options, validFor: /^["']?[\w$-]*$/ } : null;
  };
}

function properties(state: EditorState, schema: Schema, node: SyntaxNode, property: SyntaxNode | null): Completion[] {
  let object: SyntaxNode | null = property?.parent ?? node;
  while (object && object.name !== "Object") object = object.parent;
  if (!object) return [];
  const taken = new Set(
    object
      .getChildren("Property")
      .filter((p) => p !== property)
      .map((p) => nameOf(state, p)),
  );
  const found = new Map<string, Completion>();
  for (const s of schemasAt(schema, pathTo(state, object))) {
    for (const [name, inner] of Object.entries(isObject(s.properties) ? s.properties : {})) {
      if (taken.has(name) || found.has(name)) continue;
      const own = resolve(inner, schema);
      found.set(name, {
        label: name,
        apply: `"${name}": `,
        type: "property",
        detail: kindOf(own),
        info: String(own.description ?? "") || undefined,
      });
    }
  }
  return [...found.values()];
}

function values(schemas: Schema[]): Completion[] {
  const all = schemas.flatMap((s) => {
    if (Array.isArray(s.enum)) return s.enum;
    return s.type === "boolean" ? [true, false] : [];
  });
  return [...new Set(all)].map((v) => ({ label: JSON.stringify(v), type: "enum" }));
}

const kindOf = (s: Schema) =>
  Array.isArray(s.type)
    ? s.type.join(" | ")
    : typeof s.type === "string"
      ? s.type
      : Array.isArray(s.enum)
        ? "choice"
        : undefined;

/** Says what the key under the pointer means. */
export const hover = (schema: Schema) =>
  hoverTooltip((view, pos, side) => {
    const node = syntaxTree(view.state).resolveInner(pos, side);
    if (node.name !== "PropertyName" || !node.parent) return null;
    const found = schemasAt(schema, pathTo(view.state, node.parent)).find((s) => s.description);
    if (!found) return null;
    return {
      pos: node.from,
      end: node.to,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "cm-schema";
        dom.textContent =
          String(found.description) +
          (found.default === undefined ? "" : ` Default: ${JSON.stringify(found.default)}.`);
        return { dom };
      },
    };
  });
