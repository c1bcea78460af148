import type { ButtonHTMLAttributes, Ref } from "react";
import { useStale } from "../api/queries";
import { cx } from "../lib/cx";

type Look = "plain" | "solid" | "quiet" | "danger";

const looks: Record<Look, string> = {
  plain: "border border-line bg-raised text-text shadow-card hover:bg-sunken",
  solid: "border border-transparent bg-solid text-white hover:bg-solid-hover",
  quiet: "border border-transparent text-muted hover:bg-sunken hover:text-text",
  danger: "border border-line bg-raised text-err hover:bg-err-soft",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** It asks the hub for something, so it does nothing while there is no hub. */
  acts?: boolean;
  busy?: boolean;
  /** Only an icon stands in it; then it needs an aria-label. */
  square?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "plain", acts, busy, square, className, disabled, children, ...rest }: ButtonProps) {
  const stale = useStale();
  return (
    <button
      type="button"
      {...rest}
      title={rest.title ?? (square ? rest["aria-label"] : undefined)}
      aria-busy={busy || undefined}
      disabled={disabled || busy || (acts && stale)}
      className={cx(
        "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md text-sm font-medium whitespace-nowrap transition-colors",
        square ? "w-8" : "px-3",
        looks[look],
        "disabled:cursor-not-allowed disabled:opacity-60",
        className,
      )}
    >
      {children}
    </button>
  );
}
