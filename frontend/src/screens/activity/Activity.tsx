import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Activity as Icon, Pause, Play } from "lucide-react";
import { useState } from "react";
import type { Happening } from "../../api/live";
import { useActivity } from "../../api/queries";
import { cx } from "../../lib/cx";
import { dateTime, time } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Filter, Select } from "../../ui/Field";
import { Empty } from "../../ui/states";
import { describe, type Kind, kindOf } from "./describe";

/** How many events are shown at once. The page remembers more, which the filter finds. */
const most = 300;

export function Activity() {
  const live = useActivity();
  const [held, setHeld] = useState<Happening[]>();
  const { q = "", kind = "all" } = useSearch({ from: "/activity" });
  const navigate = useNavigate({ from: "/activity" });
  const events = held ?? live;
  const wanted = q.toLowerCase();
  const shown: Happening[] = [];
  for (let i = events.length - 1; i >= 0 && shown.length < most; i--) {
    const h = events[i];
    if (!h || (kind !== "all" && kindOf(h.kind) !== kind)) continue;
    if (wanted && !`${h.server ?? ""} ${describe(h).what} ${describe(h).why ?? ""}`.toLowerCase().includes(wanted))
      continue;
    shown.push(h);
  }
  const set = (change: { q?: string; kind?: string }) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const newer = held ? live.length - Math.max(0, live.indexOf(held.at(-1) as Happening) + 1) : 0;

  return (
    <div className="flex flex-col gap-3">
      <h1 className="text-xl font-semibold">{text.activity.title}</h1>
      <div className="flex flex-wrap items-center gap-2">
        <Filter value={q} onChange={(next) => set({ q: next || undefined })} label={text.activity.filter} />
        <Select
          aria-label={text.activity.kind}
          value={kind}
          onChange={(e) => set({ kind: e.target.value === "all" ? undefined : e.target.value })}
          className="w-auto!"
        >
          {(Object.keys(text.activity.kinds) as Kind[]).map((name) => (
            <option key={name} value={name}>
              {text.activity.kinds[name]}
            </option>
          ))}
        </Select>
        <div className="grow" />
        <Button onClick={() => setHeld(held ? undefined : live)}>
          {held ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          {held ? text.activity.resume(newer) : text.activity.pause}
        </Button>
      </div>
      {events.length === 0 && (
        <Empty icon={<Icon size={24} aria-hidden />} title={text.activity.none}>
          {text.activity.noneText}
        </Empty>
      )}
      {events.length > 0 && shown.length === 0 && (
        <Empty
          title={text.activity.noneShown}
          action={<Button onClick={() => set({ q: undefined, kind: undefined })}>{text.clearFilter}</Button>}
        />
      )}
      {shown.length > 0 && (
        <ol className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
          {shown.map((h) => (
            <Row key={h.id} happening={h} />
          ))}
        </ol>
      )}
    </div>
  );
}

function Row({ happening: h }: { happening: Happening }) {
  const { what, why, bad } = describe(h);
  return (
    <li className="flex gap-3 px-3 py-1.5 text-sm [contain-intrinsic-size:auto_2rem] [content-visibility:auto]">
      <time dateTime={h.time} title={dateTime(h.time)} className="shrink-0 font-mono text-xs leading-5.25 text-muted">
        {time(h.time)}
      </time>
      <p className="min-w-0">
        {h.server && (
          <>
            <Link to="/servers/$name" params={{ name: h.server }} className="foreign font-medium hover:text-accent">
              {line(h.server, 60)}
            </Link>{" "}
          </>
        )}
        <span
          className={cx("foreign", bad && "text-err", kindOf(h.kind) === "output" && "font-mono text-xs text-muted")}
        >
          {what}
        </span>
        {why && <span className="foreign text-muted"> — {why}</span>}
      </p>
    </li>
  );
}
