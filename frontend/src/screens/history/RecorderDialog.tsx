import { Link } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { type HistoryStatus, useChangeHistory, useForget } from "../../api/history";
import { useConfigFiles, useEffectiveConfig } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { count, dateTime } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Confirm, Dialog } from "../../ui/Dialog";
import { Input } from "../../ui/Field";
import { Switch } from "../../ui/Switch";
import { complain, toast } from "../../ui/Toast";

const words = text.history.recorder;

interface Props {
  status: HistoryStatus;
  onClose: () => void;
}

/** What is recorded and how long it is kept, to see and to change; and a way to forget it. */
export function RecorderDialog({ status: s, onClose }: Props) {
  const [asking, setAsking] = useState(false);
  const change = useChangeHistory();
  const toggle = (key: "enabled" | "bodies") => (on: boolean) => change.mutate({ [key]: on }, { onError: complain });
  if (asking) return <Forget onClose={() => setAsking(false)} onDone={onClose} />;
  return (
    <Dialog open onClose={onClose} title={words.title} description={words.text} wide>
      <div className="divide-y divide-line">
        {(["enabled", "bodies"] as const).map((key) => (
          <div key={key} className="flex items-center justify-between gap-4 py-1.5">
            <span>{words[key]}</span>
            <Switch checked={s[key]} onChange={toggle(key)} label={words[key]} disabled={change.isPending} />
          </div>
        ))}
        <Limits status={s} />
        <Facts status={s} />
      </div>
      <div className="mt-4 flex flex-wrap items-center justify-end gap-2">
        <ToConfig />
        <Button look="danger" acts onClick={() => setAsking(true)}>
          {words.forget}
        </Button>
      </div>
    </Dialog>
  );
}

const limits = [
  { key: "days", name: words.days, least: 1, most: 3650, of: (s: HistoryStatus) => s.days },
  { key: "maxMB", name: words.size, least: 10, most: 2 ** 20, of: (s: HistoryStatus) => s.maxBytes / 2 ** 20 },
  { key: "bodyLimit", name: words.limit, least: 0, most: 2 ** 20, of: (s: HistoryStatus) => s.bodyLimit },
];

/** The numbers of the settings; the browser sees to it that they are in their bounds, and the hub too. */
function Limits({ status }: { status: HistoryStatus }) {
  const change = useChangeHistory();
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change.mutate(Object.fromEntries(limits.map((l) => [l.key, Number(form.get(l.key))])), {
      onError: complain,
      onSuccess: () => toast(words.saved),
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 py-2">
      {limits.map((l) => (
        <div key={l.key} className="flex items-center justify-between gap-4">
          <label htmlFor={`${id}${l.key}`}>{l.name}</label>
          <Input
            id={`${id}${l.key}`}
            name={l.key}
            type="number"
            required
            min={l.least}
            max={l.most}
            defaultValue={l.of(status)}
            className="w-28! text-right"
          />
        </div>
      ))}
      <Button type="submit" acts busy={change.isPending} className="self-end">
        {words.save}
      </Button>
    </form>
  );
}

function Facts({ status: s }: { status: HistoryStatus }) {
  const config = useEffectiveConfig().data;
  const names = (kept: unknown) =>
    (config?.servers ?? [])
      .filter((e) => isObject(e.value) && e.value.history === kept)
      .map((e) => line(e.name, 60))
      .join(", ");
  const rows: [string, ReactNode][] = [
    [words.queued, words.queuedOf(count(s.queued), count(s.room))],
    [words.written, count(s.written)],
  ];
  if (s.oldest) rows.push([words.oldest, dateTime(s.oldest)]);
  if (names(false)) rows.push([words.unrecorded, names(false)]);
  if (names("no bodies")) rows.push([words.withoutBodies, names("no bodies")]);
  return (
    <dl className="flex flex-col gap-1 pt-2 text-sm">
      {rows.map(([name, value]) => (
        <div key={name} className="flex flex-wrap justify-between gap-x-6">
          <dt className="font-normal text-muted">{name}</dt>
          <dd className="foreign">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Leads to the place in the configuration where all of this stands. */
function ToConfig() {
  const own = useEffectiveConfig().data?.settings.find((k) => k.name === "hub")?.from;
  const index = useConfigFiles().data?.files.find((f) => f.path === own?.file)?.index ?? 0;
  return (
    <Link
      to="/config"
      search={{ file: index, line: own?.line }}
      className="inline-flex h-8 items-center px-3 text-sm font-medium text-accent hover:underline"
    >
      {words.change}
    </Link>
  );
}

function Forget({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const forget = useForget();
  return (
    <Confirm
      open
      onClose={onClose}
      title={words.forgetTitle}
      description={words.forgetText}
      action={words.forget}
      busy={forget.isPending}
      onConfirm={() =>
        forget.mutate(undefined, {
          onError: complain,
          onSuccess: ({ calls }) => {
            toast(words.forgotten(count(calls)));
            onDone();
          },
        })
      }
    />
  );
}
