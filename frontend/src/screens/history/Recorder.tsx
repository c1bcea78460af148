import { CircleDot, CircleSlash, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { type HistoryStatus, type Recording, useChangeHistory, useSetRecording } from "../../api/history";
import { useEffectiveConfig, useStale } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { cx } from "../../lib/cx";
import { count, mebibytes } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Select } from "../../ui/Field";
import { complain } from "../../ui/Toast";
import { RecorderDialog } from "./RecorderDialog";

const words = text.history.recorder;

/** Whether calls are recorded, and what is missing from the list; as the hub says it, and what it never said is not. */
export function Recorder({ status: s }: { status: HistoryStatus }) {
  const stale = useStale();
  const [open, setOpen] = useState(false);
  const Icon = s.recording ? CircleDot : CircleSlash;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
        <p>
          <Icon
            size={15}
            aria-hidden
            className={cx("mr-1.5 inline align-[-2px]", s.recording && !stale ? "text-ok" : "text-muted")}
          />
          <span className="font-medium text-text">{s.recording ? words.on : words.off}</span> ·{" "}
          {words.kept(s.days, mebibytes(s.maxBytes))} · {words.used(mebibytes(s.bytes))}
        </p>
        <Button look="quiet" onClick={() => setOpen(true)} className="-mx-2 px-2 text-accent!">
          {words.open}
        </Button>
      </div>
      <Missing status={s} />
      {open && <RecorderDialog status={s} onClose={() => setOpen(false)} />}
    </>
  );
}

/** What the reader must know to not take the list for whole. */
function Missing({ status: s }: { status: HistoryStatus }) {
  const notes: string[] = [];
  if (s.problem) notes.push(words.broken(line(s.problem, 1000)));
  else if (!s.enabled) notes.push(words.offText);
  if (s.dropped > 0) notes.push(words.lost(count(s.dropped)));
  if (s.withoutBodies > 0) notes.push(words.bare(count(s.withoutBodies)));
  for (const path of s.damaged ?? []) notes.push(words.aside(path));
  if (notes.length === 0) return null;
  return (
    <div role="status" className="flex flex-col gap-1 rounded-lg bg-warn-soft px-3 py-2 text-sm text-warn">
      {notes.map((note) => (
        <p key={note} className="flex items-start gap-2">
          <TriangleAlert size={15} aria-hidden className="mt-0.5 shrink-0" />
          <span className="foreign">{note}</span>
        </p>
      ))}
    </div>
  );
}

/** Ends that nothing is recorded, if the configuration says so. */
export function SwitchOn() {
  const change = useChangeHistory();
  return (
    <Button
      look="solid"
      acts
      busy={change.isPending}
      onClick={() => change.mutate({ enabled: true }, { onError: complain })}
    >
      {words.switchOn}
    </Button>
  );
}

/** What is recorded of one server, to see and to change. */
export function RecorderOf({ server }: { server: string }) {
  const set = useSetRecording(server);
  const stale = useStale();
  const entry = useEffectiveConfig().data?.servers.find((s) => s.name === server)?.value;
  if (!isObject(entry)) return null;
  const now: Recording = entry.history === false ? "nothing" : entry.history === "no bodies" ? "no bodies" : "all";
  return (
    <>
      <Select
        aria-label={words.ofServer}
        value={set.isPending ? set.variables : now}
        disabled={stale || set.isPending}
        onChange={(e) => set.mutate(e.target.value as Recording, { onError: complain })}
        className="w-auto!"
      >
        {Object.entries(words.kinds).map(([kind, name]) => (
          <option key={kind} value={kind}>
            {name}
          </option>
        ))}
      </Select>
      {now === "nothing" && <p className="w-full text-sm text-warn">{words.notServer}</p>}
    </>
  );
}
