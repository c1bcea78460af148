import { Link } from "@tanstack/react-router";
import { RotateCcw, TerminalSquare } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Body, RecordedDetail } from "../../api/history";
import { isObject } from "../../forms/schema";
import { bytes, dateTime, duration } from "../../lib/format";
import { indent, line, plain } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Code } from "../../ui/Code";
import { CopyButton } from "../../ui/CopyButton";
import { Facts } from "../../ui/Facts";
import { Contents } from "../tool/Contents";
import { Around } from "./Around";
import { curlOf } from "./copy";
import { Outcome } from "./Outcome";

const words = text.history.call;

export function Call({ call: c }: { call: RecordedDetail }) {
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="foreign min-w-0 font-mono text-lg font-semibold">{line(c.name, 300) || "–"}</h1>
        <Outcome outcome={c.outcome} />
        <Badge>{text.history.kindOf[c.kind]}</Badge>
      </div>
      <Actions call={c} />
      <CallFacts call={c} />
      {c.error && !(c.outcome === "tool_error" && c.result) && (
        <div className="rounded-lg bg-err-soft p-3">
          <p className="font-medium">{words.error}</p>
          <p className="foreign mt-1 whitespace-pre-wrap">{plain(c.error.slice(0, 10_000))}</p>
        </div>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {c.kind !== "resource" && (
          <Part title={words.arguments} body={c.arguments} size={c.requestBytes} none={words.notKept}>
            {(body) => <Code value={shown(body)} label={words.arguments} />}
          </Part>
        )}
        <Result call={c} />
      </div>
      <Around call={c} />
    </>
  );
}

const button =
  "inline-flex h-8 items-center gap-1.5 rounded-md border border-line bg-raised px-3 text-sm font-medium shadow-card hover:bg-sunken";

function Actions({ call: c }: { call: RecordedDetail }) {
  const curl = curlOf(c, location.origin);
  const label = (
    <>
      <RotateCcw size={14} aria-hidden />
      {words.replay}
    </>
  );
  const params = { name: c.server };
  return (
    <div className="flex flex-wrap items-center gap-2">
      {c.server && c.kind === "tool" && (
        <Link
          to="/servers/$name/tools/$tool"
          params={{ ...params, tool: c.name }}
          search={{ call: c.id }}
          title={words.replayHint}
          className={button}
        >
          {label}
        </Link>
      )}
      {c.server && c.kind === "prompt" && (
        <Link
          to="/servers/$name/prompts/$prompt"
          params={{ ...params, prompt: c.name }}
          search={{ call: c.id }}
          title={words.replayHint}
          className={button}
        >
          {label}
        </Link>
      )}
      {c.server && c.kind === "resource" && (
        <Link
          to="/servers/$name/resource"
          params={params}
          search={{ uri: c.name }}
          title={words.replayHint}
          className={button}
        >
          {label}
        </Link>
      )}
      {curl && <CopyButton value={curl} label={words.curl} />}
      {!curl && c.arguments?.truncated && (
        <span className="inline-flex items-center gap-1.5 text-sm text-muted">
          <TerminalSquare size={14} aria-hidden />
          {words.cutCurl}
        </span>
      )}
      <CopyButton value={() => JSON.stringify(c, null, 2)} label={words.json} />
    </div>
  );
}

function CallFacts({ call: c }: { call: RecordedDetail }) {
  const client = [line(c.client, 80) || text.history.noClient, line(c.clientVersion, 40)].filter(Boolean).join(" ");
  const rows: [string, ReactNode][] = [
    [words.time, dateTime(c.time)],
    [
      words.server,
      c.server ? (
        <Link key="server" to="/servers/$name" params={{ name: c.server }} className="foreign hover:text-accent">
          {line(c.server, 80)}
        </Link>
      ) : (
        text.history.noServer
      ),
    ],
    [
      words.client,
      <span key="client" className="foreign">
        {client}{" "}
        <span className="text-muted">
          {c.tokenName && `${text.clients.token(line(c.tokenName, 40))} · `}
          {words.via(text.history.vias[c.via])}
        </span>
      </span>,
    ],
    [words.took, words.tookOf(duration(c.durationMs), duration(c.serverMs))],
    [words.sizes, words.sizesOf(bytes(c.requestBytes), bytes(c.resultBytes))],
  ];
  if (c.session)
    rows.push([
      words.session,
      <span key="session" className="foreign font-mono text-xs">
        {line(c.session, 80)}
      </span>,
    ]);
  return (
    <Facts
      rows={rows}
      className="gap-y-1.5 rounded-lg border border-line bg-surface p-4 shadow-card sm:grid-cols-[6rem_minmax(0,1fr)] lg:grid-cols-[6rem_minmax(0,1fr)_6rem_minmax(0,1fr)]"
    />
  );
}

/** The text of a body as one reads it; of one that was cut, as it is. */
export const shown = (body: Body) => (body.truncated || body.text.length > 500_000 ? body.text : indent(body.text));

interface PartProps {
  title: string;
  body?: Body;
  /** Of the whole, in bytes. */
  size: number;
  none: string;
  more?: ReactNode;
  children: (body: Body) => ReactNode;
}

function Part({ title, body, size, none, more, children }: PartProps) {
  const notes = body
    ? [body.truncated && words.truncated(bytes(size)), body.redacted && words.redacted].filter(Boolean)
    : [none];
  return (
    <div className="flex min-w-0 flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-card">
      <div className="flex min-h-7 items-center gap-2">
        <h2 className="grow text-base">{title}</h2>
        {more}
      </div>
      {notes.length > 0 && <p className="text-sm text-muted">{notes.join(" ")}</p>}
      {body && children(body)}
    </div>
  );
}

/** The result as the form for trying tools shows it, or as JSON if it was cut, or if one wants to see that. */
function Result({ call: c }: { call: RecordedDetail }) {
  const [raw, setRaw] = useState(false);
  const parsed = c.result && !c.result.truncated ? parse(c.result.text) : undefined;
  return (
    <Part
      title={words.result}
      body={c.result}
      size={c.resultBytes}
      none={words.noResult}
      more={
        parsed && (
          <button
            type="button"
            aria-pressed={raw}
            onClick={() => setRaw(!raw)}
            className="h-7 rounded-md border border-line px-2 text-sm text-muted aria-pressed:bg-accent-soft aria-pressed:text-accent"
          >
            {words.raw}
          </button>
        )
      }
    >
      {(body) =>
        parsed && !raw ? (
          <Contents server={c.server} result={parsed} />
        ) : (
          <Code value={shown(body)} label={words.result} />
        )
      }
    </Part>
  );
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
