import { dateTime, time } from "../../lib/format";
import type { Prefs } from "../../lib/prefs";
import { plain } from "../../lib/text";

/** A line of any log. */
export interface Line {
  id: string;
  time: string;
  text: string;
  server?: string;
  source?: "hub" | "server";
  level?: "debug" | "info" | "warn" | "error";
  /** What else the hub says in it, an object. */
  attributes?: unknown;
}

/** The time of a line, as the reader likes it. */
export function timeOf(l: Line, times: Prefs["times"]): string {
  if (times === "utc") return new Date(l.time).toISOString().replace("T", " ");
  return times === "date" ? dateTime(l.time) : time(l.time);
}

/** The attributes of a line, as key=value. */
export function attributes(l: Line): string {
  if (typeof l.attributes !== "object" || l.attributes === null) return "";
  return Object.entries(l.attributes)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

/** A line as it stands in a file that is downloaded. */
export const written = (l: Line): string =>
  [l.time, l.level?.toUpperCase(), l.source === "hub" && "hub", l.server, plain(l.text), plain(attributes(l))]
    .filter(Boolean)
    .join(" ");

/** What a line is looked for in: as much of it as anybody reads. */
const searched = (l: Line) => `${l.server ?? ""} ${l.text.slice(0, 20_000)} ${attributes(l)}`;

/** Tells which lines have a text, whatever its case. */
export function having(words: string): (l: Line) => boolean {
  const wanted = words.toLowerCase();
  return (l) => searched(l).toLowerCase().includes(wanted);
}

/** Tells which lines fit a regular expression; says why if it is none. */
export function fitting(pattern: string): ((l: Line) => boolean) | { wrong: string } {
  try {
    const expression = new RegExp(pattern, "i");
    return (l) => expression.test(searched(l));
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

/** Gives lines to the person as a file. */
export function download(lines: Line[], name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map(written).join("\n")], { type: "text/plain" }));
  link.download = `${name.replace(/[^\w.-]+/g, "_")}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A minute before and after a line, for what else happened then. */
export function around(l: Line): { since: string; until: string } {
  const at = new Date(l.time).getTime();
  return { since: new Date(at - 60_000).toISOString(), until: new Date(at + 60_000).toISOString() };
}
