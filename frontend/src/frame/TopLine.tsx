import { Link } from "@tanstack/react-router";
import { Keyboard, Monitor, Moon, Plus, Search, Sun } from "lucide-react";
import { useLive, useServers } from "../api/queries";
import { cx } from "../lib/cx";
import { type Prefs, setPrefs, usePrefs } from "../lib/prefs";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Menu } from "../ui/Menu";

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function TopLine({ onSearch, onShortcuts }: { onSearch: () => void; onShortcuts: () => void }) {
  return (
    <header className="sticky top-0 z-20 flex h-12 shrink-0 items-center gap-2 border-b border-line bg-surface px-4 sm:px-6">
      <HubState />
      <div className="grow" />
      <Button onClick={onSearch} aria-keyshortcuts="Control+K" className="text-muted max-sm:w-8 max-sm:px-0">
        <Search size={15} aria-hidden />
        <span className="max-sm:sr-only">{text.search.open}</span>
        <kbd aria-hidden className="ml-4 hidden rounded border border-line px-1 font-sans text-xs sm:inline">
          {mac ? "⌘K" : "Ctrl K"}
        </kbd>
      </Button>
      <Button look="quiet" square aria-label={text.shortcuts.title} onClick={onShortcuts} className="max-sm:hidden">
        <Keyboard size={16} aria-hidden />
      </Button>
      <ThemeMenu />
      <Link
        to="/add"
        className="inline-flex h-8 items-center gap-1.5 rounded-md bg-solid px-3 text-sm font-medium text-white hover:bg-solid-hover max-sm:w-8 max-sm:justify-center max-sm:px-0"
      >
        <Plus size={16} aria-hidden />
        <span className="max-sm:sr-only">{text.add.open}</span>
      </Link>
    </header>
  );
}

/** What the hub said last of itself, and of its servers. */
function HubState() {
  const live = useLive();
  const { data } = useServers();
  const lost = live.link === "lost";
  const word = lost
    ? text.hubState.lost
    : live.state
      ? (text.hubState[live.state as "ready"] ?? live.state)
      : text.hubState.connecting;
  const servers = data?.filter((s) => !s.builtin) ?? [];
  const ready = servers.filter((s) => s.state === "ready").length;
  const wanted = servers.filter((s) => !s.disabled).length;
  const tone =
    lost || !live.state ? "bg-muted" : live.state === "ready" || live.state === "restarted" ? "bg-ok" : "bg-warn";
  return (
    <p className="flex min-w-0 items-center gap-2 text-sm">
      <span aria-hidden className={cx("size-2 shrink-0 rounded-full", tone)} />
      <span className="truncate">
        <span className="font-medium">{word}</span>
        {!lost && wanted > 0 && (
          <span className="text-muted max-sm:hidden"> · {text.hubState.running(ready, wanted)}</span>
        )}
      </span>
    </p>
  );
}

function ThemeMenu() {
  const { theme } = usePrefs();
  const icons = { system: Monitor, light: Sun, dark: Moon };
  const Icon = icons[theme];
  return (
    <Menu
      items={(Object.keys(icons) as Prefs["theme"][]).map((name) => ({
        label: text.theme[name],
        checked: theme === name,
        onSelect: () => setPrefs({ theme: name }),
      }))}
    >
      <Button look="quiet" square aria-label={text.theme.title}>
        <Icon size={16} aria-hidden />
      </Button>
    </Menu>
  );
}
