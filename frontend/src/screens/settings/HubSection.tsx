import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ask, client } from "../../api/client";
import { keys } from "../../api/keys";
import { useConfigFiles, useHealth, useLive, useServers } from "../../api/queries";
import type { components } from "../../api/schema.gen";
import { isObject } from "../../forms/schema";
import { ago } from "../../lib/format";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/CopyButton";
import { Failure, Loading } from "../../ui/states";
import { complain, toast } from "../../ui/Toast";
import { Row, Section } from "./Settings";

/** What the hub is and how it is used. */
export function HubSection() {
  const { data, error, refetch } = useHealth();
  const live = useLive();
  const servers = useServers().data ?? [];
  const files = useConfigFiles().data;
  const access = useQuery({
    queryKey: [...keys.hub, "access"],
    queryFn: () => ask(client.GET("/api/v2/access")),
  }).data;
  const version = useQuery({
    queryKey: [...keys.hub, "version"],
    queryFn: () => ask(client.GET("/api/v2/version")),
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
        <Row name={text.settings.version}>
          {data.hubVersion}
          {version && <Updates version={version} />}
        </Row>
        <Row name={text.settings.compatible}>
          {data.version} <code className="font-mono text-sm text-muted">hub.compatibleVersion</code>
        </Row>
        <Row name={text.settings.endpoint}>
          <span className="flex items-center gap-1">
            <code className="font-mono text-sm">{address}</code>
            <CopyButton value={address} what={text.settings.endpoint} />
          </span>
        </Row>
        <Row name={text.settings.offered}>
          {text.settings.offers(offered.tools, offered.resources + offered.resourceTemplates, offered.prompts)}
        </Row>
        {access && (
          <Row name={text.settings.token}>
            {text.settings.tokens[access.token]}{" "}
            <Link to="/secrets" search={{ tab: "tokens" }} className="text-accent underline">
              {text.clients.toTokens}
            </Link>
          </Row>
        )}
        <Row name={text.settings.clients}>
          <Link to="/clients" className="text-accent underline">
            {text.clients.connected(data.mcpEndpoint.activeClients)}
          </Link>
        </Row>
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

/** What the hub knows of newer versions of itself. */
function Updates({ version }: { version: components["schemas"]["VersionInfoBody"] }) {
  const { feed, newer, checkedAt, error } = version;
  const { updates } = text.settings;
  const now = useNow();
  return (
    <div className="text-sm text-muted">
      {newer && (
        <p>
          {updates.newer(newer.version, newer.date)} <code className="font-mono">{updates.command(feed)}</code>{" "}
          {newer.notes && (
            <a href={newer.notes} target="_blank" rel="noopener noreferrer" className="text-accent underline">
              {updates.notes}
            </a>
          )}
        </p>
      )}
      {!feed && (
        <p>
          {updates.off} <code className="font-mono">hub.updates</code>
        </p>
      )}
      {feed && !error && checkedAt && <p>{updates.checked(ago(checkedAt, now))}</p>}
      {error && <p>{updates.failed(error)}</p>}
    </div>
  );
}
