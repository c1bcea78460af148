import { useState } from "react";
import type { Fault } from "../../api/mcp";
import { cx } from "../../lib/cx";
import { bytes, count, duration } from "../../lib/format";
import { indent, line, plain } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Code } from "../../ui/Code";
import { Failure } from "../../ui/states";
import { Contents } from "./Contents";
import type { Call, Run } from "./useCall";

interface Props {
  server: string;
  run?: Run;
  call: Call;
}

export function Result({ server, run, call }: Props) {
  const [raw, setRaw] = useState(false);
  const running = run !== undefined && !run.reply && !run.error && !run.cancelled;
  return (
    <section
      aria-labelledby="result"
      aria-busy={running}
      className="flex min-w-0 flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-card"
    >
      <div className="flex min-h-7 flex-wrap items-center gap-2">
        <h2 id="result" className="grow text-base">
          {text.call.result}
        </h2>
        {run?.reply?.result?.isError === true && <Badge tone="err">{text.call.failed}</Badge>}
        {run?.reply && (
          <span className="text-sm text-muted">
            {text.call.took(duration(run.reply.took), bytes(run.reply.response.length))}
          </span>
        )}
        {run?.reply && (
          <button
            type="button"
            aria-pressed={raw}
            onClick={() => setRaw(!raw)}
            className="h-7 rounded-md border border-line px-2 text-sm text-muted aria-pressed:bg-accent-soft aria-pressed:text-accent"
          >
            {text.call.raw}
          </button>
        )}
      </div>
      <div role="status" className="contents">
        {!run && <p className="text-muted">{text.call.nothing}</p>}
        {running && <Running call={call} />}
        {run?.cancelled && <p className="text-muted">{text.call.cancelled}</p>}
      </div>
      {run?.error !== undefined && <Failure error={run.error} title={text.call.refused} />}
      {run?.reply && raw && (
        <>
          <h3 className="text-sm text-muted">{text.call.request}</h3>
          <Code value={indent(run.reply.request)} label={text.call.request} />
          <h3 className="text-sm text-muted">{text.call.response}</h3>
          <Code
            value={run.reply.response.length < 500_000 ? indent(run.reply.response) : run.reply.response}
            label={text.call.response}
          />
        </>
      )}
      {run?.reply?.error && !raw && <Refused fault={run.reply.error} />}
      {run?.reply?.result && !raw && <Contents server={server} result={run.reply.result} />}
      <Messages messages={call.messages} />
    </section>
  );
}

function Refused({ fault }: { fault: Fault }) {
  return (
    <div role="alert" className="rounded-lg bg-err-soft p-3">
      <p className="font-medium">
        {text.call.refused} <span className="font-normal text-muted">({fault.code})</span>
      </p>
      <p className="foreign mt-1 whitespace-pre-wrap">{plain(String(fault.message).slice(0, 10_000))}</p>
      {fault.data !== undefined && (
        <Code className="mt-2" value={JSON.stringify(fault.data, null, 2)} label={text.copyDetails} />
      )}
    </div>
  );
}

function Running({ call: { progress: p } }: { call: Call }) {
  const share = p?.total && p.total > 0 ? Math.min(1, p.progress / p.total) : undefined;
  return (
    <div className="flex flex-col gap-1.5">
      <p>
        {text.call.running}
        {p && (
          <span className="text-muted">
            {" "}
            {text.call.progress(count(p.progress), p.total === undefined ? undefined : count(p.total))}
          </span>
        )}
      </p>
      <div
        role="progressbar"
        aria-label={text.call.running}
        aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={cx(
            "h-full rounded-full bg-solid transition-[width]",
            share === undefined && "w-1/3 animate-pulse",
          )}
          style={share === undefined ? undefined : { width: `${share * 100}%` }}
        />
      </div>
      {p?.message && <p className="foreign text-sm text-muted">{line(p.message)}</p>}
    </div>
  );
}

function Messages({ messages }: { messages: Call["messages"] }) {
  if (messages.length === 0) return null;
  return (
    <details>
      <summary className="cursor-pointer text-sm text-muted">
        {text.call.messages} ({messages.length})
      </summary>
      <Code
        className="mt-2"
        value={messages
          .map((m) => `${m.level} ${typeof m.data === "string" ? m.data : JSON.stringify(m.data)}`)
          .join("\n")}
        label={text.call.messages}
      />
    </details>
  );
}
