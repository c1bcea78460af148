import { isObject } from "../../forms/schema";
import { tidy } from "./names";
import type { Draft, Found } from "./parse";

type Thing = Record<string, unknown>;
const words = (v: unknown) => (typeof v === "string" ? v : "");
const things = (v: unknown): Thing[] => (Array.isArray(v) ? v.filter(isObject) : []);

/** Reads the description of a server as registries have it, server.json. */
export function manifest(json: Thing): Found | undefined {
  const server = isObject(json.server) ? json.server : json;
  const packages = things(server.packages);
  const remotes = things(server.remotes);
  if (packages.length + remotes.length === 0) return undefined;
  const name = tidy(words(server.name).split("/").pop() ?? "");
  const servers: Draft[] = [];
  for (const p of packages) {
    const config = fromPackage(p);
    if (config) servers.push({ name, config });
  }
  for (const r of remotes) {
    if (words(r.url)) servers.push({ name, config: { url: words(r.url), ...named("headers", r.headers) } });
  }
  return servers.length > 0 ? { kind: "manifest", servers } : undefined;
}

function fromPackage(p: Thing): Thing | undefined {
  const id = words(p.identifier) || words(p.name);
  const version = words(p.version);
  const before = args(p.runtimeArguments);
  const after = args(p.packageArguments);
  const env = named("env", p.environmentVariables ?? p.environment_variables);
  switch (words(p.registryType) || words(p.registry_type) || words(p.registry_name)) {
    case "npm":
      return {
        command: "npx",
        args: [...(before.length > 0 ? before : ["-y"]), version ? `${id}@${version}` : id, ...after],
        ...env,
      };
    case "pypi":
      return { command: "uvx", args: [...before, version ? `${id}==${version}` : id, ...after], ...env };
    case "oci":
    case "docker": {
      const names = Object.keys(isObject(env.env) ? env.env : {});
      const image = version && !id.includes(":") ? `${id}:${version}` : id;
      return {
        command: "docker",
        args: ["run", "-i", "--rm", ...names.flatMap((n) => ["-e", n]), ...before, image, ...after],
        ...env,
      };
    }
  }
  return undefined;
}

/** The values of things that have names, empty where a person has to fill them in. */
function named(key: string, list: unknown): Record<string, Record<string, string>> {
  const entries = things(list).map((t) => [words(t.name), words(t.value) || words(t.default)] as const);
  return entries.length > 0 ? { [key]: Object.fromEntries(entries) } : {};
}

function args(list: unknown): string[] {
  return things(list).flatMap((a) => {
    const value =
      words(a.value) || words(a.default) || (a.isRequired === true ? `<${words(a.valueHint) || words(a.name)}>` : "");
    if (a.type === "named")
      return value ? [words(a.name), value] : a.isRequired === true || a.format === "boolean" ? [words(a.name)] : [];
    return value ? [value] : [];
  });
}
