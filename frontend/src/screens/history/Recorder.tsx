import { Link } from "@tanstack/react-router";
import { CircleDot, CircleSlash, TriangleAlert } from "lucide-react";
import { type ReactNode, useState } from "react";
import { type HistoryStatus, useForget } from "../../api/history";
import { useConfigFiles, useEffectiveConfig, useStale } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { cx } from "../../lib/cx";
import { count, dateTime, mebibytes } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Confirm, Dialog } from "../../ui/Dialog";
import { complain, toast } from "../../ui/Toast";

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
        <Button look="quiet" onClick={() => setOpen(true)} className="-mx-2 px-2">
          {words.open}
        </Button>
      </div>
      <Missing status={s} />
      {open && <Details status={s} onClose={() => setOpen(false)} />}
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

/** What the configuration says about one server's calls, or nothing if all of them are recorded. */
export function useKept(server: string): string | undefined {
  const entry = useEffectiveConfig().data?.servers.find((s) => s.name === server)?.value;
  const kept = isObject(entry) ? entry.history : undefined;
  return kept === false ? words.notServer : kept === "no bodies" ? words.noBodies : undefined;
}

function Details({ status: s, onClose }: { status: HistoryStatus; onClose: () => void }) {
  const [asking, setAsking] = useState(false);
  const forget = useForget();
  const config = useEffectiveConfig().data;
  const own = config?.settings.find((k) => k.name === "hub")?.from;
  const index = useConfigFiles().data?.files.find((f) => f.path === own?.file)?.index ?? 0;
  const names = (kept: unknown) =>
    (config?.servers ?? [])
      .filter((e) => isObject(e.value) && e.value.history === kept)
      .map((e) => line(e.name, 60))
      .join(", ");
  const yes = (on: boolean) => (on ? words.yes : words.no);
  const rows: [string, ReactNode][] = [
    [words.enabled, yes(s.enabled)],
    [words.bodies, yes(s.bodies)],
    [words.limit, `${count(s.bodyLimit)} B`],
    [words.days, count(s.days)],
    [words.size, mebibytes(s.maxBytes)],
    [words.queued, words.queuedOf(count(s.queued), count(s.room))],
    [words.written, count(s.written)],
  ];
  if (s.oldest) rows.push([words.oldest, dateTime(s.oldest)]);
  if (names(false)) rows.push([words.unrecorded, names(false)]);
  if (names("no bodies")) rows.push([words.withoutBodies, names("no bodies")]);
  if (asking) {
    return (
      <Confirm
        open
        onClose={() => setAsking(false)}
        title={words.forgetTitle}
        description={words.forgetText}
        action={words.forget}
        busy={forget.isPending}
        onConfirm={() =>
          forget.mutate(undefined, {
            onError: complain,
            onSuccess: ({ calls }) => {
              toast(words.forgotten(count(calls)));
              onClose();
            },
          })
        }
      />
    );
  }
  return (
    <Dialog open onClose={onClose} title={words.title} description={words.text} wide>
      <dl className="divide-y divide-line">
        {rows.map(([name, value]) => (
          <div key={name} className="flex flex-wrap justify-between gap-x-6 py-1.5">
            <dt className="font-normal text-muted">{name}</dt>
            <dd className="foreign">{value}</dd>
          </div>
        ))}
      </dl>
      <div className="mt-4 flex flex-wrap justify-end gap-2">
        <Button look="danger" acts onClick={() => setAsking(true)}>
          {words.forget}
        </Button>
        <Link
          to="/config"
          search={{ file: index, line: own?.line }}
          className="inline-flex h-8 items-center rounded-md bg-solid px-3 text-sm font-medium text-white hover:bg-solid-hover"
        >
          {words.change}
        </Link>
      </div>
    </Dialog>
  );
}
