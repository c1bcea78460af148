import { X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { cx } from "../lib/cx";
import { text } from "../text";
import { Button } from "./Button";

interface Toast {
  id: number;
  words: string;
  bad?: boolean;
  action?: { label: string; run: () => void };
}

const lasts = 8000;
const listeners = new Set<() => void>();
let toasts: Toast[] = [];
let last = 0;

function set(next: Toast[]) {
  toasts = next;
  for (const tell of listeners) tell();
}

const drop = (id: number) => set(toasts.filter((t) => t.id !== id));

/** Says in passing what has been done, or what went wrong. */
export function toast(words: string, more: Omit<Toast, "id" | "words"> = {}) {
  set([...toasts.slice(-2), { id: ++last, words, ...more }]);
}

/** Says what went wrong. */
export const complain = (error: unknown) =>
  toast(error instanceof Error ? error.message : String(error), { bad: true });

export function Toasts() {
  const list = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => toasts,
  );
  return (
    <section
      aria-label={text.notices}
      aria-live="polite"
      className="pointer-events-none fixed right-0 bottom-16 z-50 flex w-full flex-col items-end gap-2 p-4 sm:bottom-0"
    >
      {list.map((t) => (
        <Item key={t.id} {...t} />
      ))}
    </section>
  );
}

function Item({ id, words, bad, action }: Toast) {
  useEffect(() => {
    if (bad) return; // what went wrong stays until it is read
    const timer = setTimeout(() => drop(id), lasts);
    return () => clearTimeout(timer);
  }, [id, bad]);
  return (
    <div
      className={cx(
        "pointer-events-auto flex max-w-md items-start gap-2 rounded-lg border bg-raised p-2 pl-3 shadow-overlay",
        bad ? "border-err" : "border-line",
      )}
    >
      <p className="foreign max-h-40 grow overflow-y-auto py-1 text-sm">{words}</p>
      {action && (
        <Button
          onClick={() => {
            drop(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <Button look="quiet" square aria-label={text.dismiss} onClick={() => drop(id)}>
        <X size={14} aria-hidden />
      </Button>
    </div>
  );
}
