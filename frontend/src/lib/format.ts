const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const number = new Intl.NumberFormat();

export const time = (t: string | number) => clock.format(new Date(t));
export const hourMinute = (t: string | number) => minute.format(new Date(t));
export const dayMonth = (t: string | number) => shortDay.format(new Date(t));
export const dateTime = (t: string | number) => stamp.format(new Date(t));
export const count = (n: number) => number.format(n);

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** A time in words, such as "3 min. ago". */
export function ago(t: string | number, now: number): string {
  const seconds = (new Date(t).getTime() - now) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(Math.trunc(seconds), "second");
}

/** A duration in words, such as "340 ms" or "1.2 s". */
export function duration(ms: number): string {
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${number.format(Math.round(ms / 100) / 10)} s`;
}

/** A size in the unit of the hub's own settings, such as "500 MiB". */
export const mebibytes = (n: number) => `${number.format(Math.round((n / 2 ** 20) * 10) / 10)} MiB`;

/** A size in words, such as "3.4 kB". */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${number.format(Math.round(n / 100) / 10)} kB`;
  return `${number.format(Math.round(n / 1e5) / 10)} MB`;
}
