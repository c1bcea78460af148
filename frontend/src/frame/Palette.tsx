import { useQueries } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Play, Plus, RotateCw, ScrollText, Server as ServerIcon, Square, Wrench } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { ask, client } from "../api/client";
import { keys } from "../api/keys";
import { useServerAction, useServers } from "../api/queries";
import { line } from "../lib/text";
import { text } from "../text";
import { complain } from "../ui/Toast";
import { screens } from "./nav";

/** How many tools are shown at once: there may be thousands. */
const mostTools = 40;

/** Goes anywhere and does anything with a server, by typing. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const action = useServerAction();
  const servers = useServers().data ?? [];
  const tools = useQueries({
    queries: servers
      .filter((s) => s.lists.tools > 0)
      .map(({ name }) => ({
        queryKey: [...keys.offers(name), "tools"],
        queryFn: async () =>
          (await ask(client.GET("/api/v2/servers/{name}/tools", { params: { path: { name } } }))).tools,
      })),
    combine: (results) => {
      const owners = servers.filter((s) => s.lists.tools > 0);
      return results.flatMap((r, i) => (r.data ?? []).map((t) => ({ server: owners[i]?.name ?? "", tool: t.name })));
    },
  });

  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found =
    wanted.length > 0
      ? tools
          .filter((t) => wanted.every((w) => `tool ${t.tool} ${t.server}`.toLowerCase().includes(w)))
          .slice(0, mostTools)
      : [];

  const act = (run: () => void) => () => {
    onClose();
    run();
  };
  const run = (name: string, what: "start" | "stop" | "restart") =>
    act(() => action.mutate({ name, action: what }, { onError: complain }));

  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[10vh] left-1/2 z-50 w-[calc(100%-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-raised shadow-overlay"
        >
          <Radix.Title className="sr-only">{text.search.open}</Radix.Title>
          <Command label={text.search.open} loop>
            <Command.Input
              value={typed}
              onValueChange={setTyped}
              placeholder={text.search.hint}
              className="h-12 w-full border-b border-line bg-transparent px-4 text-lg outline-none placeholder:text-muted"
            />
            <Command.List className="max-h-[60vh] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-6 text-center text-muted">{text.search.none}</Command.Empty>
              <Group heading={text.search.screens}>
                {screens.map(({ to, label, icon: Icon }) => (
                  <Item
                    key={to}
                    value={`go ${label}`}
                    icon={<Icon size={15} />}
                    onSelect={act(() => void navigate({ to }))}
                  >
                    {label}
                  </Item>
                ))}
                <Item
                  value={`go ${text.add.open}`}
                  icon={<Plus size={15} />}
                  onSelect={act(() => void navigate({ to: "/add" }))}
                >
                  {text.add.open}
                </Item>
              </Group>
              <Group heading={text.nav.servers}>
                {servers.map((s) => (
                  <Item
                    key={s.name}
                    value={`server ${s.name}`}
                    icon={<ServerIcon size={15} />}
                    onSelect={act(() => void navigate({ to: "/servers/$name", params: { name: s.name } }))}
                  >
                    {line(s.displayName, 80)}
                  </Item>
                ))}
              </Group>
              <Group heading={text.search.actions}>
                {servers.flatMap((s) => [
                  s.state === "idle" || s.state === "disabled" ? (
                    <Item
                      key={`start ${s.name}`}
                      value={`start ${s.name}`}
                      icon={<Play size={15} />}
                      onSelect={run(s.name, "start")}
                    >
                      {text.server.startOf(s.name)}
                    </Item>
                  ) : (
                    <Item
                      key={`restart ${s.name}`}
                      value={`restart ${s.name}`}
                      icon={<RotateCw size={15} />}
                      onSelect={run(s.name, "restart")}
                    >
                      {text.server.restartOf(s.name)}
                    </Item>
                  ),
                  !s.builtin && s.state !== "idle" && s.state !== "disabled" && (
                    <Item
                      key={`stop ${s.name}`}
                      value={`stop ${s.name}`}
                      icon={<Square size={15} />}
                      onSelect={run(s.name, "stop")}
                    >
                      {text.server.stopOf(s.name)}
                    </Item>
                  ),
                  <Item
                    key={`log ${s.name}`}
                    value={`log ${s.name}`}
                    icon={<ScrollText size={15} />}
                    onSelect={act(
                      () => void navigate({ to: "/servers/$name", params: { name: s.name }, search: { tab: "logs" } }),
                    )}
                  >
                    {text.server.logOf(s.name)}
                  </Item>,
                ])}
              </Group>
              <Group heading={text.server.tools}>
                {found.map(({ server, tool }) => (
                  <Item
                    key={`${server} ${tool}`}
                    value={`tool ${tool} ${server}`}
                    icon={<Wrench size={15} />}
                    onSelect={act(
                      () => void navigate({ to: "/servers/$name/tools/$tool", params: { name: server, tool } }),
                    )}
                  >
                    <span className="font-mono text-sm">{line(tool, 80)}</span>
                    <span className="ml-auto truncate text-sm text-muted">{line(server, 40)}</span>
                  </Item>
                ))}
              </Group>
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const Group = ({ heading, children }: { heading: string; children: ReactNode }) => (
  <Command.Group
    heading={heading}
    className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted"
  >
    {children}
  </Command.Group>
);

function Item({
  value,
  icon,
  onSelect,
  children,
}: {
  value: string;
  icon: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 data-[selected=true]:bg-accent-soft"
    >
      <span aria-hidden className="shrink-0 text-muted">
        {icon}
      </span>
      {children}
    </Command.Item>
  );
}
