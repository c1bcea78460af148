/** How long a token may be good, in days; 0 is without end. */
export const lives = [0, 1, 7, 30, 90, 365];

/** The patterns that somebody wrote, one on each line or with commas between. */
export const patterns = (written: string): string[] => [
  ...new Set(
    written
      .split(/[\n,]/)
      .map((p) => p.trim())
      .filter(Boolean),
  ),
];

/** When a token ends that is good for some days from now, a time in milliseconds; undefined if it never does. */
export const expiry = (days: string, now: number): string | undefined =>
  Number(days) > 0 ? new Date(now + Number(days) * 86_400_000).toISOString() : undefined;
