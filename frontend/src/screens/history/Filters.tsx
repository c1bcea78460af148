import { SlidersHorizontal } from "lucide-react";
import { type ReactNode, useEffect, useId, useState } from "react";
import { useTokens } from "../../api/clients";
import type { RecordedCall } from "../../api/history";
import { useServers } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Filter, Input, Select } from "../../ui/Field";
import { type CallSearch, hidden, isRange, localTime, type Range } from "./filter";

const words = text.history.filter;

interface Props {
  search: CallSearch;
  set: (change: CallSearch) => void;
  /** All are of one server, so that it cannot be chosen. */
  server?: string;
  /** Those that are shown: their names are proposed. */
  calls: RecordedCall[];
  children?: ReactNode;
}

/** What narrows calls down; all of it stands in the address. */
export function Filters({ search, set, server, calls, children }: Props) {
  const [more, setMore] = useState(hidden(search) > 0);
  const id = useId();
  const names = (useServers().data ?? []).map((s) => s.name);
  if (search.server && !names.includes(search.server)) names.push(search.server); // one that was removed has calls still
  const tokens = (useTokens(more).data ?? []).map((t) => t.name);
  const range = isRange(search.range) ? search.range : search.since || search.until ? "custom" : "";

  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Filter value={search.q ?? ""} onChange={(q) => set({ q: q || undefined })} label={words.words} />
        {server === undefined && (
          <Choice
            label={words.server}
            value={search.server ?? ""}
            onChange={(v) => set({ server: v })}
            options={[["", words.allServers], ...names.map((n): [string, string] => [n, line(n, 60)])]}
          />
        )}
        <Choice
          label={words.outcome}
          value={search.outcome ?? ""}
          onChange={(v) => set({ outcome: v })}
          options={[["", words.allOutcomes], ["failed", words.failed], ...Object.entries(text.history.outcomes)]}
        />
        <Choice
          label={words.range}
          value={range}
          onChange={(v) => set({ range: v, since: undefined, until: undefined })}
          options={[
            ["", words.anyTime],
            ...(Object.entries(words.ranges) as [Range, string][]),
            ...(range === "custom" ? [["custom", words.custom] as [string, string]] : []),
          ]}
        />
        <Button aria-expanded={more} aria-controls={id} onClick={() => setMore(!more)}>
          <SlidersHorizontal size={14} aria-hidden />
          {words.more(hidden(search))}
        </Button>
        <div className="grow" />
        {children}
      </div>
      <div id={id} hidden={!more} className="rounded-lg border border-line bg-surface p-3">
        <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
          <Labelled label={words.kind}>
            {(field) => (
              <Select id={field} value={search.kind ?? ""} onChange={(e) => set({ kind: e.target.value || undefined })}>
                <option value="">{words.allKinds}</option>
                {Object.entries(text.history.kinds).map(([kind, name]) => (
                  <option key={kind} value={kind}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Labelled>
          <Exact
            label={words.name}
            value={search.name}
            options={calls.map((c) => c.name)}
            onChange={(name) => set({ name })}
          />
          <Exact
            label={words.client}
            value={search.client}
            options={calls.map((c) => c.client)}
            onChange={(client) => set({ client })}
          />
          <Exact
            label={words.token}
            value={search.token}
            options={[...tokens, ...calls.map((c) => c.tokenName ?? "")]} // one that was revoked has calls still
            onChange={(token) => set({ token })}
          />
          {(["since", "until"] as const).map((end) => (
            <Labelled key={end} label={words[end]}>
              {(field) => (
                <Input
                  id={field}
                  type="datetime-local"
                  value={range === "custom" ? localTime(search[end]) : ""}
                  onChange={(e) => {
                    const at = Date.parse(e.target.value);
                    set({ range: undefined, [end]: Number.isNaN(at) ? undefined : new Date(at).toISOString() });
                  }}
                />
              )}
            </Labelled>
          ))}
        </div>
      </div>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  onChange: (value: string | undefined) => void;
  options: [string, string][];
}

function Choice({ label, value, onChange, options }: ChoiceProps) {
  return (
    <Select
      aria-label={label}
      value={value}
      onChange={(e) => onChange(e.target.value || undefined)}
      className="w-auto! max-w-44"
    >
      {options.map(([key, name]) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </Select>
  );
}

function Labelled({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-sm text-muted">
        {label}
      </label>
      {children(id)}
    </div>
  );
}

interface ExactProps {
  label: string;
  value?: string;
  options: string[];
  onChange: (value: string | undefined) => void;
}

/** A text that must be all of a name; it counts when it is chosen, or typed to its end. */
function Exact({ label, value = "", options, onChange }: ExactProps) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const list = useId();
  const known = [...new Set(options)].filter(Boolean).slice(0, 100);
  const commit = (next: string) => {
    if (next !== value) onChange(next || undefined);
  };
  return (
    <Labelled label={label}>
      {(field) => (
        <>
          <Input
            id={field}
            list={list}
            value={typed}
            onChange={(e) => {
              setTyped(e.target.value);
              if (known.includes(e.target.value) || e.target.value === "") commit(e.target.value);
            }}
            onBlur={() => commit(typed)}
            onKeyDown={(e) => e.key === "Enter" && commit(typed)}
          />
          <datalist id={list}>
            {known.map((k) => (
              <option key={k} value={k} />
            ))}
          </datalist>
        </>
      )}
    </Labelled>
  );
}
