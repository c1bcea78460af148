import type { useNavigate } from "@tanstack/react-router";
import { KeyRound, Play, Plus, RotateCw, ScrollText, Server as ServerIcon, Square, Wrench } from "lucide-react";
import type { ReactNode } from "react";
import type { Server } from "../api/client";
import type { Action } from "../api/queries";
import { line } from "../lib/text";
import { text } from "../text";
import { screens } from "./nav";

/** Something that the palette can do. */
export interface Command {
  id: string;
  /** What it is found by, in lower case. */
  words: string;
  label: string;
  note?: string;
  mono?: boolean;
  icon: ReactNode;
  run: () => void;
}

export interface Group {
  heading: string;
  commands: Command[];
}

type Navigate = ReturnType<typeof useNavigate>;

const command = (id: string, label: string, icon: ReactNode, run: () => void): Command => ({
  id,
  words: `${id} ${label}`.toLowerCase(),
  label,
  icon,
  run,
});

/** Everything but the tools. */
export function commands(servers: Server[], navigate: Navigate, act: (name: string, action: Action) => void): Group[] {
  const go = [
    ...screens.map(({ to, label, icon: Icon }) =>
      command(`go ${to}`, label, <Icon size={15} />, () => void navigate({ to })),
    ),
    command("go /add", text.add.open, <Plus size={15} />, () => void navigate({ to: "/add" })),
    ...(["sign-ins", "tokens"] as const).map((tab) =>
      command(
        `go ${tab}`,
        text.secrets.tabs[tab],
        <KeyRound size={15} />,
        () => void navigate({ to: "/secrets", search: { tab } }),
      ),
    ),
  ];
  const open = servers.map(({ name, displayName }) =>
    command(
      `server ${name}`,
      line(displayName, 80),
      <ServerIcon size={15} />,
      () => void navigate({ to: "/servers/$name", params: { name } }),
    ),
  );
  const actions = servers.flatMap(({ name, state, builtin }) => {
    const off = state === "idle" || state === "disabled";
    const list = [
      off
        ? command(`start ${name}`, text.server.startOf(name), <Play size={15} />, () => act(name, "start"))
        : command(`restart ${name}`, text.server.restartOf(name), <RotateCw size={15} />, () => act(name, "restart")),
      command(
        `log ${name}`,
        text.server.logOf(name),
        <ScrollText size={15} />,
        () => void navigate({ to: "/servers/$name", params: { name }, search: { tab: "logs" } }),
      ),
    ];
    if (!off && !builtin)
      list.push(command(`stop ${name}`, text.server.stopOf(name), <Square size={15} />, () => act(name, "stop")));
    return list;
  });
  return [
    { heading: text.search.screens, commands: go },
    { heading: text.nav.servers, commands: open },
    { heading: text.search.actions, commands: actions },
  ];
}

export const toolCommand = (server: string, tool: string, navigate: Navigate): Command => ({
  ...command(
    `tool ${server} ${tool}`,
    line(tool, 80),
    <Wrench size={15} />,
    () => void navigate({ to: "/servers/$name/tools/$tool", params: { name: server, tool } }),
  ),
  note: line(server, 40),
  mono: true,
});

/** How many of a group are shown at once: there may be thousands. */
const most = 12;

/** The commands that have all the words, in groups that are not empty. Those that begin with what was typed come first. */
export function matching(groups: Group[], typed: string): Group[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const first = wanted[0] ?? "";
  return groups.flatMap(({ heading, commands }) => {
    const found = commands.filter((c) => wanted.every((w) => c.words.includes(w)));
    const begins = (c: Command) => Number(c.label.toLowerCase().startsWith(first));
    const shown = found.sort((a, b) => begins(b) - begins(a)).slice(0, most);
    return shown.length > 0 ? [{ heading, commands: shown }] : [];
  });
}
