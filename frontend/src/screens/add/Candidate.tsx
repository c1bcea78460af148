import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, FlaskConical } from "lucide-react";
import { useId, useState } from "react";
import { ask, client } from "../../api/client";
import { useConfigFiles, useServers } from "../../api/queries";
import { isObject } from "../../forms/schema";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Input, Select } from "../../ui/Field";
import { Failure } from "../../ui/states";
import { toast } from "../../ui/Toast";
import type { Draft } from "./parse";
import { Values } from "./Values";

/** One server that was found in what was pasted: it can be named, tested and saved. */
export function Candidate({ draft, alone }: { draft: Draft; alone: boolean }) {
  const id = useId();
  const navigate = useNavigate();
  const [name, setName] = useState(draft.name);
  const [config, setConfig] = useState(draft.config);
  const [file, setFile] = useState<string>();
  const servers = useServers().data ?? [];
  const files = useConfigFiles().data?.files ?? [];

  const test = useMutation({
    mutationFn: () => ask(client.POST("/api/v2/trials", { body: { name: name || "test", config } })),
  });
  const save = useMutation({
    mutationFn: () => ask(client.POST("/api/v2/servers", { body: { name, config, file } })),
    onSuccess: () => {
      toast(text.add.saved(name));
      if (alone) void navigate({ to: "/servers/$name", params: { name } });
    },
  });
  const wrong =
    name.trim() === ""
      ? text.add.nameless
      : servers.some((s) => s.name === name) && !save.isSuccess
        ? text.add.taken
        : "";
  const works = test.data?.server.state === "ready";
  const change = (next: Record<string, unknown>) => {
    setConfig(next);
    test.reset();
  };

  return (
    <section
      aria-label={name || text.add.name}
      className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 shadow-card"
    >
      <div className="flex flex-col gap-1">
        <label htmlFor={id} className="text-sm font-medium">
          {text.add.name}
        </label>
        <Input
          id={id}
          value={name}
          onChange={(e) => setName(e.target.value)}
          aria-describedby={`${id}-hint`}
          aria-invalid={wrong !== "" || undefined}
          className="max-w-sm"
          autoComplete="off"
          spellCheck={false}
        />
        <p id={`${id}-hint`} className={wrong ? "text-sm text-err" : "text-sm text-muted"}>
          {wrong || text.add.names}
        </p>
      </div>
      {(["env", "headers"] as const).map(
        (key) =>
          isObject(config[key]) && (
            <Values key={key} values={config[key]} onChange={(values) => change({ ...config, [key]: values })} />
          ),
      )}
      {files.length > 1 && (
        <div className="flex flex-col gap-1">
          <label htmlFor={`${id}-file`} className="text-sm font-medium">
            {text.add.file}
          </label>
          <Select id={`${id}-file`} value={file ?? files[0]?.path} onChange={(e) => setFile(e.target.value)}>
            {files.map((f) => (
              <option key={f.path} value={f.path}>
                {f.path}
              </option>
            ))}
          </Select>
        </div>
      )}
      <div className="flex flex-col gap-1">
        <h2 className="text-sm font-medium">{text.add.entry}</h2>
        <Code value={JSON.stringify({ [name]: config }, null, 2)} label={text.add.entry} />
      </div>
      <div role="status" className="contents">
        {test.data && (
          <div className="flex flex-col gap-2">
            <p
              className={
                works ? "flex items-center gap-2 font-medium text-ok" : "flex items-center gap-2 font-medium text-err"
              }
            >
              {works ? <CircleCheck size={16} aria-hidden /> : <CircleAlert size={16} aria-hidden />}
              {works ? text.add.works(test.data.tools.length) : text.add.fails}
            </p>
            {works ? (
              <p className="foreign text-sm text-muted">{line(test.data.tools.map((t) => t.name).join(", "), 600)}</p>
            ) : (
              <p className="foreign whitespace-pre-wrap">
                {plain(test.data.server.health.summary)} {plain(test.data.server.health.action ?? "")}
              </p>
            )}
            {test.data.lines.length > 0 && (
              <details open={!works}>
                <summary className="cursor-pointer text-sm text-muted">{text.add.output}</summary>
                <Code className="mt-1" value={test.data.lines.map((l) => l.text).join("\n")} label={text.add.output} />
              </details>
            )}
          </div>
        )}
      </div>
      {test.error && <Failure error={test.error} />}
      {save.error && <Failure error={save.error} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button
          acts
          busy={test.isPending}
          disabled={save.isSuccess}
          onClick={() => test.mutate()}
          title={text.add.testHint}
        >
          <FlaskConical size={14} aria-hidden />
          {test.isPending ? text.add.testing : text.add.test}
        </Button>
        <Button
          look="solid"
          acts
          busy={save.isPending}
          disabled={wrong !== "" || save.isSuccess}
          onClick={() => save.mutate()}
        >
          {save.isSuccess ? text.add.saved(name) : works ? text.add.save : text.add.saveUntested}
        </Button>
      </div>
    </section>
  );
}
