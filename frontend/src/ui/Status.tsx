import { CircleAlert, CircleCheck, CircleDashed, CircleHelp, CircleMinus, KeyRound, LoaderCircle } from "lucide-react";
import type { Server } from "../api/client";
import { useStale } from "../api/queries";
import { cx } from "../lib/cx";
import { text } from "../text";

type Look = { word: string; icon: typeof CircleCheck; tone: string; turns?: boolean };

const words = text.state;

/** How a server's state looks. The hub says what it is; nothing is made up here. */
function look(server: Server): Look {
  const tone =
    { ok: "text-ok", warn: "text-warn", error: "text-err", off: "text-muted" }[server.health.level] ?? "text-muted";
  switch (server.state) {
    case "ready":
      return {
        word: server.health.level === "ok" ? words.ready : words.incomplete,
        icon: server.health.level === "ok" ? CircleCheck : CircleAlert,
        tone,
      };
    case "starting":
      return { word: words.starting, icon: LoaderCircle, tone, turns: true };
    case "stopping":
      return { word: words.stopping, icon: LoaderCircle, tone, turns: true };
    case "retrying":
      return { word: words.retrying, icon: CircleDashed, tone };
    case "failed":
      return { word: words.failed, icon: CircleAlert, tone };
    case "authorizing":
      return { word: words.authorizing, icon: KeyRound, tone };
    case "disabled":
      return { word: words.disabled, icon: CircleMinus, tone };
    case "idle":
      return { word: words.idle, icon: CircleMinus, tone };
  }
  return { word: server.state, icon: CircleHelp, tone };
}

export function Status({ server, bare }: { server: Server; bare?: boolean }) {
  const stale = useStale();
  const { word, icon: Icon, tone, turns } = look(server);
  return (
    <span className={cx("inline-flex items-center gap-1.5 font-medium whitespace-nowrap", stale ? "text-muted" : tone)}>
      <Icon size={15} strokeWidth={2.25} aria-hidden className={cx("shrink-0", turns && !stale && "animate-spin")} />
      <span className={bare ? "sr-only" : "text-sm"}>{stale ? text.state.was(word) : word}</span>
    </span>
  );
}
