/** Joins class names, without those that are not wanted. */
export const cx = (...names: (string | false | null | undefined)[]) => names.filter(Boolean).join(" ");
