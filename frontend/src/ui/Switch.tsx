import { useStale } from "../api/queries";

interface Props {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  disabled?: boolean;
  /** It changes the page only, which it can without the hub. */
  local?: boolean;
}

/** Nothing but a button: a list has hundreds. */
export function Switch({ checked, onChange, label, disabled, local }: Props) {
  const stale = useStale();
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      onClick={() => onChange(!checked)}
      disabled={disabled || (stale && !local)}
      aria-label={label}
      className="group inline-flex h-6 w-10 shrink-0 items-center disabled:cursor-not-allowed disabled:opacity-60"
    >
      <span className="flex h-5 w-9 items-center rounded-full border border-edge bg-sunken px-0.5 transition-colors group-aria-checked:border-solid group-aria-checked:bg-solid">
        <span className="size-3.5 rounded-full bg-edge transition-transform group-aria-checked:translate-x-4 group-aria-checked:bg-white" />
      </span>
    </button>
  );
}
