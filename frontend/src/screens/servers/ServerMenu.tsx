import { useNavigate } from "@tanstack/react-router";
import { Copy, Ellipsis, FileJson2, Play, RotateCw, ScrollText, Square, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Server } from "../../api/client";
import { type Action, useDeleteServer, useServerAction, useStale } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Menu, type MenuItem } from "../../ui/Menu";
import { complain, toast } from "../../ui/Toast";

/** The address at which clients find a server alone. */
export const endpoint = (name: string) => `${location.origin}/mcp/${encodeURIComponent(name)}`;

/** The menu of a server. A list has many, so only the one that is used is more than a button. */
export function ServerMenu({ server }: { server: Server }) {
  const [used, setUsed] = useState(false);
  if (used) return <Opened server={server} />;
  return (
    <Button
      look="quiet"
      square
      aria-label={text.server.more(line(server.displayName, 60))}
      aria-haspopup="menu"
      onClick={() => setUsed(true)}
    >
      <Ellipsis size={16} aria-hidden />
    </Button>
  );
}

function Opened({ server: s }: { server: Server }) {
  const navigate = useNavigate();
  const action = useServerAction();
  const remove = useDeleteServer();
  const stale = useStale();
  const [asking, setAsking] = useState(false);
  const name = line(s.displayName, 60);

  const act = (what: Action, label: string, icon: MenuItem["icon"]): MenuItem => ({
    label,
    icon,
    disabled: stale,
    onSelect: () => action.mutate({ name: s.name, action: what }, { onError: complain }),
  });
  const off = s.state === "idle" || s.state === "disabled";
  const items: (MenuItem | null)[] = [
    off
      ? act("start", text.server.start, <Play size={14} aria-hidden />)
      : act("restart", text.server.restart, <RotateCw size={14} aria-hidden />),
  ];
  if (!off && !s.builtin) items.push(act("stop", text.server.stop, <Square size={14} aria-hidden />));
  items.push(
    null,
    {
      label: text.server.log,
      icon: <ScrollText size={14} aria-hidden />,
      onSelect: () => void navigate({ to: "/servers/$name", params: { name: s.name }, search: { tab: "logs" } }),
    },
    {
      label: text.server.copyEndpoint,
      icon: <Copy size={14} aria-hidden />,
      onSelect: () => void navigator.clipboard.writeText(endpoint(s.name)).then(() => toast(text.copied), complain),
    },
  );
  if (!s.builtin) {
    items.push(
      {
        label: text.server.edit,
        icon: <FileJson2 size={14} aria-hidden />,
        onSelect: () => void navigate({ to: "/servers/$name", params: { name: s.name }, search: { tab: "config" } }),
      },
      null,
      {
        label: text.server.remove,
        icon: <Trash2 size={14} aria-hidden />,
        danger: true,
        disabled: stale,
        onSelect: () => setAsking(true),
      },
    );
  }
  const confirm = () =>
    remove.mutate(s.name, {
      onError: complain,
      onSuccess: () => toast(text.server.removed(name)),
      onSettled: () => setAsking(false),
    });

  return (
    <>
      <Menu items={items} open>
        <Button look="quiet" square aria-label={text.server.more(name)}>
          <Ellipsis size={16} aria-hidden />
        </Button>
      </Menu>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={text.server.removeTitle(name)}
        description={text.server.removeText(s.config?.file ?? "")}
        action={text.server.remove}
        busy={remove.isPending}
        onConfirm={confirm}
      />
    </>
  );
}
