import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { type LogFilter, useLog, useOlder, wholeLog } from "../../api/logs";
import { useLate } from "../../lib/useLate";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain } from "../../ui/Toast";
import { LogFilters } from "./LogFilters";
import { LogLines } from "./LogLines";
import { LogTools } from "./LogTools";
import { download, fitting } from "./lines";

const levels = ["debug", "info", "warn", "error"] as const;

/** What the hub and all servers wrote, in the order of time. */
export function Logs() {
  const search = useSearch({ from: "/logs" });
  const navigate = useNavigate({ from: "/logs" });
  const words = useLate(search.q);
  const filter: LogFilter = {
    server: search.server,
    source: search.source === "hub" ? "hub" : undefined,
    level: levels.find((l) => l === search.level),
    q: search.regex ? undefined : words, // expressions are looked for here, in what is loaded
  };
  const log = useLog(filter);
  const older = useOlder(filter);
  const fits = useMemo(() => (search.regex && words ? fitting(words) : undefined), [search.regex, words]);
  const wrong = typeof fits === "object" ? fits.wrong : undefined;
  const all = log.data?.lines;
  const lines = useMemo(() => (all && typeof fits === "function" ? all.filter(fits) : all), [all, fits]);
  const take = useMutation({
    mutationFn: async () => {
      const whole = (await wholeLog(filter)).map((l, i) => ({ ...l, id: String(i) }));
      download(typeof fits === "function" ? whole.filter(fits) : whole, search.server ?? text.hub);
    },
    onError: complain,
  });
  const narrowed = Boolean(search.q || search.server || search.source || search.level);
  const more = log.data?.older ? () => older.isPending || older.mutate(undefined, { onError: complain }) : undefined;
  return (
    <div className="flex flex-col gap-3">
      <h1 className="text-xl font-semibold">{text.logs.title}</h1>
      <div className="flex flex-wrap items-center gap-2">
        <LogFilters wrong={wrong} />
        <p className="grow text-sm text-muted">{lines && all && text.logs.lines(lines.length, all.length)}</p>
        <LogTools onDownload={() => take.mutate()} busy={take.isPending} />
      </div>
      {wrong && (
        <p role="alert" className="foreign text-sm text-err">
          {text.logs.badRegex(wrong)}
        </p>
      )}
      {log.error && <Failure error={log.error} title={text.logs.failed} retry={() => void log.refetch()} />}
      {!lines ? (
        !log.error && <Loading rows={10} height="h-5" />
      ) : lines.length === 0 ? (
        <Empty
          title={narrowed ? text.logs.noneShown : text.logs.none}
          action={
            narrowed && (
              <>
                <Button onClick={() => void navigate({ search: {}, replace: true })}>{text.clearFilter}</Button>
                {more && (
                  <Button acts busy={older.isPending} onClick={more}>
                    {text.logs.older}
                  </Button>
                )}
              </>
            )
          }
        />
      ) : (
        <LogLines
          key={JSON.stringify(filter)}
          lines={lines}
          name={search.server ?? text.hub}
          onTop={more}
          top={
            more ? (
              <Button look="quiet" acts busy={older.isPending} onClick={more}>
                {text.logs.older}
              </Button>
            ) : log.data?.dropped ? (
              text.logs.dropped
            ) : (
              text.logs.oldest
            )
          }
        />
      )}
    </div>
  );
}
