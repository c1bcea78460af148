import { isObject } from "../../forms/schema";
import { manifest } from "./manifest";
import { nameOf, nameOfCommand, nameOfURL } from "./names";

/** A server as it would stand in the configuration. */
export interface Draft {
  name: string;
  config: Record<string, unknown>;
}

export type Source = "config" | "command" | "url" | "manifest";

export interface Found {
  kind: Source;
  servers: Draft[];
}

/** Recognises what a person has pasted; undefined if it is nothing that is known. */
export function parse(input: string): Found | undefined {
  const text = input.trim();
  if (!text) return undefined;
  if (/^https?:\/\/\S+$/i.test(text))
    return { kind: "url", servers: [{ name: nameOfURL(text), config: { url: text } }] };
  const json = readJSON(text);
  if (json !== undefined) return fromJSON(json);
  if (/^[[{"]/.test(text)) return undefined; // JSON that is not finished
  return fromCommand(text);
}

/** Reads JSON as it stands in documents: with comments, trailing commas, and without the braces around it. */
function readJSON(text: string): unknown {
  const bare = text
    .replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (m) => (m[0] === '"' ? m : ""))
    .replace(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, (m) => (m[0] === '"' ? m : ""));
  for (const candidate of [text, bare, `{${bare.replace(/,\s*$/, "")}}`]) {
    try {
      const value = JSON.parse(candidate);
      if (isObject(value) || Array.isArray(value)) return value;
    } catch {
      // the next one may be
    }
  }
  return undefined;
}

const isEntry = (v: unknown): v is Record<string, unknown> =>
  isObject(v) &&
  ["command", "url", "serverUrl", "httpUrl"].some(
    (k) => typeof v[k] === "string" || (k === "command" && isObject(v[k])),
  );

function fromJSON(json: unknown): Found | undefined {
  if (Array.isArray(json)) {
    const servers = json.filter(isEntry).map((e) => draft(typeof e.name === "string" ? e.name : "", e));
    return servers.length > 0 ? { kind: "config", servers } : undefined;
  }
  if (!isObject(json)) return undefined;
  const made = manifest(json);
  if (made) return made;
  for (const key of ["mcpServers", "servers", "context_servers", "mcp"]) {
    const inner = json[key];
    if (isObject(inner) || Array.isArray(inner)) {
      const found = fromJSON(inner);
      if (found) return found;
    }
  }
  if (isEntry(json)) return { kind: "config", servers: [draft(typeof json.name === "string" ? json.name : "", json)] };
  const servers = Object.entries(json).flatMap(([name, e]) => (isEntry(e) ? [draft(name, e)] : []));
  return servers.length > 0 ? { kind: "config", servers } : undefined;
}

/** An entry in the hub's own words. What other clients call differently is renamed. */
function draft(name: string, entry: Record<string, unknown>): Draft {
  const { type: _type, transport: _transport, serverUrl, httpUrl, name: _name, command, ...rest } = entry;
  const config: Record<string, unknown> = {};
  if (isObject(command)) Object.assign(config, { command: command.path, args: command.args, env: command.env });
  else if (command !== undefined) config.command = command;
  const url = rest.url ?? serverUrl ?? httpUrl;
  if (url !== undefined && config.command === undefined) config.url = url;
  delete rest.url;
  Object.assign(config, rest);
  for (const key of Object.keys(config)) if (config[key] === undefined) delete config[key];
  return { name: name || nameOf(config), config };
}

function fromCommand(text: string): Found | undefined {
  const words = split(text.replace(/\\\r?\n\s*/g, " ").replace(/^\$\s+/, ""));
  if (words.length === 0 || text.includes("\n\n")) return undefined;
  const claude = /^(claude|codex|gemini) mcp add(-json)?\b/.exec(words.slice(0, 3).join(" "));
  if (claude) return fromClient(words.slice(3), words[2] === "add-json");
  const env: Record<string, string> = {};
  while (words.length > 0 && /^[A-Za-z_]\w*=/.test(words[0] ?? "")) {
    const [name = "", ...value] = (words.shift() ?? "").split("=");
    env[name] = value.join("=");
  }
  const [command, ...args] = words;
  if (!command) return undefined;
  const config: Record<string, unknown> = { command };
  if (args.length > 0) config.args = args;
  if (Object.keys(env).length > 0) config.env = env;
  return { kind: "command", servers: [{ name: nameOfCommand(words), config }] };
}

/** Reads the rest of a command that adds a server to another client, such as "claude mcp add". */
function fromClient(words: string[], json: boolean): Found | undefined {
  const env: Record<string, string> = {};
  const headers: Record<string, string> = {};
  const plain: string[] = [];
  let command: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const w = words[i] ?? "";
    if (w === "--") {
      command = words.slice(i + 1);
      break;
    }
    if (w === "-e" || w === "--env") {
      const [name = "", ...value] = (words[++i] ?? "").split("=");
      env[name] = value.join("=");
    } else if (w === "-H" || w === "--header") {
      const [name = "", ...value] = (words[++i] ?? "").split(":");
      headers[name.trim()] = value.join(":").trim();
    } else if (/^(-s|--scope|-t|--transport)$/.test(w)) i++;
    else if (w === "--url") plain.push(words[++i] ?? "");
    else if (!w.startsWith("-") || plain.length > 1) plain.push(w);
  }
  const [name = "", target = "", ...rest] = plain;
  if (json) {
    const entry = readJSON(target);
    return isEntry(entry) ? { kind: "command", servers: [draft(name, entry)] } : undefined;
  }
  const config: Record<string, unknown> = {};
  if (/^https?:/.test(target)) config.url = target;
  else {
    const all = command.length > 0 ? command : [target, ...rest].filter(Boolean);
    if (all.length === 0) return undefined;
    config.command = all[0];
    if (all.length > 1) config.args = all.slice(1);
  }
  if (Object.keys(env).length > 0) config.env = env;
  if (Object.keys(headers).length > 0) config.headers = headers;
  return { kind: "command", servers: [{ name, config }] };
}

/** Splits a command line as a shell would, without running anything in it. */
function split(line: string): string[] {
  const words: string[] = [];
  const word = /((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/g;
  for (const [raw] of line.matchAll(word)) {
    words.push(
      raw.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)|([^"'\\]+)/g, (_, double, single, escaped, bare) =>
        double !== undefined ? double.replace(/\\(["\\$`])/g, "$1") : (single ?? escaped ?? bare),
      ),
    );
  }
  return words;
}
