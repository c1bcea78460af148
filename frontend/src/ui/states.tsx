import { CircleAlert } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { HubError } from "../api/client";
import { text } from "../text";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";

/** What a list shows that has nothing in it, with the button that ends that. */
export function Empty({
  icon,
  title,
  children,
  action,
  whole,
}: {
  icon?: ReactNode;
  title: string;
  /** It is all that the screen shows, so its title is the screen's heading. */
  whole?: boolean;
  children?: ReactNode;
  action?: ReactNode;
}) {
  const Title = whole ? "h1" : "p";
  return (
    <div className="flex flex-col items-center gap-1 rounded-lg border border-dashed border-line px-6 py-12 text-center">
      {icon && <div className="mb-2 text-muted">{icon}</div>}
      <Title className="font-medium">{title}</Title>
      {children && <p className="max-w-prose text-muted">{children}</p>}
      {action && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** What went wrong, why, and what to do: in the words of the hub. */
export function Failure({ error, title, retry }: { error: unknown; title?: string; retry?: () => void }) {
  const words = error instanceof Error ? error.message : String(error);
  const details =
    error instanceof HubError ? JSON.stringify({ error: words, code: error.code, data: error.data }, null, 2) : words;
  return (
    <div role="alert" className="rounded-lg border border-err/40 bg-err-soft p-4">
      <div className="flex items-start gap-2">
        <CircleAlert size={16} aria-hidden className="mt-0.5 shrink-0 text-err" />
        <div className="min-w-0 grow">
          {title && <p className="font-medium">{title}</p>}
          <p className="foreign whitespace-pre-wrap">{words}</p>
        </div>
      </div>
      <div className="mt-3 flex gap-2">
        {retry && <Button onClick={retry}>{text.retry}</Button>}
        <CopyButton value={details} label={text.copyDetails} />
      </div>
    </div>
  );
}

/** Rows in the shape of those that will come, after a moment in which they may have come already. */
export function Loading({ rows = 4, height = "h-14" }: { rows?: number; height?: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-label={text.loading} className="flex flex-col gap-2">
      {late &&
        Array.from({ length: rows }, (_, i) => `row-${i}`).map((key) => (
          <div key={key} className={`${height} animate-pulse rounded-lg bg-sunken`} />
        ))}
    </div>
  );
}
