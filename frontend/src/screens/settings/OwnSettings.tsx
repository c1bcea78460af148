import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ask, client } from "../../api/client";
import { useConfigFiles, useEffectiveConfig } from "../../api/queries";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Code } from "../../ui/Code";
import { Failure, Loading } from "../../ui/states";
import { get, leaves } from "./leaves";
import { Section } from "./Settings";

/** The hub's settings as its schema describes them, with what holds now. */
export function OwnSettings() {
  const schema = useQuery({
    queryKey: ["schema"],
    queryFn: () => ask(client.GET("/api/v2/config/schema")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const effective = useEffectiveConfig();
  const files = useConfigFiles();
  const failed = [schema, effective].find((q) => q.error && !q.data);
  if (failed) return <Failure error={failed.error} retry={() => void failed.refetch()} />;
  if (!schema.data || !effective.data) return <Loading rows={2} />;
  const set = effective.data.settings.find((s) => s.name === "hub");
  const index = files.data?.files.find((f) => f.path === set?.from.file)?.index ?? 0;
  return (
    <Section
      title={text.settings.own}
      note={
        <>
          {text.settings.ownText}{" "}
          <Link to="/config" search={{ file: index, line: set?.from.line }} className="text-accent underline">
            {text.settings.edit}
          </Link>
        </>
      }
    >
      {leaves(get(schema.data, "properties", "hub"), set?.value, "hub").map((l) => {
        const long = typeof l.value === "object" && l.value !== null && JSON.stringify(l.value).length > 40;
        return (
          <div key={l.key} className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1 px-4 py-2.5">
            <div className="min-w-0 flex-1 basis-60">
              <p className="foreign font-mono text-sm">{l.key}</p>
              <p className="text-sm text-muted">{l.description}</p>
            </div>
            {long ? (
              <Code value={JSON.stringify(l.value, null, 2)} label={l.key} className="basis-full" />
            ) : (
              <p className="foreign flex items-center gap-2 font-mono text-sm">
                {JSON.stringify(l.value) ?? text.form.unset}
                {!l.set && l.value !== undefined && <Badge>{text.settings.standard}</Badge>}
              </p>
            )}
          </div>
        );
      })}
    </Section>
  );
}
