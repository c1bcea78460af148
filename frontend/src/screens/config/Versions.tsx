import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowLeft, Undo2 } from "lucide-react";
import { keys } from "../../api/keys";
import type { components } from "../../api/schema.gen";
import { cx } from "../../lib/cx";
import { ago, bytes, dateTime } from "../../lib/format";
import { useNow } from "../../lib/useNow";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Diff } from "../../ui/Diff";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain, toast } from "../../ui/Toast";
import { Plan } from "./Plan";
import { configFile, configVersion, configVersions, putFile } from "./queries";

type Version = components["schemas"]["ConfigVersion"];

/** The earlier texts of a file: what each would change about the present one, and the way back to it. */
export function Versions({ index }: { index: number }) {
  const { version } = useSearch({ from: "/config" });
  const navigate = useNavigate({ from: "/config" });
  const versions = useQuery(configVersions(index));
  const disk = useQuery(configFile(index));
  const error = (!versions.data && versions.error) || (!disk.data && disk.error);
  if (error) {
    const retry = () => {
      void versions.refetch();
      void disk.refetch();
    };
    return <Failure error={error} retry={retry} />;
  }
  if (!versions.data || !disk.data) return <Loading rows={1} height="h-96" />;
  const back = (
    <Button onClick={() => void navigate({ search: (s) => ({ ...s, view: undefined, version: undefined }) })}>
      <ArrowLeft size={14} aria-hidden />
      {text.config.versions.back}
    </Button>
  );
  const list = versions.data;
  const chosen = list.find((v) => v.id === version) ?? list.find((v) => !v.current) ?? list[0];
  if (!chosen) {
    return (
      <Empty title={text.config.versions.none} action={back}>
        {text.config.versions.noneText}
      </Empty>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <div>{back}</div>
      <div className="grid gap-4 md:grid-cols-[16rem_1fr]">
        <List
          list={list}
          chosen={chosen.id}
          onChoose={(id) => void navigate({ search: (s) => ({ ...s, version: id }), replace: true })}
        />
        <Chosen key={chosen.id} index={index} version={chosen} present={disk.data} />
      </div>
    </div>
  );
}

function List({ list, chosen, onChoose }: { list: Version[]; chosen: string; onChoose: (id: string) => void }) {
  const now = useNow();
  return (
    <section aria-label={text.config.versions.title}>
      <ul className="flex max-h-[70vh] flex-col gap-1 overflow-y-auto">
        {list.map((v) => (
          <li key={v.id}>
            <button
              type="button"
              aria-current={v.id === chosen || undefined}
              onClick={() => onChoose(v.id)}
              className={cx(
                "flex w-full flex-wrap items-center gap-x-2 rounded-md px-2.5 py-2 text-left hover:bg-sunken",
                v.id === chosen && "bg-accent-soft",
              )}
            >
              <span className="text-sm">{text.config.versions.until(dateTime(v.until))}</span>
              <span className="text-xs text-muted">
                {ago(v.until, now)} · {bytes(v.size)}
              </span>
              {v.current && <Badge>{text.config.versions.current}</Badge>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ChosenProps {
  index: number;
  version: Version;
  present: { text: string; etag: string };
}

function Chosen({ index, version, present }: ChosenProps) {
  const cache = useQueryClient();
  const then = useQuery(configVersion(index, version.id));
  const put = useMutation({
    mutationFn: ({ words, etag }: { words: string; etag: string }) => putFile(index, words, etag),
    onSuccess: (saved) => cache.setQueryData(configFile(index).queryKey, saved),
    onError: complain,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.config }),
  });
  if (then.error && then.data === undefined) return <Failure error={then.error} retry={() => void then.refetch()} />;
  if (then.data === undefined) return <Loading rows={1} height="h-96" />;
  const words = then.data;
  if (words === present.text) return <p className="text-muted">{text.config.versions.same}</p>;
  const restore = async () => {
    const saved = await put.mutateAsync({ words, etag: present.etag });
    const undo = async () => {
      await put.mutateAsync({ words: present.text, etag: saved.etag });
      toast(text.config.versions.undone);
    };
    toast(text.config.versions.restored, { action: { label: text.undo, run: () => void undo().catch(() => {}) } });
  };
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <Plan index={index} words={words} />
        <Button look="solid" acts busy={put.isPending} onClick={() => void restore().catch(() => {})}>
          <Undo2 size={14} aria-hidden />
          {text.config.versions.restore}
        </Button>
      </div>
      <Diff before={present.text} after={words} label={text.config.versions.diff} />
    </div>
  );
}
