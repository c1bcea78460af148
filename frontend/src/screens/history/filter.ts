import type { CallQuery, RecordedCall } from "../../api/history";
import { text } from "../../text";

/** What the address says of the calls that are shown. */
export interface CallSearch {
  q?: string;
  server?: string;
  client?: string;
  token?: string;
  name?: string;
  kind?: string;
  outcome?: string;
  /** One of the ranges, which ends now. */
  range?: string;
  /** A time of its own, as RFC 3339. */
  since?: string;
  until?: string;
  view?: string;
}

export type Range = keyof typeof text.history.filter.ranges;
export type Outcome = keyof typeof text.history.outcomes;
export type Kind = keyof typeof text.history.kinds;

/** The lengths of the ranges in milliseconds. */
export const ranges: Record<Range, number> = {
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 7 * 86_400_000,
  "30d": 30 * 86_400_000,
};

export const isRange = (s: string | undefined): s is Range => s !== undefined && Object.hasOwn(ranges, s);
const isKind = (s: string | undefined): s is Kind => s !== undefined && Object.hasOwn(text.history.kinds, s);
const isOutcome = (s: string | undefined): s is Outcome | "failed" =>
  s !== undefined && (s === "failed" || Object.hasOwn(text.history.outcomes, s));

// A word of an address that looks like a number comes as one.
const word = (value: unknown) =>
  (typeof value === "string" && value) || typeof value === "number" ? String(value) : undefined;
const moment = (value: unknown) =>
  typeof value === "string" && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : undefined;

/** Reads an address; what makes no sense is left out. */
export const callSearch = (s: Record<string, unknown>): CallSearch => ({
  q: word(s.q),
  server: word(s.server),
  client: word(s.client),
  token: word(s.token),
  name: word(s.name),
  kind: word(s.kind),
  outcome: word(s.outcome),
  range: word(s.range),
  since: moment(s.since),
  until: moment(s.until),
  view: word(s.view),
});

/** The question to the hub for what an address shows, at a time in milliseconds. */
export function queryOf(s: CallSearch, now: number): CallQuery {
  return {
    q: s.q,
    server: s.server,
    client: s.client,
    tokenName: s.token,
    name: s.name,
    kind: isKind(s.kind) ? s.kind : undefined,
    outcome: isOutcome(s.outcome) ? s.outcome : undefined,
    since: isRange(s.range) ? new Date(now - ranges[s.range]).toISOString() : s.since,
    until: isRange(s.range) ? undefined : s.until,
  };
}

/** How many of the filters are set that do not show unless they are asked for. */
export const hidden = (s: CallSearch) =>
  [isKind(s.kind), s.name, s.client, s.token, !isRange(s.range) && s.since, !isRange(s.range) && s.until].filter(
    Boolean,
  ).length;

/** Whether there is anything to clear. */
export const filtered = (s: CallSearch) => Object.values(queryOf(s, 0)).some((v) => v !== undefined);

const { view: _, ...none } = callSearch({});

/** What to change in an address to have no filter. */
export const cleared: CallSearch = none;

/** A time as an input of the kind datetime-local takes it, and back. */
export function localTime(iso: string | undefined): string {
  if (!iso) return "";
  const t = new Date(iso);
  const part = (n: number, width = 2) => String(n).padStart(width, "0");
  return `${part(t.getFullYear(), 4)}-${part(t.getMonth() + 1)}-${part(t.getDate())}T${part(t.getHours())}:${part(t.getMinutes())}`;
}

/** Those of the newest calls that are not shown; not those that are older than all that are. */
export function unseen(shown: RecordedCall[] | undefined, newest: RecordedCall[] | undefined): RecordedCall[] {
  if (!shown || !newest) return [];
  const known = new Set(shown.map((c) => c.id));
  const oldest = shown.at(-1)?.id ?? 0;
  return newest.filter((c) => c.id > oldest && !known.has(c.id));
}
