import type { ReactNode } from "react";
import type { Server } from "../../api/client";
import { ago, dateTime } from "../../lib/format";
import { line } from "../../lib/text";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Code } from "../../ui/Code";
import { CopyButton } from "../../ui/CopyButton";
import { Facts } from "../../ui/Facts";
import { endpoint } from "../servers/ServerMenu";
import { SignedIn } from "./SignIn";

/** What the hub knows of the server, and nothing that it does not. */
export function About({ server: s }: { server: Server }) {
  const now = useNow();
  const info = (s.serverInfo ?? {}) as { name?: unknown; version?: unknown; title?: unknown };
  const capabilities = s.capabilities && typeof s.capabilities === "object" ? Object.keys(s.capabilities) : [];
  const rows: [string, ReactNode][] = [
    [
      text.about.endpoint,
      <span key="endpoint" className="flex items-center gap-1">
        <code className="foreign font-mono text-sm">{endpoint(s.name)}</code>
        <CopyButton value={endpoint(s.name)} what={text.about.endpoint} />
      </span>,
    ],
    [text.about.state, text.about.since(s.health.summary, dateTime(s.since), ago(s.since, now))],
    [text.about.transport, text.transport(s.transport)],
  ];
  if (s.revision)
    rows.push([text.about.revision, `${s.revision} (${s.era === "modern" ? text.about.modern : text.about.legacy})`]);
  if (s.serverInfo)
    rows.push([
      text.about.says,
      line([info.title ?? info.name, info.version].filter((v) => typeof v === "string").join(" "), 200),
    ]);
  if (s.pid) rows.push([text.about.pid, String(s.pid)]);
  if (s.failures > 0) rows.push([text.about.failures, String(s.failures)]);
  if (s.error) rows.push([text.about.error, line(s.error, 1000)]);
  if (s.retryAt) rows.push([text.about.retry, dateTime(s.retryAt)]);
  if (capabilities.length > 0) {
    rows.push([
      text.about.capabilities,
      <span key="capabilities" className="flex flex-wrap gap-1">
        {capabilities.map((c) => (
          <Badge key={c}>{line(c, 60)}</Badge>
        ))}
      </span>,
    ]);
  }
  return (
    <div className="flex flex-col gap-4">
      <Facts rows={rows} className="gap-y-2 sm:grid-cols-[10rem_minmax(0,1fr)]" />
      {s.transport === "remote" && <SignedIn server={s} />}
      {s.capabilities !== undefined && (
        <details>
          <summary className="cursor-pointer text-sm text-muted">{text.about.raw}</summary>
          <Code
            className="mt-2"
            value={JSON.stringify({ serverInfo: s.serverInfo, capabilities: s.capabilities }, null, 2)}
            label={text.about.raw}
          />
        </details>
      )}
    </div>
  );
}
