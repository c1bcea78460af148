import { useNavigate } from "@tanstack/react-router";
import { Check, CircleAlert } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { type Client, type Sight, useSight } from "../../api/clients";
import { useServers, useStale, useTools } from "../../api/queries";
import { cx } from "../../lib/cx";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input, Labelled, Select } from "../../ui/Field";
import { Failure, Loading } from "../../ui/states";
import { nameOf } from "./ClientMenu";
import { Remedy } from "./Remedy";

interface Props {
  clients: Client[];
  /** What the address says: what is asked, as far as it is chosen. */
  asked: { client?: string; server?: string; tool?: string };
  onClose: () => void;
}

/** Tells why a client does not see a tool. What is asked stands in the address. */
export function Why({ clients, asked, onClose }: Props) {
  const navigate = useNavigate({ from: "/clients" });
  const only = clients.length === 1 ? clients[0]?.id : undefined;
  const id = asked.client ?? only;
  const [server, setServer] = useState(asked.server ?? "");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const told = (name: string) => String(form.get(name)).trim() || undefined;
    const search = { client: told("client"), server: told("server"), tool: told("tool") };
    void navigate({ search: (now) => ({ ...now, ...search }), replace: true });
  };
  return (
    <Dialog open onClose={onClose} title={text.sight.title} wide>
      <form onSubmit={submit} className="grid items-start gap-3 sm:grid-cols-2">
        <div className="sm:col-span-2">
          <Labelled label={text.sight.client}>
            {(ids) => <ClientSelect {...ids} clients={clients} chosen={id} />}
          </Labelled>
        </div>
        <Labelled label={text.sight.server}>
          {(ids) => <ServerSelect {...ids} chosen={server} onChoose={setServer} />}
        </Labelled>
        <Labelled label={text.sight.tool} hint={text.sight.toolHint}>
          {(ids) => <ToolInput {...ids} server={server} chosen={asked.tool} />}
        </Labelled>
        <Button type="submit" look="solid" acts className="justify-self-start">
          {text.sight.find}
        </Button>
      </form>
      {id && asked.server && asked.tool && (
        <Answer
          key={`${id} ${asked.server} ${asked.tool}`}
          id={id}
          client={clients.find((c) => c.id === id)}
          server={asked.server}
          tool={asked.tool}
        />
      )}
    </Dialog>
  );
}

interface FieldProps {
  id: string;
  "aria-describedby"?: string;
}

function ClientSelect({ clients, chosen, ...ids }: FieldProps & { clients: Client[]; chosen?: string }) {
  const gone = chosen !== undefined && !clients.some((c) => c.id === chosen);
  return (
    <Select {...ids} name="client" required defaultValue={chosen ?? ""}>
      <option value="">{text.sight.choose}</option>
      {gone && <option value={chosen}>{text.sight.gone}</option>}
      {clients.map((c) => (
        <option key={c.id} value={c.id}>
          {[nameOf(c), line(c.version, 40), c.tokenName && text.clients.token(line(c.tokenName, 40)), c.session]
            .filter(Boolean)
            .join(" · ")}
        </option>
      ))}
    </Select>
  );
}

function ServerSelect({ chosen, onChoose, ...ids }: FieldProps & { chosen: string; onChoose: (name: string) => void }) {
  const servers = useServers().data ?? [];
  return (
    <Select {...ids} name="server" required value={chosen} onChange={(e) => onChoose(e.target.value)}>
      <option value="">{text.sight.choose}</option>
      {servers.map((s) => (
        <option key={s.name} value={s.name}>
          {line(s.displayName, 80)}
        </option>
      ))}
    </Select>
  );
}

/** The tools of a server are offered; any other may be typed, such as one that it should have. */
function ToolInput({ server, chosen, ...ids }: FieldProps & { server: string; chosen?: string }) {
  const list = useId();
  const tools = useTools(server, server !== "").data ?? [];
  return (
    <>
      <Input
        {...ids}
        name="tool"
        list={list}
        required
        defaultValue={chosen}
        autoComplete="off"
        spellCheck={false}
        className="font-mono text-sm!"
      />
      <datalist id={list}>
        {tools.map((t) => (
          <option key={t.name} value={t.name} />
        ))}
      </datalist>
    </>
  );
}

function Answer({ client, ...asked }: { id: string; client?: Client; server: string; tool: string }) {
  const { data, error, refetch } = useSight(asked);
  const stale = useStale();
  return (
    <section aria-label={text.sight.answer} aria-live="polite" className="mt-4">
      {error && <Failure error={error} title={text.sight.failed} retry={() => void refetch()} />}
      {!data && !error && <Loading rows={1} />}
      {data && !error && (
        <div
          className={cx(
            "flex flex-wrap items-start justify-between gap-3 rounded-lg p-3.5",
            stale ? "bg-sunken" : data.seen ? "bg-ok-soft" : "bg-warn-soft",
          )}
        >
          <Words sight={data} />
          <Remedy sight={data} client={client} {...asked} />
        </div>
      )}
    </section>
  );
}

function Words({ sight: s }: { sight: Sight }) {
  const Icon = s.seen ? Check : CircleAlert;
  return (
    <div className="foreign flex min-w-0 flex-1 basis-72 flex-col gap-1">
      <p className="flex items-center gap-2 font-medium">
        <Icon size={16} aria-hidden className={cx("shrink-0", s.seen ? "text-ok" : "text-warn")} />
        {s.seen ? text.sight.seen : text.sight.unseen}
      </p>
      <p>{plain(s.summary)}</p>
      {s.name && (
        <p>
          {text.sight.called} <code className="font-mono text-sm break-all">{line(s.name, 200)}</code>
        </p>
      )}
      {s.action && <p>{plain(s.action)}</p>}
    </div>
  );
}
