import { Switch as Radix } from "radix-ui";
import { useStale } from "../api/queries";

interface Props {
  checked: boolean;
  onChange: (checked: boolean) => void;
  label: string;
  disabled?: boolean;
  /** It changes the page only, which it can without the hub. */
  local?: boolean;
}

export function Switch({ checked, onChange, label, disabled, local }: Props) {
  const stale = useStale();
  return (
    <Radix.Root
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled || (stale && !local)}
      aria-label={label}
      className="group inline-flex h-6 w-10 shrink-0 items-center disabled:cursor-not-allowed disabled:opacity-60"
    >
      <span className="flex h-5 w-9 items-center rounded-full border border-edge bg-sunken px-0.5 transition-colors group-data-[state=checked]:border-solid group-data-[state=checked]:bg-solid">
        <Radix.Thumb className="size-3.5 rounded-full bg-edge transition-transform data-[state=checked]:translate-x-4 data-[state=checked]:bg-white" />
      </span>
    </Radix.Root>
  );
}
