import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { MonitorSmartphone } from "lucide-react";
import { type Client, useClients } from "../../api/clients";
import { useStale } from "../../api/queries";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/CopyButton";
import { Filter } from "../../ui/Field";
import { Empty, Failure, Loading } from "../../ui/states";
import { ClientRow } from "./ClientRow";
import { Why } from "./Why";

/** Who is connected to the hub's endpoint now. */
export function Clients() {
  const { data, error, refetch } = useClients();
  const { q = "", ...search } = useSearch({ from: "/clients" });
  const navigate = useNavigate({ from: "/clients" });
  const filter = (words: string) => void navigate({ search: { q: words || undefined }, replace: true });
  const why = () => void navigate({ search: (now) => ({ ...now, why: true }) });
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h1 className="text-xl font-semibold">{text.clients.title}</h1>
        {data && <p className="text-muted">{text.clients.connected(data.length)}</p>}
        <Link to="/secrets" search={{ tab: "tokens" }} className="ml-auto text-sm font-medium text-accent underline">
          {text.clients.toTokens}
        </Link>
        {data && data.length > 0 && <Button onClick={why}>{text.sight.open}</Button>}
      </div>
      {error && <Failure error={error} title={text.clients.failed} retry={() => void refetch()} />}
      {data ? <View clients={data} q={q} onFilter={filter} /> : !error && <Loading rows={3} />}
      {data && data.length > 0 && search.why && (
        <Why clients={data} asked={search} onClose={() => void navigate({ search: { q: q || undefined } })} />
      )}
    </div>
  );
}

function View({ clients, q, onFilter }: { clients: Client[]; q: string; onFilter: (words: string) => void }) {
  const stale = useStale();
  const address = `${location.origin}/mcp`;
  if (clients.length === 0) {
    return (
      <Empty
        icon={<MonitorSmartphone size={24} aria-hidden />}
        title={text.clients.none}
        action={<CopyButton value={address} label={text.clients.copyAddress} />}
      >
        {text.clients.noneText} <code className="foreign font-mono text-sm">{address}</code>
      </Empty>
    );
  }
  const words = q.toLowerCase();
  const shown = clients.filter((c) =>
    [c.name, c.version, c.revision, c.server].some((part) => part?.toLowerCase().includes(words)),
  );
  return (
    <>
      <Filter value={q} onChange={onFilter} label={text.clients.filter} />
      {shown.length === 0 ? (
        <Empty
          title={text.clients.noneShown}
          action={<Button onClick={() => onFilter("")}>{text.clearFilter}</Button>}
        />
      ) : (
        <ul
          aria-label={stale ? text.clients.was : text.clients.title}
          className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card"
        >
          {shown.map((c) => (
            <ClientRow key={c.id} client={c} />
          ))}
        </ul>
      )}
    </>
  );
}
