import { useNavigate, useSearch } from "@tanstack/react-router";
import { useHistoryStatus } from "../../api/history";
import { text } from "../../text";
import { Failure } from "../../ui/states";
import { Calls } from "./Calls";
import type { CallSearch } from "./filter";
import { Charts } from "./lazyCharts";
import { Recorder } from "./Recorder";
import { Views } from "./Views";

export function History() {
  const search = useSearch({ from: "/history" });
  const navigate = useNavigate({ from: "/history" });
  const status = useHistoryStatus();
  const set = (change: CallSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="grow text-xl font-semibold">{text.history.title}</h1>
        <Views value={search.view} onChange={(view) => set({ view })} />
      </div>
      {status.data && <Recorder status={status.data} />}
      {status.error && !status.data && <Failure error={status.error} retry={() => void status.refetch()} />}
      {search.view === "charts" ? (
        <Charts search={search} set={set} />
      ) : (
        <Calls search={search} set={set} status={status.data} />
      )}
    </div>
  );
}
