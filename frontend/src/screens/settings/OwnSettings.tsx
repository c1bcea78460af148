import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ask, client } from "../../api/client";
import { useConfigFiles, useEffectiveConfig } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Code } from "../../ui/Code";
import { Loading } from "../../ui/states";
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
  if (!schema.data || !effective.data) return <Loading rows={2} />;
  const own = get(schema.data, "properties", "hub", "properties");
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
      {Object.entries(own).map(([key, schema]) => {
        const value = get(set?.value)[key];
        return (
          <div key={key} className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1 px-4 py-2.5">
            <div className="min-w-0 flex-1 basis-60">
              <p className="font-mono text-sm">hub.{key}</p>
              <p className="text-sm text-muted">{String(get(schema).description ?? "")}</p>
            </div>
            {isObject(value) ? (
              <Code value={JSON.stringify(value, null, 2)} label={`hub.${key}`} className="basis-full" />
            ) : (
              <p className="foreign flex items-center gap-2 font-mono text-sm">
                {JSON.stringify(value ?? get(schema).default) ?? text.form.unset}
                {value === undefined && <Badge>{text.settings.standard}</Badge>}
              </p>
            )}
          </div>
        );
      })}
    </Section>
  );
}

/** What stands in nested objects; an empty one if something is not there. */
function get(value: unknown, ...path: string[]): Record<string, unknown> {
  let at = value;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : {};
}
