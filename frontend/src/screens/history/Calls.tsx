import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowUp, Download, Filter as FilterIcon, GitCompareArrows, History as Icon } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { exportURL, type HistoryStatus, mostFresh, useCalls, useNewest, useStartOver } from "../../api/history";
import { cx } from "../../lib/cx";
import { rowKeys } from "../../lib/rows";
import { useKeys } from "../../lib/useKeys";
import { useLate } from "../../lib/useLate";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Menu } from "../../ui/Menu";
import { Empty, Failure, Loading } from "../../ui/states";
import { CallTable } from "./CallTable";
import { Filters } from "./Filters";
import { type CallSearch, cleared, filtered, queryOf, unseen } from "./filter";
import { SwitchOn } from "./Recorder";

interface Props {
  search: CallSearch;
  set: (change: CallSearch) => void;
  /** Only calls of this one. */
  server?: string;
  status?: HistoryStatus;
}

/** Recorded calls, newest first. Those that come meanwhile wait until the reader wants them. */
export function Calls({ search, set, server, status }: Props) {
  const q = useLate(search.q); // while somebody types nothing is asked for
  const { view: _, ...key } = { ...search, q, server: server ?? search.server };
  const query = () => queryOf(key, Date.now());
  const list = useCalls(key, query);
  const calls = useMemo(() => list.data?.pages.flatMap((p) => p.calls), [list.data]);
  const newest = useNewest(key, query, calls !== undefined);
  const fresh = useMemo(() => unseen(calls, newest), [calls, newest]);
  const region = useRef<HTMLElement>(null);
  useKeys(rowKeys(region));
  const startOver = useStartOver(key);
  const renew = () => {
    startOver();
    region.current?.focus(); // the button goes, and with it the focus
  };
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const choose = useCallback((id: number, yes: boolean) => {
    setChosen((old) => new Set([...[...old].filter((n) => n !== id).slice(yes ? -1 : 0), ...(yes ? [id] : [])]));
  }, []);

  const empty = calls?.length === 0;
  const waiting = fresh.length > 0 && !list.isPlaceholderData;
  const { refetch } = list;
  useEffect(() => {
    if (empty && waiting) void refetch(); // nothing is shown that could jump
  }, [empty, waiting, refetch]);

  return (
    <div className="flex flex-col gap-3">
      <Filters search={search} set={set} server={server} calls={calls ?? []}>
        <Menu
          items={(["jsonl", "har"] as const).map((format) => ({
            label: format === "har" ? text.history.har : text.history.jsonLines,
            onSelect: () => download(exportURL(query(), format)),
          }))}
        >
          <Button acts disabled={!calls || empty}>
            <Download size={14} aria-hidden />
            {text.history.export}
          </Button>
        </Menu>
      </Filters>
      {chosen.size > 0 && <CompareBar chosen={[...chosen]} onClear={() => setChosen(new Set())} />}
      {list.error && <Failure title={text.history.failed} error={list.error} retry={() => void refetch()} />}
      {!calls && !list.error && <Loading rows={8} height="h-8" />}
      {empty && !filtered(search) && <None off={status?.enabled === false} />}
      {empty && filtered(search) && (
        <Empty
          icon={<FilterIcon size={24} aria-hidden />}
          title={text.history.noneShown}
          action={<Button onClick={() => set(cleared)}>{text.clearFilter}</Button>}
        />
      )}
      {calls && !empty && (
        <div className="relative">
          {waiting && (
            <div className="sticky top-14 z-10 flex h-0 justify-center">
              <Button look="solid" onClick={renew} className="mt-0.5 h-7! shadow-overlay">
                <ArrowUp size={14} aria-hidden />
                {text.history.fresh(fresh.length, fresh.length >= mostFresh)}
              </Button>
            </div>
          )}
          <section
            ref={region}
            tabIndex={0}
            aria-label={text.history.list}
            aria-busy={list.isPlaceholderData}
            className={cx(
              "overflow-x-auto rounded-lg border border-line bg-surface shadow-card",
              list.isPlaceholderData && "opacity-60",
            )}
          >
            <CallTable calls={calls} server={server} chosen={chosen} onChoose={choose} />
          </section>
        </div>
      )}
      {list.hasNextPage && (
        <Button acts busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} className="self-center">
          {text.history.older}
        </Button>
      )}
    </div>
  );
}

function download(url: string) {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

function None({ off }: { off: boolean }) {
  return (
    <Empty
      icon={<Icon size={24} aria-hidden />}
      title={off ? text.history.noneOff : text.history.none}
      action={
        off ? (
          <SwitchOn />
        ) : (
          <Link
            to="/"
            className="inline-flex h-8 items-center rounded-md bg-solid px-3 text-sm font-medium text-white hover:bg-solid-hover"
          >
            {text.history.try}
          </Link>
        )
      }
    >
      {off ? text.history.noneOffText : text.history.noneText}
    </Empty>
  );
}

function CompareBar({ chosen, onClear }: { chosen: number[]; onClear: () => void }) {
  const navigate = useNavigate();
  const [one = 0, two] = chosen;
  return (
    <div className="flex flex-wrap items-center gap-2 rounded-lg bg-accent-soft px-3 py-2">
      <p role="status" className="grow">
        {text.history.chosen(chosen.length)}
      </p>
      <Button
        look="solid"
        disabled={two === undefined}
        onClick={() => void navigate({ to: "/history/$id", params: { id: String(one) }, search: { with: two } })}
      >
        <GitCompareArrows size={14} aria-hidden />
        {text.history.compare}
      </Button>
      <Button onClick={onClear}>{text.history.clear}</Button>
    </div>
  );
}
