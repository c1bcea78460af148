import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import { ask, client } from "../../api/client";
import { keys } from "../../api/keys";
import { useHealth, useLive, useServers } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { type Prefs, setPrefs, usePrefs } from "../../lib/prefs";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/CopyButton";
import { Select } from "../../ui/Field";
import { Switch } from "../../ui/Switch";
import { Failure, Loading } from "../../ui/states";
import { complain, toast } from "../../ui/Toast";
import { OwnSettings } from "./OwnSettings";

export function Settings() {
  const prefs = usePrefs();
  const theme = useId();
  return (
    <div className="flex max-w-3xl flex-col gap-6">
      <h1 className="text-xl font-semibold">{text.settings.title}</h1>
      <Section title={text.settings.look} note={text.settings.kept}>
        <div className="flex items-center justify-between gap-4 px-4 py-2.5">
          <label htmlFor={theme}>{text.settings.theme}</label>
          <Select
            id={theme}
            value={prefs.theme}
            onChange={(e) => setPrefs({ theme: e.target.value as Prefs["theme"] })}
            className="w-auto!"
          >
            {(["system", "light", "dark"] as const).map((name) => (
              <option key={name} value={name}>
                {text.theme[name]}
              </option>
            ))}
          </Select>
        </div>
        <Toggle
          label={text.settings.keys}
          note={text.settings.keysText}
          checked={prefs.keys}
          onChange={(on) => setPrefs({ keys: on })}
        />
        <Toggle label={text.settings.wrap} checked={prefs.wrap} onChange={(on) => setPrefs({ wrap: on })} />
      </Section>
      <OwnSettings />
      <HubSection />
    </div>
  );
}

export function Section({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-2">
      <h2 id={id} className="text-base">
        {title}
      </h2>
      <div className="divide-y divide-line rounded-lg border border-line bg-surface shadow-card">{children}</div>
      {note && <p className="text-sm text-muted">{note}</p>}
    </section>
  );
}

/** A switch of the page itself works without the hub. */
function Toggle({
  label,
  note,
  checked,
  onChange,
}: {
  label: string;
  note?: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <div className="flex items-center justify-between gap-4 px-4 py-2.5">
      <div>
        <p>{label}</p>
        {note && <p className="text-sm text-muted">{note}</p>}
      </div>
      <Switch checked={checked} onChange={onChange} label={label} local />
    </div>
  );
}

export function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 px-4 py-2.5 sm:grid-cols-[14rem_minmax(0,1fr)]">
      <dt className="font-normal text-muted">{name}</dt>
      <dd className="foreign">{children}</dd>
    </div>
  );
}

function HubSection() {
  const { data, error, refetch } = useHealth();
  const live = useLive();
  const servers = useServers().data ?? [];
  const files = useQuery({
    queryKey: [...keys.config, "files"],
    queryFn: () => ask(client.GET("/api/v2/config/files")),
  }).data;
  const restart = useMutation({ mutationFn: () => ask(client.POST("/api/restart")) });
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const offered = data.mcpEndpoint.registeredCapabilities;
  const address = `${location.origin}/mcp`;
  const hubs = Object.entries(data.workspaces.allActive ?? {}).filter((e): e is [string, Record<string, unknown>] =>
    isObject(e[1]),
  );
  const report = () =>
    JSON.stringify(
      {
        version: data.hubVersion,
        state: live.state,
        browser: navigator.userAgent,
        servers: servers.map((s) => ({
          transport: s.transport,
          state: s.state,
          level: s.health.level,
          revision: s.revision,
          era: s.era,
          lists: s.lists,
          failures: s.failures,
        })),
      },
      null,
      2,
    );
  return (
    <Section title={text.settings.hub}>
      <dl className="divide-y divide-line">
        <Row name={text.settings.version}>{data.hubVersion}</Row>
        <Row name={text.settings.compatible}>{data.version}</Row>
        <Row name={text.settings.endpoint}>
          <span className="flex items-center gap-1">
            <code className="font-mono text-sm">{address}</code>
            <CopyButton value={address} what={text.settings.endpoint} />
          </span>
        </Row>
        <Row name={text.settings.offered}>
          {text.settings.offers(offered.tools, offered.resources + offered.resourceTemplates, offered.prompts)}
        </Row>
        <Row name={text.settings.clients}>{data.mcpEndpoint.activeClients}</Row>
        <Row name={text.settings.listeners}>{data.connections.totalConnections}</Row>
        {files && (
          <Row name={text.settings.files}>
            {files.files.map((f) => (
              <Link
                key={f.index}
                to="/config"
                search={{ file: f.index }}
                className="block font-mono text-sm text-accent hover:underline"
              >
                {f.path}
              </Link>
            ))}
          </Row>
        )}
        {hubs.length > 0 && (
          <Row name={text.settings.hubs}>
            {hubs.map(([port, hub]) => (
              <span key={port} className="block">
                {text.settings.port(port, hub.pid)}
              </span>
            ))}
          </Row>
        )}
      </dl>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
        <p className="grow text-sm text-muted">{text.settings.restartText}</p>
        <Button
          acts
          busy={restart.isPending}
          onClick={() =>
            restart.mutate(undefined, { onError: complain, onSuccess: () => toast(text.settings.restarted) })
          }
        >
          {text.settings.restart}
        </Button>
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
        <p className="grow text-sm text-muted">{text.settings.reportText}</p>
        <CopyButton value={report} label={text.settings.report} />
      </div>
    </Section>
  );
}
