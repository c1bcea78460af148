/** The last part of a path. */
export const base = (path: string) => path.split(/[\\/]/).pop() ?? path;

/** What tells a path from others: its last part, or all of it where another ends in the same. */
export const shortest = (path: string, all: string[]) =>
  all.filter((p) => base(p) === base(path)).length > 1 ? path : base(path);
