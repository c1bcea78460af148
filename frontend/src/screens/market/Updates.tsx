import { Link } from "@tanstack/react-router";
import { useUpdate, useUpdates } from "../../api/market";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { complain, toast } from "../../ui/Toast";

/** Servers whose package has a newer version. */
export function Updates() {
  const updates = useUpdates().data ?? [];
  const update = useUpdate();
  if (updates.length === 0) return null;
  return (
    <section aria-labelledby="updates" className="rounded-lg border border-line bg-surface shadow-card">
      <h2 id="updates" className="border-b border-line px-4 py-2.5 text-sm">
        {text.market.updates(updates.length)}
      </h2>
      <ul className="divide-y divide-line">
        {updates.map((u) => (
          <li key={u.server} className="flex flex-wrap items-center gap-3 px-4 py-2">
            <Link to="/servers/$name" params={{ name: u.server }} className="foreign font-medium hover:text-accent">
              {line(u.server, 60)}
            </Link>
            <span className="foreign grow font-mono text-sm text-muted">
              {line(u.package, 80)} {line(u.current, 30)} → {line(u.latest, 30)}
            </span>
            <Button
              acts
              busy={update.isPending}
              onClick={() =>
                update.mutate(u.server, {
                  onError: complain,
                  onSuccess: () => toast(text.market.updated(u.server, u.latest)),
                })
              }
            >
              {text.market.update}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
