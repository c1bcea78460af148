import { Link } from "@tanstack/react-router";
import type { Server } from "../../api/client";
import { useConfigFiles, useEffectiveConfig } from "../../api/queries";
import { text } from "../../text";
import { Code } from "../../ui/Code";
import { Failure, Loading } from "../../ui/states";

/** The server's entry, and where it stands. What may be secret is masked by the hub. */
export function ConfigTab({ server: s }: { server: Server }) {
  const { data, error, refetch } = useEffectiveConfig();
  const files = useConfigFiles().data;
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={2} />;
  const entry = data.servers.find((e) => e.name === s.name);
  if (!entry) return <p className="text-muted">{text.config.gone}</p>;
  const wrong = files?.diagnostics.filter((d) => d.server === s.name) ?? [];
  const index = files?.files.find((f) => f.path === entry.from.file)?.index;
  return (
    <div className="flex flex-col gap-4">
      {wrong.map((d) => (
        <p key={`${d.line}:${d.column}:${d.message}`} className={d.severity === "error" ? "text-err" : "text-warn"}>
          {text.config.at(d.line ?? 0, d.column ?? 0)} {d.message}. {d.action}
        </p>
      ))}
      <div className="flex flex-wrap items-center gap-3">
        <p className="foreign min-w-0 grow text-sm text-muted">
          {text.config.from(entry.from.file, entry.from.line)}
          {entry.hides.length > 0 && ` ${text.config.hides(entry.hides.map((h) => h.file).join(", "))}`}
        </p>
        {index !== undefined && (
          <Link
            to="/config"
            search={{ file: index, line: entry.from.line }}
            className="inline-flex h-8 items-center rounded-md border border-line bg-raised px-3 text-sm font-medium shadow-card hover:bg-sunken"
          >
            {text.config.openAt}
          </Link>
        )}
      </div>
      <Code value={JSON.stringify(entry.value, null, 2)} label={text.config.entry} />
      <p className="text-sm text-muted">{text.config.masked}</p>
    </div>
  );
}
