import { Plus, Ticket } from "lucide-react";
import { useState } from "react";
import { type Token, useRevokeToken, useTokens } from "../../api/clients";
import { ago, dateTime } from "../../lib/format";
import { callsOf } from "../../lib/links";
import { line } from "../../lib/text";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain, toast } from "../../ui/Toast";
import { NewToken } from "./NewToken";

/** The clients that have tokens of their own, and what those are good for. */
export function Tokens() {
  const { data, error, refetch } = useTokens();
  const revoke = useRevokeToken();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<string>();
  if (error && !data) return <Failure error={error} title={text.tokens.failed} retry={() => void refetch()} />;
  if (!data) return <Loading rows={3} />;
  const add = (
    <Button look="solid" acts onClick={() => setMaking(true)}>
      <Plus size={15} aria-hidden />
      {text.tokens.add}
    </Button>
  );
  return (
    <section className="flex flex-col gap-3">
      {data.length === 0 ? (
        <Empty icon={<Ticket size={24} aria-hidden />} title={text.tokens.none} action={add}>
          {text.tokens.noneText}
        </Empty>
      ) : (
        <>
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            <p className="grow basis-60 text-muted">{text.tokens.intro}</p>
            {add}
          </div>
          <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
            {data.map((t) => (
              <Row key={t.name} token={t} onRevoke={() => setRevoking(t.name)} />
            ))}
          </ul>
        </>
      )}
      {making && <NewToken onClose={() => setMaking(false)} />}
      {revoking !== undefined && (
        <Confirm
          open
          onClose={() => setRevoking(undefined)}
          title={text.tokens.revokeTitle(line(revoking, 80))}
          description={text.tokens.revokeText}
          action={text.tokens.revoke}
          busy={revoke.isPending}
          onConfirm={() =>
            revoke.mutate(revoking, {
              onError: complain,
              onSuccess: () => {
                toast(text.tokens.revoked(line(revoking, 80)));
                setRevoking(undefined);
              },
            })
          }
        />
      )}
    </section>
  );
}

const list = (names: string[]) => names.map((n) => line(n, 80)).join(", ");

function Row({ token: t, onRevoke }: { token: Token; onRevoke: () => void }) {
  const now = useNow();
  const limits = [
    t.servers.length > 0 && text.tokens.onServers(list(t.servers)),
    t.tools.length > 0 && text.tokens.onTools(list(t.tools)),
  ].filter(Boolean);
  const ends = t.expires
    ? (t.expired ? text.tokens.ended : text.tokens.ends)(dateTime(t.expires))
    : text.tokens.endless;
  const used = t.lastUsed ? text.tokens.used(ago(t.lastUsed, now)) : text.tokens.neverUsed;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-(--row)">
      <div className="min-w-0 grow basis-56">
        <p className="flex flex-wrap items-center gap-2">
          <span className="foreign font-semibold">{line(t.name, 80)}</span>
          {t.readOnly && <Badge tone="accent">{text.tokens.readOnly}</Badge>}
          {t.expired && <Badge tone="warn">{text.tokens.expired}</Badge>}
        </p>
        <p className="foreign text-sm">{limits.length > 0 ? limits.join(" · ") : text.tokens.everything}</p>
        <p className="text-sm text-muted">
          {ends} · <span title={t.lastUsed && dateTime(t.lastUsed)}>{used}</span> ·{" "}
          {text.tokens.created(dateTime(t.created))} ·{" "}
          <a
            href={callsOf({ token: t.name })}
            aria-label={text.tokens.callsOf(line(t.name, 80))}
            className="text-accent underline"
          >
            {text.tokens.calls}
          </a>
        </p>
      </div>
      <Button look="danger" acts onClick={onRevoke} aria-label={text.tokens.revokeOf(line(t.name, 80))}>
        {text.tokens.revoke}
      </Button>
    </li>
  );
}
