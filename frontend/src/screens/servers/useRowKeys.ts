import type { RefObject } from "react";
import type { Server } from "../../api/client";
import { useServerAction, useSetEnabled, useStale } from "../../api/queries";
import { useKeys } from "../../lib/useKeys";
import { complain } from "../../ui/Toast";

/** Moves between the rows of a list of servers by key, and acts on the one that has the focus. */
export function useRowKeys(list: RefObject<HTMLElement | null>, servers: Server[]) {
  const action = useServerAction();
  const enable = useSetEnabled();
  const stale = useStale();

  const links = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
  const current = () => document.activeElement?.closest<HTMLElement>("[data-row]");
  const move = (by: number) => () => {
    const all = links();
    const at = all.findIndex((link) => link.closest("[data-row]") === current());
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
    all[next]?.focus();
  };
  const chosen = () => (stale ? undefined : servers.find((s) => s.name === current()?.dataset.row));

  useKeys({
    j: move(1),
    k: move(-1),
    e: () => {
      const s = chosen();
      if (s && !s.builtin) enable.mutate({ name: s.name, enabled: s.disabled }, { onError: complain });
    },
    r: () => {
      const s = chosen();
      if (s) action.mutate({ name: s.name, action: "restart" }, { onError: complain });
    },
  });
}
