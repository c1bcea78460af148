import { isObject, type Value } from "../../forms/schema";
import { stored } from "../../lib/stored";

/** Arguments that a person keeps under a name, to run something with them again. */
export interface Example {
  name: string;
  value: Value;
}

// By what they are arguments of. Anything may stand in the browser's memory.
const store = stored<Record<string, unknown>>("mcp-hub-examples", {});

const isExample = (v: unknown): v is Example => isObject(v) && typeof v.name === "string" && "value" in v;

/** The examples of a tool, a prompt or a template of a server, and ways to change them. */
export function useExamples(server: string, method: string, of: string) {
  const key = JSON.stringify([server, method, of]);
  const among = (all: Record<string, unknown>) => {
    const kept = all[key];
    return Array.isArray(kept) ? kept.filter(isExample) : [];
  };
  // As it is when something is changed, which may be long after it was shown: undoing must not undo what came later.
  const others = (name: string) => among(store.get()).filter((e) => e.name !== name);
  const put = (next: Example[]) => store.set({ [key]: next.length > 0 ? next : undefined });
  return {
    examples: among(store.use()),
    save: (example: Example) => put([...others(example.name), example]),
    remove: (name: string) => put(others(name)),
  };
}
