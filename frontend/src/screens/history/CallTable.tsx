import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { RecordedCall } from "../../api/history";
import { bytes, dateTime, dayMonth, duration, time } from "../../lib/format";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Outcome } from "./Outcome";

const words = text.history.columns;
const head = "px-2 py-1.5 text-left font-medium whitespace-nowrap first:pl-3 last:pr-3";
const cell = "px-2 py-1.5 align-top first:pl-3 last:pr-3";
const number = "text-right whitespace-nowrap";
const wide = "max-md:hidden";

interface Props {
  calls: RecordedCall[];
  /** All are of one server, which need not be said of each. */
  server?: string;
  chosen: ReadonlySet<number>;
  onChoose: (id: number, chosen: boolean) => void;
}

/** Calls as rows. On narrow windows what is less important stands below what is more so. */
export function CallTable({ calls, server, chosen, onChoose }: Props) {
  return (
    <table className="w-full border-collapse text-sm">
      <thead className="border-b border-line bg-sunken text-muted">
        <tr>
          <th scope="col" className={`${head} ${wide}`}>
            <span className="sr-only">{words.choose}</span>
          </th>
          <th scope="col" className={`${head} ${wide}`}>
            {words.time}
          </th>
          <th scope="col" className={`${head} ${wide}`}>
            {words.client}
          </th>
          {server === undefined && (
            <th scope="col" className={`${head} ${wide}`}>
              {words.server}
            </th>
          )}
          <th scope="col" className={head}>
            {words.name}
          </th>
          <th scope="col" className={head}>
            {words.outcome}
          </th>
          <th scope="col" className={`${head} ${wide} text-right`}>
            {words.took}
          </th>
          <th scope="col" className={`${head} text-right max-lg:hidden`}>
            {words.inServer}
          </th>
          <th scope="col" className={`${head} text-right max-lg:hidden`}>
            {words.sent}
          </th>
          <th scope="col" className={`${head} text-right max-lg:hidden`}>
            {words.received}
          </th>
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {calls.map((c) => (
          <Row key={c.id} call={c} ofServer={server !== undefined} chosen={chosen.has(c.id)} onChoose={onChoose} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  call: RecordedCall;
  ofServer: boolean;
  chosen: boolean;
  onChoose: (id: number, chosen: boolean) => void;
}

const Row = memo(function Row({ call: c, ofServer, chosen, onChoose }: RowProps) {
  const client = line(c.client, 40) || text.history.noClient;
  const server = line(c.server, 60) || text.history.noServer;
  const name = line(c.name, 120) || "–";
  return (
    <tr data-row={c.id} className="hover:bg-sunken/60">
      <td className={`${cell} ${wide}`}>
        <input
          type="checkbox"
          checked={chosen}
          onChange={(e) => onChoose(c.id, e.target.checked)}
          aria-label={text.history.choose(name, time(c.time))}
          className="mt-0.5 size-4 accent-solid"
        />
      </td>
      <td className={`${cell} ${wide}`}>
        <Time time={c.time} />
      </td>
      <td className={`${cell} ${wide}`}>
        <span className="foreign line-clamp-2 w-28">{client}</span>
      </td>
      {!ofServer && (
        <td className={`${cell} ${wide}`}>
          <span className="foreign line-clamp-2 w-24">{server}</span>
        </td>
      )}
      <td className={`${cell} w-full max-w-0`}>
        <Link
          to="/history/$id"
          params={{ id: String(c.id) }}
          data-row-link
          className="foreign line-clamp-2 font-mono font-semibold hover:text-accent"
        >
          {name}
        </Link>
        <span className="flex flex-wrap gap-x-2 text-muted md:hidden">
          <Time time={c.time} />
          <span className="foreign line-clamp-1">
            {client} → {server}
          </span>
        </span>
        {c.error && <span className="foreign line-clamp-1 text-muted">{line(c.error, 200)}</span>}
      </td>
      <td className={cell}>
        <Outcome outcome={c.outcome} />
        <span className="block text-muted md:hidden">{duration(c.durationMs)}</span>
      </td>
      <td className={`${cell} ${wide} ${number}`}>{duration(c.durationMs)}</td>
      <td className={`${cell} ${number} max-lg:hidden`}>{duration(c.serverMs)}</td>
      <td className={`${cell} ${number} text-muted max-lg:hidden`}>{bytes(c.requestBytes)}</td>
      <td className={`${cell} ${number} text-muted max-lg:hidden`}>{bytes(c.resultBytes)}</td>
    </tr>
  );
});

/** A time, with the day unless that is today. */
function Time({ time: t }: { time: string }) {
  const today = new Date().toDateString() === new Date(t).toDateString();
  return (
    <time dateTime={t} title={dateTime(t)} className="font-mono text-xs leading-5.25 whitespace-nowrap">
      {time(t)}
      {!today && <span className="text-muted max-md:ml-2 md:block">{dayMonth(t)}</span>}
    </time>
  );
}
