import { Link, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft, MessageSquareText } from "lucide-react";
import { usePrompts, useServer } from "../../api/queries";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Empty, Failure, Loading } from "../../ui/states";
import { definitionOf } from "../server/definition";
import { Replayed, useReplay } from "./Replayed";
import { Try } from "./Try";

export function PromptScreen() {
  const { name, prompt: wanted } = useParams({ from: "/servers/$name/prompts/$prompt" });
  const { server } = useServer(name);
  const { call } = useSearch({ from: "/servers/$name/prompts/$prompt" });
  const { data, error, refetch } = usePrompts(name);
  const replay = useReplay(call);
  const prompt = data?.find((p) => p.name === wanted);
  const d = prompt && definitionOf(prompt);
  return (
    <div className="flex flex-col gap-4">
      <Link
        to="/servers/$name"
        params={{ name }}
        search={{ tab: "prompts" }}
        className="foreign -ml-1 inline-flex items-center gap-1 self-start text-sm text-muted hover:text-text"
      >
        <ChevronLeft size={15} aria-hidden />
        {line(server?.displayName ?? name, 80)}
      </Link>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {((!data && !error) || replay.loading) && <Loading />}
      {data && !prompt && <Empty icon={<MessageSquareText size={24} aria-hidden />} whole title={text.prompts.none} />}
      {prompt && d && server && !replay.loading && (
        <>
          <h1 className="foreign font-mono text-lg font-semibold">{line(prompt.name, 200)}</h1>
          {d.description && (
            <p className="foreign max-w-prose whitespace-pre-line text-muted">{plain(d.description)}</p>
          )}
          <Replayed replay={replay} />
          <Try
            key={call}
            server={name}
            method="prompts/get"
            of={prompt.name}
            schema={{
              type: "object",
              properties: Object.fromEntries(
                (d.arguments ?? []).map((a) => [a.name, { type: "string", description: a.description }]),
              ),
              required: (d.arguments ?? []).filter((a) => a.required).map((a) => a.name),
            }}
            params={(args) => ({ name: prompt.name, arguments: args })}
            argsOf={(params) => params.arguments}
            runnable={prompt.offered && server.state === "ready"}
            run={text.prompts.get}
            none={text.call.noArguments}
            initial={replay.value}
          />
        </>
      )}
    </div>
  );
}
