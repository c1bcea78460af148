import { Search, X } from "lucide-react";
import { type ComponentProps, type ReactNode, type Ref, useId } from "react";
import { cx } from "../lib/cx";
import { text } from "../text";

export const control =
  "w-full min-w-0 rounded-md border border-edge bg-surface px-2.5 text-base text-text placeholder:text-muted disabled:opacity-60 aria-invalid:border-err";

export const Input = ({ className, ...rest }: ComponentProps<"input">) => (
  <input {...rest} className={cx(control, "h-8", className)} />
);

export const TextArea = ({ className, ...rest }: ComponentProps<"textarea">) => (
  <textarea {...rest} className={cx(control, "py-1.5 leading-normal", className)} />
);

export const Select = ({ className, ...rest }: ComponentProps<"select">) => (
  <select {...rest} className={cx(control, "h-8 pr-1", className)} />
);

interface FilterProps {
  value: string;
  onChange: (value: string) => void;
  label: string;
  ref?: Ref<HTMLInputElement>;
}

/** A box that narrows a list down. Escape empties it. */
export function Filter({ value, onChange, label, ref }: FilterProps) {
  return (
    <div className="relative w-full sm:w-64">
      <Search size={15} aria-hidden className="pointer-events-none absolute top-2 left-2.5 text-muted" />
      <input
        ref={ref}
        type="search"
        value={value}
        onChange={(e) => onChange(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape" && value) {
            e.stopPropagation();
            onChange("");
          }
        }}
        aria-label={label}
        placeholder={label}
        className={cx(control, "h-8 pr-8 pl-8 [&::-webkit-search-cancel-button]:hidden")}
      />
      {value && (
        <button
          type="button"
          aria-label={text.clearFilter}
          onClick={() => onChange("")}
          className="absolute top-1 right-1 flex size-6 items-center justify-center text-muted hover:text-text"
        >
          <X size={14} aria-hidden />
        </button>
      )}
    </div>
  );
}

/** A label, what it labels, and a word on what may stand there. */
export function Labelled({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: (ids: { id: string; "aria-describedby"?: string }) => ReactNode;
}) {
  const id = useId();
  const told = hint ? `${id}-hint` : undefined;
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": told })}
      {hint && (
        <p id={told} className="text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
