import { type Schema as Known, Validator } from "@cfworker/json-schema";
import { isObject, type Schema } from "./schema";

export interface Problem {
  /** JSON pointer of the value, "" for the whole. */
  path: string;
  message: string;
}

const general =
  /^(Items? did not match|Property "[^"]*" does not match|A subschema|Instance does not match (any|all|exactly)|Value at)/;

/**
 * Says in which places a value does not fit a schema. It runs no generated code, which the page's policy forbids. A
 * schema that cannot be used finds nothing: the server knows better.
 */
export function check(schema: unknown, value: unknown): Problem[] {
  if (!isObject(schema)) return [];
  try {
    const { errors } = new Validator(schema as Known, draftOf(schema), false).validate(value ?? null);
    const problems = new Map<string, Problem>();
    for (const e of errors) {
      const path = e.instanceLocation.replace(/^#/, "");
      const missing = /required property "([^"]*)"/.exec(e.error)?.[1];
      const place = missing === undefined ? path : `${path}/${missing.replace(/~/g, "~0").replace(/\//g, "~1")}`;
      const message = missing === undefined ? e.error : "A value is required.";
      const known = problems.get(place);
      if (!known || general.test(known.message)) problems.set(place, { path: place, message });
    }
    // Of a place within another, only the inner one says what to do.
    const all = [...problems.values()];
    return all.filter((p) => !general.test(p.message) || !all.some((q) => q !== p && q.path.startsWith(`${p.path}/`)));
  } catch {
    return [];
  }
}

function draftOf(schema: Schema) {
  const id = typeof schema.$schema === "string" ? schema.$schema : "";
  if (id.includes("draft-07")) return "7";
  if (id.includes("draft-04")) return "4";
  if (id.includes("2019-09")) return "2019-09";
  return "2020-12";
}
