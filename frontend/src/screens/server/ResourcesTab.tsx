import { Link } from "@tanstack/react-router";
import { FileText } from "lucide-react";
import type { Offer, Server } from "../../api/client";
import { type Kind, useResources, useSetOffered } from "../../api/queries";
import { bytes } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Switch } from "../../ui/Switch";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain } from "../../ui/Toast";
import { definitionOf } from "./definition";

export function ResourcesTab({ server: s }: { server: Server }) {
  const { data, error, refetch } = useResources(s.name);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={4} />;
  if (data.resources.length + data.resourceTemplates.length === 0) {
    return (
      <Empty
        icon={<FileText size={24} aria-hidden />}
        title={s.state === "ready" ? text.resources.none : text.resources.unknown}
      />
    );
  }
  return (
    <div className="flex flex-col gap-5">
      {data.resources.length > 0 && (
        <List server={s} offers={data.resources} kind="resources" title={text.resources.list} />
      )}
      {data.resourceTemplates.length > 0 && (
        <List server={s} offers={data.resourceTemplates} kind="resourceTemplates" title={text.resources.templates} />
      )}
    </div>
  );
}

function List({ server: s, offers, kind, title }: { server: Server; offers: Offer[]; kind: Kind; title: string }) {
  const set = useSetOffered(s.name);
  return (
    <section aria-label={title} className="flex flex-col gap-2">
      <h2 className="text-sm text-muted">{title}</h2>
      <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {offers.map((r) => {
          const d = definitionOf(r);
          return (
            <li
              key={r.name}
              className="flex items-start gap-3 px-3 py-(--row) [contain-intrinsic-size:auto_4rem] [content-visibility:auto] hover:bg-sunken/60"
            >
              <div className="min-w-0 grow">
                <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
                  <Link
                    to="/servers/$name/resource"
                    params={{ name: s.name }}
                    search={kind === "resources" ? { uri: r.name } : { template: r.name }}
                    className="foreign font-semibold hover:text-accent"
                  >
                    {line(d.title ?? d.name ?? r.name, 120)}
                  </Link>
                  {d.mimeType && <Badge>{line(d.mimeType, 40)}</Badge>}
                  {d.size !== undefined && <Badge>{bytes(d.size)}</Badge>}
                </div>
                <p className="foreign font-mono text-xs text-muted">{line(r.name, 200)}</p>
                {d.description && <p className="foreign line-clamp-2 text-sm text-muted">{line(d.description)}</p>}
              </div>
              {!s.builtin && (
                <Switch
                  checked={r.offered}
                  onChange={(offered) => set.mutate({ kind, offered: { [r.name]: offered } }, { onError: complain })}
                  label={text.tools.offer(line(r.name, 80))}
                />
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
