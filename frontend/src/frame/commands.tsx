import type { useNavigate } from "@tanstack/react-router";
import {
  BarChart3,
  History,
  KeyRound,
  Play,
  Plus,
  RotateCw,
  ScrollText,
  Server as ServerIcon,
  Square,
  Wrench,
} from "lucide-react";
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
    command(
      "go charts",
      text.history.chartsOf,
      <BarChart3 size={15} />,
      () => void navigate({ to: "/history", search: { view: "charts" } }),
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
      command(
        `calls ${name}`,
        text.server.callsOf(name),
        <History size={15} />,
        () => void navigate({ to: "/servers/$name", params: { name }, search: { tab: "history" } }),
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

/** A tool as the palette looks for it: there may be thousands, so it becomes a command only when it is shown. */
export interface ToolEntry {
  server: string;
  tool: string;
  label: string;
  /** What it is found by, in lower case. */
  words: string;
  /** What it is found by if nothing else is, in lower case. */
  more: string;
}

export const toolEntry = (t: { server: string; name: string; title?: string; description?: string }): ToolEntry => ({
  server: t.server,
  tool: t.name,
  label: line(t.name, 80),
  words: `tool ${t.server} ${t.name} ${t.title ?? ""}`.toLowerCase(),
  more: (t.description ?? "").toLowerCase(),
});

const toolCommand = ({ server, tool, label, words }: ToolEntry, navigate: Navigate): Command => ({
  id: `tool ${server} ${tool}`,
  words,
  label,
  icon: <Wrench size={15} />,
  run: () => void navigate({ to: "/servers/$name/tools/$tool", params: { name: server, tool } }),
  note: line(server, 40),
  mono: true,
});

/** How many of a group are shown at once: there may be thousands. */
const most = 12;

interface Findable {
  words: string;
  label: string;
  more?: string;
}

/** Those that have all the words: first what begins with what was typed, last what only its description has. */
function find<T extends Findable>(list: T[], typed: string): T[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const first = wanted[0] ?? "";
  const [begins, has, tells]: [T[], T[], T[]] = [[], [], []];
  for (const item of list) {
    if (begins.length === most) break;
    if (wanted.every((w) => item.words.includes(w))) {
      if (item.label.toLowerCase().startsWith(first)) begins.push(item);
      else if (has.length < most) has.push(item);
    } else if (
      item.more &&
      tells.length < most &&
      wanted.every((w) => item.words.includes(w) || item.more?.includes(w))
    ) {
      tells.push(item);
    }
  }
  return [...begins, ...has, ...tells].slice(0, most);
}

/** The commands and the tools that have all the words, in groups that are not empty. */
export function matching(groups: Group[], tools: ToolEntry[], typed: string, navigate: Navigate): Group[] {
  const found = groups.map(({ heading, commands }) => ({ heading, commands: find(commands, typed) }));
  found.push({
    heading: text.server.tools,
    commands: typed ? find(tools, typed).map((t) => toolCommand(t, navigate)) : [],
  });
  return found.filter((g) => g.commands.length > 0);
}
