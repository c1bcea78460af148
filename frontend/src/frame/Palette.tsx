import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command as Cmdk } from "cmdk";
import { Dialog as Radix } from "radix-ui";
import { useMemo, useState } from "react";
import { ask, client } from "../api/client";
import { keys } from "../api/keys";
import { useServerAction, useServers } from "../api/queries";
import { cx } from "../lib/cx";
import { text } from "../text";
import { complain } from "../ui/Toast";
import { type Command, commands, matching, type ToolEntry, toolEntry } from "./commands";

const none: ToolEntry[] = [];

/** All tools of all servers, made ready to be searched once for each answer. */
const allTools = {
  queryKey: keys.tools,
  queryFn: async () => (await ask(client.GET("/api/v2/tools"))).tools.map(toolEntry),
};

/** Goes anywhere and does anything with a server, by typing. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const action = useServerAction();
  const servers = useServers().data ?? [];
  const tools = useQuery(allTools).data ?? none;

  const { mutate } = action;
  const all = useMemo(
    () => commands(servers, navigate, (name, what) => mutate({ name, action: what }, { onError: complain })),
    [servers, navigate, mutate],
  );
  const shown = matching(all, tools, typed, navigate);

  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[10vh] left-1/2 z-50 w-[calc(100%-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-raised shadow-overlay"
        >
          <Radix.Title className="sr-only">{text.search.open}</Radix.Title>
          <Cmdk label={text.search.open} loop shouldFilter={false}>
            <Cmdk.Input
              value={typed}
              onValueChange={setTyped}
              placeholder={text.search.hint}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-lg outline-none placeholder:text-muted"
            />
            <Cmdk.List className="max-h-[60vh] overflow-y-auto p-1.5">
              <Cmdk.Empty className="px-3 py-6 text-center text-muted">{text.search.none}</Cmdk.Empty>
              {shown.map(({ heading, commands }) => (
                <Cmdk.Group
                  key={heading}
                  heading={heading}
                  className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted"
                >
                  {commands.map((c) => (
                    <Item key={c.id} command={c} onClose={onClose} />
                  ))}
                </Cmdk.Group>
              ))}
            </Cmdk.List>
          </Cmdk>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Item({ command: c, onClose }: { command: Command; onClose: () => void }) {
  const select = () => {
    onClose();
    c.run();
  };
  return (
    <Cmdk.Item
      value={c.id}
      onSelect={select}
      className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-accent-soft"
    >
      <span aria-hidden className="shrink-0 text-muted">
        {c.icon}
      </span>
      <span className={cx("foreign truncate", c.mono && "font-mono text-sm")}>{c.label}</span>
      {c.note && <span className="foreign ml-auto truncate text-sm text-muted">{c.note}</span>}
    </Cmdk.Item>
  );
}
