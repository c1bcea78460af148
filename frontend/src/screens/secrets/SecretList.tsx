import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CircleAlert, KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { type SecretUse, useSecrets } from "../../api/secrets";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Empty, Failure, Loading } from "../../ui/states";
import { DeleteDialog } from "./DeleteDialog";
import { SetDialog } from "./SetDialog";

/** The secrets by name; those that servers wait for come first. */
export function SecretList() {
  const { data, error, refetch } = useSecrets();
  const { set } = useSearch({ from: "/secrets" });
  const navigate = useNavigate({ from: "/secrets" });
  const [removing, setRemoving] = useState<SecretUse>();
  const open = (name?: string) => void navigate({ search: { set: name }, replace: true });
  if (error && !data) return <Failure error={error} title={text.secrets.failed} retry={() => void refetch()} />;
  if (!data) return <Loading rows={3} />;
  const all = [...data.missing, ...data.secrets];
  const add = (
    <Button look="solid" acts onClick={() => open(fresh)}>
      <Plus size={15} aria-hidden />
      {text.secrets.add}
    </Button>
  );
  return (
    <section className="flex flex-col gap-3">
      {all.length === 0 ? (
        <Empty icon={<KeyRound size={24} aria-hidden />} title={text.secrets.none} action={add}>
          {text.secrets.noneText}
        </Empty>
      ) : (
        <>
          <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
            <p className="grow basis-60 text-muted">{text.secrets.intro}</p>
            {add}
          </div>
          <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
            {data.missing.map((s) => (
              <Row key={s.name} secret={s} missing onSet={() => open(s.name)} />
            ))}
            {data.secrets.map((s) => (
              <Row key={s.name} secret={s} onSet={() => open(s.name)} onRemove={() => setRemoving(s)} />
            ))}
          </ul>
        </>
      )}
      {set !== undefined && (
        <SetDialog
          name={set === fresh ? undefined : set}
          replaces={data.secrets.find((s) => s.name === set)}
          taken={data.secrets.map((s) => s.name)}
          onClose={() => open(undefined)}
        />
      )}
      {removing && <DeleteDialog secret={removing} onClose={() => setRemoving(undefined)} />}
    </section>
  );
}

/** Stands in the address for a secret that has no name yet; no name has a space in it. */
const fresh = " ";

function Row({
  secret: s,
  missing,
  onSet,
  onRemove,
}: {
  secret: SecretUse;
  missing?: boolean;
  onSet: () => void;
  onRemove?: () => void;
}) {
  const name = line(s.name, 80);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-(--row)">
      <div className="min-w-0 grow basis-56">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="foreign font-mono text-sm font-semibold">{name}</span>
          {missing && (
            <Badge tone="warn">
              <CircleAlert size={12} aria-hidden />
              {text.secrets.missing}
            </Badge>
          )}
        </p>
        <p className="text-sm text-muted">
          {s.servers.length === 0 ? text.secrets.unused : text.secrets.usedBy}{" "}
          {s.servers.map((server, i) => (
            <span key={server}>
              {i > 0 && ", "}
              <Link to="/servers/$name" params={{ name: server }} className="foreign text-accent underline">
                {line(server, 60)}
              </Link>
            </span>
          ))}
        </p>
      </div>
      <div className="flex gap-2">
        <Button
          look={missing ? "solid" : "plain"}
          acts
          onClick={onSet}
          aria-label={missing ? text.secrets.setOf(name) : text.secrets.replaceOf(name)}
        >
          {missing ? text.secrets.set : text.secrets.replace}
        </Button>
        {onRemove && (
          <Button look="danger" acts onClick={onRemove} aria-label={text.secrets.removeOf(name)}>
            {text.secrets.remove}
          </Button>
        )}
      </div>
    </li>
  );
}
