import { useNavigate, useSearch } from "@tanstack/react-router";
import { useConfigFiles, useConfigSchema } from "../../api/queries";
import { shortest } from "../../lib/paths";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Failure, Loading } from "../../ui/states";
import { Tabs } from "../../ui/Tabs";
import { FileEditor } from "./FileEditor";
import { Merged } from "./Merged";
import { Versions } from "./Versions";

/** The configuration files, one tab each in the order in which they are merged, and what they say together. */
export function Config() {
  const { file = 0, line, view } = useSearch({ from: "/config" });
  const navigate = useNavigate({ from: "/config" });
  const files = useConfigFiles();
  const schema = useConfigSchema();
  const error = (!files.data && files.error) || (!schema.data && schema.error);
  if (error) {
    const retry = () => {
      void files.refetch();
      void schema.refetch();
    };
    return <Failure error={error} retry={retry} />;
  }
  if (!files.data || !schema.data) return <Loading rows={1} height="h-96" />;

  const list = files.data.files;
  const current = view === "merged" ? undefined : (list.find((f) => f.index === file) ?? list[0]);
  const paths = list.map((f) => f.path);
  const tabs = [
    ...list.map((f) => ({ id: String(f.index), label: shortest(f.path, paths) })),
    { id: "merged", label: text.config.views.merged },
  ];
  return (
    <div className="flex flex-col gap-2">
      <h1 className="text-xl font-semibold">{text.config.title}</h1>
      <Tabs
        label={text.config.files}
        tabs={tabs}
        value={current ? String(current.index) : "merged"}
        onChange={(id) =>
          void navigate({ search: id === "merged" ? { view: "merged" } : { file: Number(id) || undefined } })
        }
      >
        {current ? (
          <div className="flex flex-col gap-3">
            <p className="flex flex-wrap items-center gap-2 text-sm text-muted">
              <span className="foreign font-mono text-xs">{current.path}</span>
              {current.missing && <Badge>{text.config.missing}</Badge>}
              {list.length > 1 && current.index > 0 && <span>{text.config.wins}</span>}
            </p>
            {view === "history" ? (
              <Versions index={current.index} />
            ) : (
              <FileEditor
                key={current.index}
                index={current.index}
                path={current.path}
                line={line}
                schema={schema.data as Record<string, unknown>}
              />
            )}
          </div>
        ) : (
          <Merged />
        )}
      </Tabs>
    </div>
  );
}
