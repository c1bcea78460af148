import { useNavigate, useSearch } from "@tanstack/react-router";
import { Regex } from "lucide-react";
import { useServers } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Filter, Select } from "../../ui/Field";

/** Which lines are shown; all of it stands in the address. */
export function LogFilters({ wrong }: { wrong?: string }) {
  const search = useSearch({ from: "/logs" });
  const navigate = useNavigate({ from: "/logs" });
  const servers = useServers().data ?? [];
  const set = (change: typeof search) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  // Values of the menu: the hub, or a server after a colon, since one may be called anything.
  const whose = search.server ? `:${search.server}` : (search.source ?? "");
  return (
    <>
      <div className="flex w-full gap-1 sm:w-auto">
        <Filter value={search.q ?? ""} onChange={(q) => set({ q: q || undefined })} label={text.logs.filter} />
        <Button
          look="quiet"
          square
          aria-label={text.logs.regex}
          aria-pressed={search.regex ?? false}
          aria-invalid={wrong !== undefined || undefined}
          onClick={() => set({ regex: !search.regex || undefined })}
          className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          <Regex size={15} aria-hidden />
        </Button>
      </div>
      <div className="flex w-full gap-2 sm:w-auto">
        <Select
          aria-label={text.logs.source}
          value={whose}
          onChange={({ target: { value } }) =>
            set({
              server: value.startsWith(":") ? value.slice(1) : undefined,
              source: value === "hub" ? "hub" : undefined,
            })
          }
          className="sm:max-w-52"
        >
          <option value="">{text.logs.all}</option>
          <option value="hub">{text.logs.onlyHub}</option>
          {servers.map((s) => (
            <option key={s.name} value={`:${s.name}`}>
              {line(s.displayName, 60)}
            </option>
          ))}
        </Select>
        <Select
          aria-label={text.logs.level}
          value={search.level ?? "debug"}
          onChange={({ target: { value } }) => set({ level: value === "debug" ? undefined : value })}
        >
          {Object.entries(text.logs.levels).map(([level, label]) => (
            <option key={level} value={level}>
              {label}
            </option>
          ))}
        </Select>
      </div>
    </>
  );
}
