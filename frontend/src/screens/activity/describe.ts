import type { Happening } from "../../api/live";
import { line } from "../../lib/text";
import { text } from "../../text";

export type Kind = keyof typeof text.activity.kinds;

/** The group of an event, for the filter. */
export function kindOf(kind: string): Kind {
  if (kind === "server_stderr" || kind === "server_note") return "output";
  if (kind.startsWith("server_")) return "servers";
  if (kind === "config_changed" || kind.startsWith("servers_")) return "config";
  return "hub";
}

const words = (v: unknown) => (typeof v === "string" ? v : "");
const names = (v: unknown) => (Array.isArray(v) ? v.filter((n): n is string => typeof n === "string") : []);

/** What happened, in a sentence; and why, if it went wrong. */
export function describe(h: Happening): { what: string; why?: string; bad?: boolean } {
  const d = h.data;
  switch (h.kind) {
    case "server_state": {
      const to = words(d.to);
      const bad = to === "failed" || to === "retrying" || to === "authorizing";
      const word = (text.state[to as "ready"] ?? to).toString().toLowerCase();
      return {
        what: text.activity.became(word, Number(d.took ?? 0)),
        why: (bad && line(words(d.reason), 400)) || undefined,
        bad,
      };
    }
    case "server_health":
      return { what: line(words(d.summary), 400), bad: d.level === "error" || d.level === "warn" };
    case "server_lists": {
      const changed = [
        d.tools && text.server.tools,
        d.resources && text.server.resources,
        d.prompts && text.server.prompts,
      ];
      return { what: text.activity.lists(changed.filter(Boolean).join(", ").toLowerCase()) };
    }
    case "server_stderr":
    case "server_note":
      return { what: line(words(d.line), 400) };
    case "server_sign_in":
      return { what: text.activity.signIn, bad: true };
    case "config_changed":
      return d.error
        ? { what: text.activity.configBroken, why: line(words(d.error), 400), bad: true }
        : { what: text.activity.configChanged };
    case "servers_updating":
      return { what: text.activity.updating };
    case "servers_updated": {
      const parts = (["added", "removed", "modified"] as const).flatMap((key) => {
        const list = names(d[key]);
        return list.length > 0 ? [`${list.map((n) => line(n, 60)).join(", ")} ${text.activity[key]}`] : [];
      });
      return { what: text.activity.updated(parts.join("; ") || text.activity.nothing) };
    }
    case "hub_state": {
      const state = words(d.state);
      return { what: text.activity.hub((text.hubState[state as "ready"] ?? state).toString().toLowerCase()) };
    }
    case "workspaces_updated":
      return { what: text.activity.workspaces };
  }
  return { what: h.kind };
}
