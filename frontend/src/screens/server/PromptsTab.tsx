import { Link } from "@tanstack/react-router";
import { MessageSquareText } from "lucide-react";
import type { Server } from "../../api/client";
import { usePrompts, useSetOffered } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Switch } from "../../ui/Switch";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain } from "../../ui/Toast";
import { definitionOf } from "./definition";

export function PromptsTab({ server: s }: { server: Server }) {
  const { data, error, refetch } = usePrompts(s.name);
  const set = useSetOffered(s.name);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={3} />;
  if (data.length === 0) {
    return (
      <Empty
        icon={<MessageSquareText size={24} aria-hidden />}
        title={s.state === "ready" ? text.prompts.none : text.prompts.unknown}
      />
    );
  }
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      {data.map((p) => {
        const d = definitionOf(p);
        return (
          <li key={p.name} className="flex items-start gap-3 px-3 py-(--row) hover:bg-sunken/60">
            <div className="min-w-0 grow">
              <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link
                  to="/servers/$name/prompts/$prompt"
                  params={{ name: s.name, prompt: p.name }}
                  className="foreign font-mono text-sm font-semibold hover:text-accent"
                >
                  {line(p.name, 120)}
                </Link>
                {d.arguments?.map((a) => (
                  <Badge key={a.name}>{line(a.name, 40) + (a.required ? " *" : "")}</Badge>
                ))}
              </div>
              <p className="foreign line-clamp-2 text-sm text-muted">
                {line(d.description ?? d.title ?? text.tools.undescribed)}
              </p>
            </div>
            {!s.builtin && (
              <Switch
                checked={p.offered}
                onChange={(offered) =>
                  set.mutate({ kind: "prompts", offered: { [p.name]: offered } }, { onError: complain })
                }
                label={text.tools.offer(line(p.name, 80))}
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}
