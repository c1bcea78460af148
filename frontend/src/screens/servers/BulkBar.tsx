import type { Server } from "../../api/client";
import { useServerAction, useSetEnabled } from "../../api/queries";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { complain } from "../../ui/Toast";

/** Does one thing with several servers. What fails is told one by one. */
export function BulkBar({ servers, onDone }: { servers: Server[]; onDone: () => void }) {
  const action = useServerAction();
  const enable = useSetEnabled();
  const all = (run: (name: string) => Promise<unknown>) => async () => {
    // One after the other: each writes into the same file.
    for (const { name } of servers) await run(name).catch(complain);
    onDone();
  };
  const busy = action.isPending || enable.isPending;
  return (
    <section
      aria-label={text.servers.bulk}
      className="sticky top-14 z-10 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-raised p-2 pl-3 shadow-overlay"
    >
      <p className="grow text-sm font-medium">{text.servers.chosen(servers.length)}</p>
      <Button acts busy={busy} onClick={all((name) => enable.mutateAsync({ name, enabled: true }))}>
        {text.server.switchOn}
      </Button>
      <Button acts busy={busy} onClick={all((name) => enable.mutateAsync({ name, enabled: false }))}>
        {text.server.switchOff}
      </Button>
      <Button acts busy={busy} onClick={all((name) => action.mutateAsync({ name, action: "restart" }))}>
        {text.server.restart}
      </Button>
      <Button look="quiet" onClick={onDone}>
        {text.cancel}
      </Button>
    </section>
  );
}
