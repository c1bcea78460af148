import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Server } from "../../api/client";
import { useHistoryStatus } from "../../api/history";
import { Calls } from "../history/Calls";
import type { CallSearch } from "../history/filter";
import { Charts } from "../history/lazyCharts";
import { Recorder, RecorderOf } from "../history/Recorder";
import { Views } from "../history/Views";

/** The calls of one server, listed or counted. */
export function HistoryTab({ server: s }: { server: Server }) {
  const search = useSearch({ from: "/servers/$name" });
  const navigate = useNavigate({ from: "/servers/$name" });
  const status = useHistoryStatus().data;
  const { tab: _, ...own } = search;
  const set = (change: CallSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <div className="flex flex-col gap-3">
      {status && <Recorder status={status} />}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Views value={search.view} onChange={(view) => set({ view })} />
        <RecorderOf server={s.name} />
      </div>
      {search.view === "charts" ? (
        <Charts search={own} set={set} server={s.name} />
      ) : (
        <Calls search={own} set={set} server={s.name} status={status} />
      )}
    </div>
  );
}
