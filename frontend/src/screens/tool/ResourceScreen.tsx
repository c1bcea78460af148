import { Link, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import { useMemo } from "react";
import { useServer } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Try } from "./Try";
import { expand, variables } from "./uriTemplate";

export function ResourceScreen() {
  const { name } = useParams({ from: "/servers/$name/resource" });
  const { uri, template } = useSearch({ from: "/servers/$name/resource" });
  const { server } = useServer(name);
  const schema = useMemo(() => {
    const names = template ? variables(template) : ["uri"];
    const standard = template ? {} : { default: uri };
    return {
      type: "object",
      properties: Object.fromEntries(names.map((n) => [n, { type: "string", ...standard }])),
      required: template ? names : [],
    };
  }, [uri, template]);
  const uriOf = (args: unknown) => {
    const values = isObject(args) ? args : {};
    return template ? expand(template, values) : String(values.uri ?? uri ?? "");
  };
  return (
    <div className="flex flex-col gap-4">
      <Link
        to="/servers/$name"
        params={{ name }}
        search={{ tab: "resources" }}
        className="foreign -ml-1 inline-flex items-center gap-1 self-start text-sm text-muted hover:text-text"
      >
        <ChevronLeft size={15} aria-hidden />
        {line(server?.displayName ?? name, 80)}
      </Link>
      <h1 className="foreign font-mono text-lg font-semibold">{line(template ?? uri ?? "", 300)}</h1>
      <Try
        key={template ?? uri}
        server={name}
        method="resources/read"
        of={template ?? uri ?? ""}
        schema={schema}
        params={(args) => ({ uri: uriOf(args) })}
        argsOf={(params) => (template ? {} : params)}
        runnable={server?.state === "ready"}
        run={text.resources.read}
        none=""
      />
    </div>
  );
}
