import { Link } from "@tanstack/react-router";
import type { Setting } from "../../api/client";
import { useConfigFiles, useEffectiveConfig } from "../../api/queries";
import { text } from "../../text";
import { Code } from "../../ui/Code";
import { Empty, Failure, Loading } from "../../ui/states";

/** What all files together say, each value with its place. */
export function Merged() {
  const { data, error, refetch } = useEffectiveConfig();
  const files = useConfigFiles().data?.files ?? [];
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.servers.length + data.settings.length === 0) return <Empty title={text.config.none} />;
  const index = (path: string) => files.find((f) => f.path === path)?.index;
  return (
    <div className="flex flex-col gap-5">
      <p className="text-muted">{text.config.mergedText}</p>
      <List title={text.nav.servers} settings={data.servers} index={index} />
      <List title={text.config.settings} settings={data.settings} index={index} />
    </div>
  );
}

function List({
  title,
  settings,
  index,
}: {
  title: string;
  settings: Setting[];
  index: (path: string) => number | undefined;
}) {
  if (settings.length === 0) return null;
  return (
    <section aria-label={title} className="flex flex-col gap-2">
      <h2 className="text-sm text-muted">{title}</h2>
      <ul className="divide-y divide-line rounded-lg border border-line bg-surface shadow-card">
        {settings.map((s) => (
          <li
            key={s.name}
            className="flex flex-col gap-1 px-3 py-(--row) [contain-intrinsic-size:auto_9rem] [content-visibility:auto]"
          >
            <div className="flex flex-wrap items-baseline gap-x-3">
              <h3 className="foreign font-mono text-sm">{s.name}</h3>
              <Link
                to="/config"
                search={{ file: index(s.from.file), line: s.from.line }}
                className="foreign text-sm text-accent hover:underline"
              >
                {s.from.file}:{s.from.line}
              </Link>
              {s.hides.length > 0 && (
                <span className="foreign text-sm text-muted">
                  {text.config.hides(s.hides.map((h) => `${h.file}:${h.line}`).join(", "))}
                </span>
              )}
            </div>
            <Code value={JSON.stringify(s.value, null, 2)} label={s.name} />
          </li>
        ))}
      </ul>
    </section>
  );
}
