import type { RecordedCall, RecordedDetail } from "../../api/history";

/** A text that a POSIX shell takes as it is. */
export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const routes = {
  tool: { path: "tools", name: "tool" },
  prompt: { path: "prompts", name: "prompt" },
  resource: { path: "resources", name: "uri" },
};

/**
 * The command line that makes the same call again, or nothing if it cannot be made: arguments stand in it as they were
 * sent, never rounded or completed.
 */
export function curlOf(call: RecordedDetail, origin: string): string | undefined {
  if (call.kind === "completion" || !call.server || call.arguments?.truncated) return undefined;
  const { path, name } = routes[call.kind];
  const fields = [`"server_name":${JSON.stringify(call.server)}`, `"${name}":${JSON.stringify(call.name)}`];
  if (call.kind !== "resource") fields.push(`"arguments":${call.arguments?.text ?? "{}"}`);
  return [
    `curl ${quoted(`${origin}/api/servers/${path}`)}`,
    `-H "Authorization: Bearer $(mcp-hub token)"`,
    `-H 'Content-Type: application/json'`,
    `--data-raw ${quoted(`{${fields.join(",")}}`)}`,
  ].join(" \\\n  ");
}

/** The arguments that a form can begin with, and what the reader must know of them. */
export function reusable(call: RecordedDetail): {
  value?: Record<string, unknown>;
  note?: "none" | "cut" | "redacted" | "inexact";
} {
  const kept = call.arguments;
  if (!kept) return { note: "none" };
  if (kept.truncated) return { note: "cut" };
  let value: unknown;
  try {
    value = JSON.parse(kept.text);
  } catch {
    return { note: "cut" };
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { note: "none" };
  if (!exact(kept.text)) return { note: "inexact" };
  return { value: value as Record<string, unknown>, note: kept.redacted ? "redacted" : undefined };
}

/** Whether all whole numbers of a JSON text are those that a browser makes of them. */
export function exact(json: string): boolean {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];
  return tokens.every((t) => t.startsWith('"') || !/^-?\d{16,}$/.test(t) || BigInt(t) === BigInt(Number(t)));
}

/** The earlier of two calls first. */
export const inOrder = <T extends RecordedCall>(a: T, b: T): [T, T] => (a.id <= b.id ? [a, b] : [b, a]);
