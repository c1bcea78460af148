import { useNavigate } from "@tanstack/react-router";
import { CircleHelp, Ellipsis, Unplug } from "lucide-react";
import { useState } from "react";
import { type Client, useDisconnect } from "../../api/clients";
import { useStale } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Menu, type MenuItem } from "../../ui/Menu";
import { complain, toast } from "../../ui/Toast";

/** What can be done about a client. One of the stateless protocol has no session that could be ended. */
export function ClientMenu({ client: c }: { client: Client }) {
  const navigate = useNavigate({ from: "/clients" });
  const stale = useStale();
  const [asking, setAsking] = useState(false);
  const items: MenuItem[] = [
    {
      label: text.sight.open,
      icon: <CircleHelp size={14} aria-hidden />,
      onSelect: () => void navigate({ search: (now) => ({ ...now, why: true, client: c.id }) }),
    },
  ];
  if (c.session) {
    items.push({
      label: text.clients.disconnect,
      icon: <Unplug size={14} aria-hidden />,
      danger: true,
      disabled: stale,
      onSelect: () => setAsking(true),
    });
  }
  return (
    <>
      <Menu items={items}>
        <Button look="quiet" square aria-label={text.clients.more(nameOf(c))}>
          <Ellipsis size={16} aria-hidden />
        </Button>
      </Menu>
      {asking && <Disconnect client={c} onClose={() => setAsking(false)} />}
    </>
  );
}

/** Asks before the session of a client is ended. */
export function Disconnect({ client: c, onClose }: { client: Client; onClose: () => void }) {
  const disconnect = useDisconnect();
  const name = nameOf(c);
  return (
    <Confirm
      open
      onClose={onClose}
      title={text.clients.disconnectTitle(name)}
      description={text.clients.disconnectText(c.inFlight, c.tokenName !== undefined)}
      action={text.clients.disconnect}
      busy={disconnect.isPending}
      onConfirm={() =>
        disconnect.mutate(c.id, {
          onError: complain,
          onSuccess: () => toast(text.clients.disconnected(name)),
          onSettled: onClose,
        })
      }
    />
  );
}

export const nameOf = (c: Client) => line(c.name, 60) || text.clients.nameless;
