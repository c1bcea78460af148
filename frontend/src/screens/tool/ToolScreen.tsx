import { Link, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft, Wrench } from "lucide-react";
import type { Offer, Server } from "../../api/client";
import { useServer, useSetOffered, useTools } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Empty, Failure, Loading } from "../../ui/states";
import { complain } from "../../ui/Toast";
import { type Definition, definitionOf } from "../server/definition";
import { Hints } from "../server/ToolsTab";
import { type Replay, Replayed, useReplay } from "./Replayed";
import { Try } from "./Try";

export function ToolScreen() {
  const { name, tool: wanted } = useParams({ from: "/servers/$name/tools/$tool" });
  const { server } = useServer(name);
  const { call } = useSearch({ from: "/servers/$name/tools/$tool" });
  const { data, error, refetch } = useTools(name);
  const replay = useReplay(call);
  const tool = data?.find((t) => t.name === wanted);
  return (
    <div className="flex flex-col gap-4">
      <Link
        to="/servers/$name"
        params={{ name }}
        className="foreign -ml-1 inline-flex items-center gap-1 self-start text-sm text-muted hover:text-text"
      >
        <ChevronLeft size={15} aria-hidden />
        {line(server?.displayName ?? name, 80)}
      </Link>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {((!data && !error) || replay.loading) && <Loading />}
      {data && !tool && (
        <Empty icon={<Wrench size={24} aria-hidden />} whole title={text.call.gone(line(wanted, 80))} />
      )}
      {tool && server && !replay.loading && (
        <Tool key={`${name}/${wanted}/${call}`} server={server} tool={tool} replay={replay} />
      )}
    </div>
  );
}

function Tool({ server, tool, replay }: { server: Server; tool: Offer; replay: Replay }) {
  const d = definitionOf(tool);
  return (
    <>
      <div className="flex flex-col gap-2">
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="foreign min-w-0 font-mono text-lg font-semibold">{line(tool.name, 200)}</h1>
          <Hints definition={d} />
          {!tool.offered && <Badge tone="warn">{text.state.disabled}</Badge>}
          <Link
            to="/clients"
            search={{ why: true, server: server.name, tool: tool.name }}
            className="ml-auto text-sm text-muted underline hover:text-text"
          >
            {text.sight.ofTool}
          </Link>
        </div>
        <Description definition={d} name={tool.name} />
      </div>
      <Blocked server={server} tool={tool} />
      <Replayed replay={replay} />
      <Try
        server={server.name}
        method="tools/call"
        of={tool.name}
        schema={isObject(d.inputSchema) ? d.inputSchema : {}}
        params={(args) => ({ name: tool.name, arguments: args })}
        argsOf={(params) => params.arguments}
        runnable={tool.offered && server.state === "ready"}
        run={text.call.run}
        none={text.call.noArguments}
        initial={replay.value}
      />
      <details>
        <summary className="cursor-pointer text-sm text-muted">{text.call.schema}</summary>
        <Code className="mt-2" value={JSON.stringify(d.inputSchema ?? null, null, 2)} label={text.call.schema} />
      </details>
      {d.outputSchema !== undefined && (
        <details>
          <summary className="cursor-pointer text-sm text-muted">{text.call.outputSchema}</summary>
          <Code className="mt-2" value={JSON.stringify(d.outputSchema, null, 2)} label={text.call.outputSchema} />
        </details>
      )}
    </>
  );
}

function Description({ definition: d, name }: { definition: Definition; name: string }) {
  return (
    <>
      {d.title && d.title !== name && <p className="foreign font-medium">{line(d.title)}</p>}
      {d.description && (
        <p
          tabIndex={d.description.length > 800 ? 0 : undefined} // it scrolls then
          className="foreign max-h-60 max-w-prose overflow-y-auto whitespace-pre-line text-muted"
        >
          {plain(d.description.slice(0, 20_000))}
        </p>
      )}
    </>
  );
}

/** Why the tool cannot be run now, and what to do about it. */
function Blocked({ server, tool }: { server: Server; tool: Offer }) {
  const set = useSetOffered(server.name);
  if (server.state !== "ready") {
    return (
      <p className="foreign rounded-lg bg-warn-soft p-3">
        {text.call.notReady} {plain(server.health.summary)} {plain(server.health.action ?? "")}
      </p>
    );
  }
  if (tool.offered) return null;
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-lg bg-warn-soft p-3">
      <p className="grow">{text.call.hidden}</p>
      <Button
        acts
        busy={set.isPending}
        onClick={() => set.mutate({ kind: "tools", offered: { [tool.name]: true } }, { onError: complain })}
      >
        {text.call.show}
      </Button>
    </div>
  );
}
