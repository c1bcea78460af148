import { duration, time } from "../../lib/format";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import type { Run } from "./useCall";

interface Props {
  runs: Run[];
  shown?: number;
  onShow: (id: number) => void;
  onReuse: (run: Run) => void;
}

/** What was run before. Using the arguments again fills the form and fires nothing. */
export function Runs({ runs, shown, onShow, onReuse }: Props) {
  if (runs.length < 2) return null;
  return (
    <section aria-labelledby="runs" className="flex flex-col gap-2">
      <h2 id="runs" className="text-sm text-muted">
        {text.call.previous}
      </h2>
      <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
        {runs.map((r) => (
          <li key={r.id} className="flex items-center gap-2 px-3 py-1">
            <button
              type="button"
              aria-current={r.id === shown || undefined}
              onClick={() => onShow(r.id)}
              className="flex min-h-8 min-w-0 grow items-center gap-3 text-left text-sm aria-[current]:font-semibold"
            >
              <span className="shrink-0 text-muted">{time(r.at)}</span>
              <span className="foreign truncate font-mono text-xs">
                {JSON.stringify(r.params.arguments ?? r.params).slice(0, 200)}
              </span>
              <span className="ml-auto shrink-0 text-muted">{outcome(r)}</span>
            </button>
            <Button look="quiet" onClick={() => onReuse(r)}>
              {text.call.reuse}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function outcome(r: Run): string {
  if (r.cancelled) return text.call.cancelled;
  if (r.error) return text.call.refused;
  return r.reply ? duration(r.reply.took) : text.call.running;
}
