import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Client, Sight } from "../../api/clients";
import { useServer, useServerAction, useSetEnabled, useSetOffered } from "../../api/queries";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/CopyButton";
import { complain } from "../../ui/Toast";
import { Disconnect } from "./ClientMenu";

interface Props {
  sight: Sight;
  client?: Client;
  server: string;
  tool: string;
}

/** What ends that a client does not see a tool, or leads to where it can be ended. */
export function Remedy({ sight, client, server, tool }: Props): ReactNode {
  switch (sight.reason) {
    case "endpoint":
      return <CopyButton value={`${location.origin}/mcp`} label={text.sight.copyAddress} />;
    case "token":
    case "token-tool":
      return (
        <Link to="/secrets" search={{ tab: "tokens" }} className={look}>
          {text.sight.toTokens}
        </Link>
      );
    case "server-off":
      return <On server={server} />;
    case "server":
    case "seen-down":
    case "not-listed":
      return (
        <Link to="/servers/$name" params={{ name: server }} className={look}>
          {text.sight.toServer}
        </Link>
      );
    case "malformed":
      return (
        <Link to="/servers/$name" params={{ name: server }} search={{ tab: "logs" }} className={look}>
          {text.sight.toLog}
        </Link>
      );
    case "name":
      return (
        <Link to="/servers/$name" params={{ name: server }} search={{ tab: "config" }} className={look}>
          {text.sight.toConfig}
        </Link>
      );
    case "tool-off":
      return <Offer server={server} tool={tool} />;
    case "page":
      return (
        <Link to="/settings" className={look}>
          {text.sight.toSettings}
        </Link>
      );
    case "outdated":
      return client?.session && <Begin client={client} />;
  }
}

const look =
  "inline-flex h-8 shrink-0 items-center rounded-md border border-line bg-raised px-3 text-sm font-medium shadow-card hover:bg-sunken";

function On({ server: name }: { server: string }) {
  const { server } = useServer(name);
  const enable = useSetEnabled();
  const action = useServerAction();
  const disabled = server?.disabled;
  const go = () =>
    disabled
      ? enable.mutate({ name, enabled: true }, { onError: complain })
      : action.mutate({ name, action: "start" }, { onError: complain });
  return (
    <Button acts busy={enable.isPending || action.isPending} onClick={go}>
      {disabled ? text.server.switchOn : text.server.start}
    </Button>
  );
}

function Offer({ server, tool }: { server: string; tool: string }) {
  const set = useSetOffered(server);
  return (
    <Button
      acts
      busy={set.isPending}
      onClick={() => set.mutate({ kind: "tools", offered: { [tool]: true } }, { onError: complain })}
    >
      {text.sight.offer}
    </Button>
  );
}

function Begin({ client }: { client: Client }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button look="danger" acts onClick={() => setAsking(true)}>
        {text.clients.disconnect}
      </Button>
      {asking && <Disconnect client={client} onClose={() => setAsking(false)} />}
    </>
  );
}
