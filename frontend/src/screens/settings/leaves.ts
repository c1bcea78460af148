import { isObject } from "../../forms/schema";

/** A setting that has no settings within. */
export interface Leaf {
  /** Where it stands in a configuration file, such as "hub.history.days". */
  key: string;
  description: string;
  /** What holds; undefined if nobody says. */
  value: unknown;
  /** A file says it; otherwise it is the default. */
  set: boolean;
  /** What holds if no file says it. */
  standard: unknown;
  /** What it takes, in the words of the schema. */
  type: unknown;
}

/** What stands in nested objects; an empty one if something is not there. */
export function get(value: unknown, ...path: string[]): Record<string, unknown> {
  let at = value;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : {};
}

/** The settings that a schema describes, each with what is set or else its default. */
export function leaves(schema: Record<string, unknown>, value: unknown, key: string): Leaf[] {
  if (isObject(schema.properties)) {
    return Object.entries(schema.properties).flatMap(([name, inner]) =>
      leaves(get(inner), isObject(value) ? value[name] : undefined, `${key}.${name}`),
    );
  }
  const set = value !== undefined;
  return [
    {
      key,
      description: String(schema.description ?? ""),
      value: set ? value : schema.default,
      set,
      standard: schema.default,
      type: schema.type,
    },
  ];
}
