import type { RefObject } from "react";
import type { Server } from "../../api/client";
import { useServerAction, useSetEnabled, useStale } from "../../api/queries";
import { focusedRow, rowKeys } from "../../lib/rows";
import { useKeys } from "../../lib/useKeys";
import { complain } from "../../ui/Toast";

/** Moves between the rows of a list of servers by key, and acts on the one that has the focus. */
export function useRowKeys(list: RefObject<HTMLElement | null>, servers: Server[]) {
  const action = useServerAction();
  const enable = useSetEnabled();
  const stale = useStale();

  const chosen = () => (stale ? undefined : servers.find((s) => s.name === focusedRow()?.dataset.row));

  useKeys({
    ...rowKeys(list),
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
