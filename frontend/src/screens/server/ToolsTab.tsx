import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Wrench } from "lucide-react";
import type { Server } from "../../api/client";
import { useSetOffered, useTools } from "../../api/queries";
import { count } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Filter } from "../../ui/Field";
import { Switch } from "../../ui/Switch";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain } from "../../ui/Toast";
import { type Definition, definitionOf, tokens } from "./definition";

export function ToolsTab({ server: s }: { server: Server }) {
  const { data, error, refetch } = useTools(s.name);
  const set = useSetOffered(s.name);
  const { q = "" } = useSearch({ from: "/servers/$name" });
  const navigate = useNavigate({ from: "/servers/$name" });
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={6} />;
  if (data.length === 0) {
    return (
      <Empty icon={<Wrench size={24} aria-hidden />} title={s.state === "ready" ? text.tools.none : text.tools.unknown}>
        {s.state === "ready" ? undefined : text.tools.unknownText}
      </Empty>
    );
  }
  const words = q.toLowerCase();
  const shown = data.filter(
    (t) =>
      !words ||
      `${t.name} ${definitionOf(t).title ?? ""} ${definitionOf(t).description ?? ""}`.toLowerCase().includes(words),
  );
  const on = data.filter((t) => t.offered);
  const size = on.reduce((sum, t) => sum + tokens(t), 0);
  const all = (offered: boolean) =>
    set.mutate(
      { kind: "tools", offered: Object.fromEntries(shown.map((t) => [t.name, offered])) },
      { onError: complain },
    );

  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        {data.length > 5 && (
          <Filter
            value={q}
            onChange={(next) => void navigate({ search: (old) => ({ ...old, q: next || undefined }), replace: true })}
            label={text.tools.filter}
          />
        )}
        <p className="text-sm text-muted" title={text.tools.tokensHint}>
          {text.tools.offered(on.length, data.length)} · {text.tools.tokens(count(size))}
        </p>
        <div className="grow" />
        {!s.builtin && (
          <>
            <Button acts busy={set.isPending} disabled={shown.every((t) => t.offered)} onClick={() => all(true)}>
              {text.tools.allOn}
            </Button>
            <Button acts busy={set.isPending} disabled={shown.every((t) => !t.offered)} onClick={() => all(false)}>
              {text.tools.allOff}
            </Button>
          </>
        )}
      </div>
      {shown.length === 0 && <Empty title={text.tools.noneShown} />}
      {shown.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
          {shown.map((tool) => {
            const d = definitionOf(tool);
            return (
              <li
                key={tool.name}
                className="flex items-start gap-3 px-3 py-(--row) [contain-intrinsic-size:auto_4rem] [content-visibility:auto] hover:bg-sunken/60"
              >
                <div className="min-w-0 grow">
                  <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
                    <Link
                      to="/servers/$name/tools/$tool"
                      params={{ name: s.name, tool: tool.name }}
                      className="foreign font-mono text-sm font-semibold hover:text-accent"
                    >
                      {line(tool.name, 120)}
                    </Link>
                    <Hints definition={d} />
                  </div>
                  <p className="foreign line-clamp-2 text-sm text-muted">
                    {line(d.description ?? d.title ?? text.tools.undescribed)}
                  </p>
                </div>
                {!s.builtin && (
                  <Switch
                    checked={tool.offered}
                    onChange={(offered) =>
                      set.mutate({ kind: "tools", offered: { [tool.name]: offered } }, { onError: complain })
                    }
                    label={text.tools.offer(line(tool.name, 80))}
                  />
                )}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

/** What the server says that a tool does to the world. Nobody has checked it. */
export function Hints({ definition: { annotations: a = {} } }: { definition: Definition }) {
  return (
    <>
      {a.readOnlyHint === true && (
        <Badge tone="ok" title={text.tools.hint}>
          {text.tools.readOnly}
        </Badge>
      )}
      {a.readOnlyHint !== true && a.destructiveHint === true && (
        <Badge tone="err" title={text.tools.hint}>
          {text.tools.destructive}
        </Badge>
      )}
      {a.openWorldHint === true && <Badge title={text.tools.hint}>{text.tools.openWorld}</Badge>}
    </>
  );
}
