import type { ReactNode } from "react";
import { cx } from "../lib/cx";

const tones = {
  plain: "border-line text-muted",
  ok: "border-transparent bg-ok-soft text-ok",
  warn: "border-transparent bg-warn-soft text-warn",
  err: "border-transparent bg-err-soft text-err",
  accent: "border-transparent bg-accent-soft text-accent",
};

export function Badge({
  tone = "plain",
  title,
  children,
}: {
  tone?: keyof typeof tones;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span
      title={title}
      className={cx(
        "inline-flex max-w-full items-center gap-1 rounded border px-1.5 text-xs leading-5 whitespace-nowrap",
        tones[tone],
      )}
    >
      {children}
    </span>
  );
}
