import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Filter as FilterIcon } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import type { Server } from "../../api/client";
import { useServers, useSetEnabled } from "../../api/queries";
import { cx } from "../../lib/cx";
import { shortest } from "../../lib/paths";
import { setPrefs, usePrefs } from "../../lib/prefs";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Filter, Select } from "../../ui/Field";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain, toast } from "../../ui/Toast";
import { BulkBar } from "./BulkBar";
import { counts, filesOf, isShow, isSort, needsPerson, type Show, type Sort, select } from "./list";
import { usePulses } from "./Pulse";
import { ServerRow } from "./ServerRow";
import { useRowKeys } from "./useRowKeys";
import { Welcome } from "./Welcome";

export function Servers() {
  const { data, error, refetch } = useServers();
  const { builtin } = usePrefs();
  const configured = data?.filter((s) => !s.builtin);
  if (!data && error) {
    return <Failure title={text.servers.failed} error={error} retry={() => void refetch()} />;
  }
  return (
    <>
      <h1 className="sr-only">{text.nav.servers}</h1>
      {!data && <Loading rows={5} />}
      {data && configured?.length === 0 && !builtin && <Welcome />}
      {data && (configured?.length !== 0 || builtin) && <List servers={builtin ? data : (configured ?? [])} />}
    </>
  );
}

function List({ servers: all }: { servers: Server[] }) {
  const search = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const { builtin } = usePrefs();
  const list = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const pulses = usePulses();

  const show: Show = isShow(search.show) ? search.show : "all";
  const sort: Sort = isSort(search.sort) ? search.sort : "name";
  const words = search.q ?? "";
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  const files = filesOf(all);
  const file = files.find((f) => f === search.file);
  const servers = file ? all.filter((s) => s.config?.file === file) : all;
  useRowKeys(list, servers);
  const shown = select(servers, show, words, sort);
  const needing = sort === "name" && show === "all" ? shown.filter(needsPerson) : [];
  const others = shown.filter((s) => !needing.includes(s));
  const number = counts(servers);
  const picked = all.filter((s) => chosen.has(s.name));

  const choose = useCallback((name: string, yes: boolean) => {
    setChosen((old) => new Set(yes ? [...old, name] : [...old].filter((n) => n !== name)));
  }, []);
  const enable = useEnable();

  const rows = (some: Server[]) => (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      {some.map((s) => (
        <ServerRow
          key={s.name}
          server={s}
          pulse={pulses ? pulses.get(s.name) : null}
          chosen={chosen.has(s.name)}
          onChoose={choose}
          onEnable={enable}
        />
      ))}
    </ul>
  );

  return (
    <div ref={list} className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-2">
        <Filter value={words} onChange={(q) => set({ q: q || undefined })} label={text.servers.filter} />
        <fieldset className="flex flex-wrap gap-1">
          <legend className="sr-only">{text.servers.show}</legend>
          {(Object.keys(number) as Show[]).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={show === name}
              onClick={() => set({ show: name === "all" ? undefined : name })}
              className={cx(
                "h-8 rounded-md px-2.5 text-sm font-medium text-muted hover:bg-sunken",
                "aria-pressed:bg-accent-soft aria-pressed:text-accent",
              )}
            >
              {text.servers.shows[name]} <span className="font-normal">{number[name]}</span>
            </button>
          ))}
        </fieldset>
        <div className="grow" />
        {files.length > 1 && (
          <Select
            aria-label={text.servers.file}
            value={file ?? ""}
            onChange={(e) => set({ file: e.target.value || undefined })}
            className="foreign w-auto! max-w-56"
          >
            <option value="">{text.servers.allFiles}</option>
            {files.map((f) => (
              <option key={f} value={f}>
                {shortest(f, files)}
              </option>
            ))}
          </Select>
        )}
        <Select
          aria-label={text.servers.sort}
          value={sort}
          onChange={(e) => set({ sort: e.target.value === "name" ? undefined : e.target.value })}
          className="w-auto!"
        >
          {(Object.keys(text.servers.sorts) as Sort[]).map((name) => (
            <option key={name} value={name}>
              {text.servers.sorts[name]}
            </option>
          ))}
        </Select>
      </div>

      {picked.length > 0 && <BulkBar servers={picked} onDone={() => setChosen(new Set())} />}

      {shown.length === 0 && (
        <Empty
          icon={<FilterIcon size={24} aria-hidden />}
          title={text.servers.noneShown}
          action={
            <Button onClick={() => set({ q: undefined, show: undefined, file: undefined })}>{text.clearFilter}</Button>
          }
        />
      )}
      {needing.length > 0 && (
        <section aria-labelledby="needing" className="flex flex-col gap-2">
          <h2 id="needing" className="text-sm font-semibold text-err">
            {text.servers.needYou(needing.length)}
          </h2>
          {rows(needing)}
        </section>
      )}
      {others.length > 0 && (
        <section
          aria-label={needing.length > 0 ? text.servers.others : text.nav.servers}
          className="flex flex-col gap-2"
        >
          {needing.length > 0 && <h2 className="text-sm font-semibold text-muted">{text.servers.others}</h2>}
          {rows(others)}
        </section>
      )}
      <p className="text-sm text-muted">
        <Button look="quiet" aria-pressed={builtin} onClick={() => setPrefs({ builtin: !builtin })} className="-ml-3">
          {builtin ? text.servers.hideBuiltin : text.servers.showBuiltin}
        </Button>
        <Link to="/activity" className="ml-2 text-accent hover:underline">
          {text.servers.toActivity}
        </Link>
      </p>
    </div>
  );
}

/** Switches a server, and offers to take that back. */
function useEnable() {
  const { mutateAsync } = useSetEnabled();
  return useCallback(
    (name: string, enabled: boolean) => {
      const undo = () => void mutateAsync({ name, enabled: !enabled }).catch(complain);
      const words = enabled ? text.server.switchedOn(name) : text.server.switchedOff(name);
      // Not with mutate: of two switched at once it would tell of the later one only.
      mutateAsync({ name, enabled }).then(() => toast(words, { action: { label: text.undo, run: undo } }), complain);
    },
    [mutateAsync],
  );
}
