import { useQueries } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { serverLog, useServers } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Select } from "../../ui/Field";
import { Failure, Loading } from "../../ui/states";
import { type Line, LogView } from "./LogView";

/** What all servers wrote, in the order of time. */
export function Logs() {
  const servers = useServers();
  const { server = "" } = useSearch({ from: "/logs" });
  const navigate = useNavigate({ from: "/logs" });
  const names = (servers.data ?? []).filter((s) => !s.builtin).map((s) => s.name);
  const chosen = server ? names.filter((n) => n === server) : names;
  const logs = useQueries({ queries: chosen.map(serverLog) });
  const stamp = logs.map((l) => l.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says when the logs are others
  const lines = useMemo(() => {
    const all: Line[] = logs.flatMap((l, i) =>
      (l.data ?? []).map((one) => ({ ...one, server: server ? undefined : chosen[i] })),
    );
    return all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  }, [stamp, server]);
  const failed = logs.find((l) => l.error && !l.data);

  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="text-xl font-semibold">{text.logs.title}</h1>
        <p className="grow text-muted">{text.logs.live}</p>
        <Select
          aria-label={text.logs.server}
          value={server}
          onChange={(e) =>
            void navigate({ search: (old) => ({ ...old, server: e.target.value || undefined }), replace: true })
          }
          className="w-auto! max-w-60"
        >
          <option value="">{text.logs.all}</option>
          {names.map((n) => (
            <option key={n} value={n}>
              {line(n, 60)}
            </option>
          ))}
        </Select>
      </div>
      {failed && <Failure error={failed.error} retry={() => void failed.refetch()} />}
      {servers.data === undefined || logs.some((l) => l.isLoading) ? (
        <Loading rows={10} height="h-5" />
      ) : (
        <LogView lines={lines} name={server || text.hub} empty={text.logs.none} />
      )}
    </div>
  );
}
