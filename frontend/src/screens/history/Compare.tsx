import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Body, RecordedDetail } from "../../api/history";
import { bytes, dateTime, duration } from "../../lib/format";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Code } from "../../ui/Code";
import { Diff } from "../../ui/Diff";
import { shown } from "./Call";
import { inOrder } from "./copy";
import { Outcome } from "./Outcome";

const words = text.history.diff;
const names = text.history.call;

/** The most letters of each that are compared: more would stop the page. */
const most = 200_000;

/** Two calls side by side: what they were, and what differs in what was sent and answered. */
export function Compare({ one, two }: { one: RecordedDetail; two: RecordedDetail }) {
  const calls = inOrder(one, two);
  const rows: [string, (c: RecordedDetail) => ReactNode][] = [
    [text.history.columns.name, (c) => <span className="font-mono font-semibold">{line(c.name, 120) || "–"}</span>],
    [names.server, (c) => line(c.server, 60) || text.history.noServer],
    [names.client, (c) => line(c.client, 60) || text.history.noClient],
    [text.history.columns.outcome, (c) => <Outcome outcome={c.outcome} />],
    [names.took, (c) => names.tookOf(duration(c.durationMs), duration(c.serverMs))],
    [names.sizes, (c) => `${bytes(c.requestBytes)} → ${bytes(c.resultBytes)}`],
    [names.error, (c) => (c.error ? line(c.error, 300) : "–")],
  ];
  return (
    <>
      <h1 className="text-xl font-semibold">{words.title}</h1>
      <section
        tabIndex={0}
        aria-label={words.title}
        className="overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
      >
        <table className="w-full border-collapse text-left text-sm">
          <thead className="bg-sunken text-muted">
            <tr>
              <td className="px-3 py-1.5" />
              {calls.map((c, i) => (
                <th key={c.id} scope="col" className="px-3 py-1.5 font-medium">
                  {i === 0 ? words.earlier : words.later}{" "}
                  <Link
                    to="/history/$id"
                    params={{ id: String(c.id) }}
                    className="font-normal text-accent hover:underline"
                  >
                    {dateTime(c.time)}
                  </Link>
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {rows.map(([name, value]) => (
              <tr key={name}>
                <th scope="row" className="px-3 py-1.5 align-top font-normal whitespace-nowrap text-muted">
                  {name}
                </th>
                {calls.map((c) => (
                  <td key={c.id} className="foreign w-1/2 px-3 py-1.5 align-top">
                    {value(c)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Texts title={names.arguments} bodies={calls.map((c) => c.arguments)} />
      <Texts title={names.result} bodies={calls.map((c) => c.result)} />
    </>
  );
}

function Texts({ title, bodies }: { title: string; bodies: (Body | undefined)[] }) {
  const [before = "", after = ""] = bodies.map((b) => (b ? plain(shown(b)) : words.notKept));
  const cut = Math.max(before.length, after.length) > most;
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <h2 className="flex items-baseline gap-3 text-base">
        {title}
        {before === after && <span className="text-sm font-normal text-muted">{words.same}</span>}
      </h2>
      {cut && <p className="text-sm text-muted">{words.cut}</p>}
      {before === after ? (
        <Code value={after} label={title} />
      ) : (
        <Diff before={before.slice(0, most)} after={after.slice(0, most)} label={words.what(title)} />
      )}
    </div>
  );
}
