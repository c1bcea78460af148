import type { RefObject } from "react";

/** The row of a list that has the focus. */
export const focusedRow = () => document.activeElement?.closest<HTMLElement>("[data-row]");

/** What the keys do that move between the rows of a list: each has a link that takes the focus, and Enter then opens it. */
export function rowKeys(list: RefObject<HTMLElement | null>) {
  const move = (by: number) => () => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[data-row-link]") ?? [])];
    const at = all.findIndex((link) => link.closest("[data-row]") === focusedRow());
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
    all[next]?.focus();
  };
  return { j: move(1), k: move(-1) };
}
