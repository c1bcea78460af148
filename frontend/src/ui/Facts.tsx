import type { ReactNode } from "react";
import { cx } from "../lib/cx";

/** Names and what they are, in two columns, or as many as the class names say. */
export function Facts({ rows, className }: { rows: [string, ReactNode][]; className: string }) {
  return (
    <dl className={cx("grid gap-x-6", className)}>
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-sm leading-5.25 font-medium text-muted max-sm:mt-1">{name}</dt>
          <dd className="foreign">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
