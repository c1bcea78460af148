import { Link } from "@tanstack/react-router";
import { useServer, useServerLog } from "../../api/queries";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Code } from "../../ui/Code";
import { Status } from "../../ui/Status";

/** How the first start of what was installed goes, as it goes. */
export function Started({ name }: { name: string }) {
  const { server } = useServer(name);
  const log = useServerLog(name).data ?? [];
  return (
    <section
      aria-labelledby="started"
      className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-card"
    >
      <h2 id="started" className="foreign text-base">
        {text.add.saved(line(name, 60))}
      </h2>
      {server && (
        <div role="status">
          <Status server={server} />
          {server.health.level !== "ok" && (
            <p className="foreign mt-1 text-sm">{plain(`${server.health.summary} ${server.health.action ?? ""}`)}</p>
          )}
          {server.state === "ready" && <p className="mt-1 text-sm text-muted">{text.add.works(server.lists.tools)}</p>}
        </div>
      )}
      {log.length > 0 && <Code value={log.map((l) => l.text).join("\n")} label={text.logs.of(name)} />}
      <Link
        to="/servers/$name"
        params={{ name }}
        className="inline-flex h-8 items-center justify-center rounded-md bg-solid px-3 text-sm font-medium text-white hover:bg-solid-hover"
      >
        {text.market.openServer}
      </Link>
    </section>
  );
}
