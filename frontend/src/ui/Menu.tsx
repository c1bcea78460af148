import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "../lib/cx";

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  disabled?: boolean;
  checked?: boolean;
}

const item =
  "flex min-h-8 cursor-default items-center gap-2 rounded-md px-2 py-1 text-sm outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-accent-soft";

/** A menu that the child, a button, opens. Null stands for a line between groups; open has it begin open. */
export function Menu({ children, items, open }: { children: ReactNode; items: (MenuItem | null)[]; open?: boolean }) {
  return (
    <Radix.Root modal={false} defaultOpen={open}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 min-w-44 rounded-lg border border-line bg-raised p-1 shadow-overlay"
        >
          {items.map((entry, i) => {
            if (!entry)
              return <Radix.Separator key={`line-${items[i - 1]?.label}`} className="mx-1 my-1 h-px bg-line" />;
            const look = cx(item, entry.danger && "text-err");
            if (entry.checked !== undefined) {
              return (
                <Radix.CheckboxItem
                  key={entry.label}
                  checked={entry.checked}
                  onSelect={entry.onSelect}
                  disabled={entry.disabled}
                  className={look}
                >
                  {entry.icon}
                  <span className="grow">{entry.label}</span>
                  <Radix.ItemIndicator aria-hidden>✓</Radix.ItemIndicator>
                </Radix.CheckboxItem>
              );
            }
            return (
              <Radix.Item key={entry.label} onSelect={entry.onSelect} disabled={entry.disabled} className={look}>
                {entry.icon}
                {entry.label}
              </Radix.Item>
            );
          })}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
