import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker, useNavigate } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, History, Save } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { ask, client, type Diagnostic, HubError } from "../../api/client";
import { Editor } from "../../editor/Editor";
import type { Schema } from "../../forms/schema";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Diff } from "../../ui/Diff";
import { Failure, Loading } from "../../ui/states";
import { toast } from "../../ui/Toast";
import { Plan } from "./Plan";
import { configFile, putFile } from "./queries";

interface Props {
  index: number;
  path: string;
  line?: number;
  schema: Schema;
}

interface Base {
  text: string;
  etag: string;
}

export function FileEditor({ index, path, line, schema }: Props) {
  const cache = useQueryClient();
  const navigate = useNavigate({ from: "/config" });
  const disk = useQuery(configFile(index));
  const [base, setBase] = useState<Base>(); // what the draft began with
  const [draft, setDraft] = useState("");
  const [problems, setProblems] = useState<Diagnostic[]>([]);
  const [showDiff, setShowDiff] = useState(false);
  const dirty = base !== undefined && draft !== base.text;
  const changed = base !== undefined && disk.data !== undefined && disk.data.etag !== base.etag;

  const load = useCallback((from: Base) => {
    setBase(from);
    setDraft(from.text);
  }, []);
  useEffect(() => {
    if (disk.data && (!base || (changed && !dirty))) load(disk.data);
  }, [disk.data, base, changed, dirty, load]);

  const save = useMutation({
    mutationFn: (etag: string) => putFile(index, draft, etag),
    onSuccess: (saved) => {
      cache.setQueryData(configFile(index).queryKey, saved);
      setBase(saved);
      toast(text.config.saved);
    },
    onError: (error) => {
      if (error instanceof HubError && error.status === 412) void disk.refetch();
    },
  });
  const validate = useCallback(
    async (words: string) => {
      try {
        const { diagnostics } = await ask(client.POST("/api/v2/config/validate", { body: { text: words, path } }));
        setProblems(diagnostics);
        return diagnostics;
      } catch {
        return []; // there is no hub to ask; the banner says so
      }
    },
    [path],
  );
  const leaving = useBlocker({ shouldBlockFn: () => dirty, withResolver: true });

  if (disk.error && !disk.data) return <Failure error={disk.error} retry={() => void disk.refetch()} />;
  if (!base || !disk.data) return <Loading rows={1} height="h-96" />;
  const conflict = dirty && changed;
  const failed = save.error && !(save.error instanceof HubError && save.error.status === 412) ? save.error : undefined;
  const submit = () => {
    if (dirty && !conflict) save.mutate(base.etag);
  };

  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Verdict problems={problems} />
        <div className="grow" />
        <p className="text-sm text-muted" role="status">
          {dirty ? text.config.unsaved : text.config.same}
        </p>
        <Button onClick={() => void navigate({ search: (s) => ({ ...s, view: "history", line: undefined }) })}>
          <History size={14} aria-hidden />
          {text.config.versions.open}
        </Button>
        <Button
          aria-pressed={showDiff}
          disabled={!dirty}
          onClick={() => setShowDiff(!showDiff)}
          className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
        >
          {text.config.views.diff}
        </Button>
        <Button disabled={!dirty} onClick={() => setDraft(base.text)}>
          {text.config.revert}
        </Button>
        <Button look="solid" acts busy={save.isPending} disabled={!dirty || conflict} onClick={submit}>
          <Save size={14} aria-hidden />
          {text.config.save}
        </Button>
      </div>
      {conflict && (
        <div role="alert" className="flex flex-col gap-3 rounded-lg bg-warn-soft p-4">
          <div>
            <p className="font-medium">{text.config.conflict}</p>
            <p>{text.config.conflictText}</p>
          </div>
          <Diff before={disk.data.text} after={draft} label={text.config.diff} />
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => disk.data && load(disk.data)}>{text.config.takeDisk}</Button>
            <Button look="danger" acts busy={save.isPending} onClick={() => disk.data && save.mutate(disk.data.etag)}>
              {text.config.keepMine}
            </Button>
          </div>
        </div>
      )}
      {dirty && !conflict && <Plan index={index} words={draft} />}
      {failed && <Failure error={failed} title={text.config.broken} />}
      {showDiff && dirty && !conflict && <Diff before={base.text} after={draft} label={text.config.diff} />}
      <Editor
        value={draft}
        onChange={setDraft}
        label={text.config.editor(path)}
        schema={schema}
        validate={validate}
        line={line}
        onSave={submit}
      />
      <Problems problems={problems} />
      {leaving.status === "blocked" && (
        <Confirm
          open
          onClose={leaving.reset}
          title={text.config.unsaved}
          description={text.config.leave}
          action={text.config.discard}
          local
          onConfirm={leaving.proceed}
        />
      )}
    </div>
  );
}

function Verdict({ problems }: { problems: Diagnostic[] }) {
  const bad = problems.some((p) => p.severity === "error");
  if (problems.length === 0) {
    return (
      <p className="flex items-center gap-1.5 text-sm text-ok">
        <CircleCheck size={15} aria-hidden />
        {text.config.fine}
      </p>
    );
  }
  return (
    <p className={`flex items-center gap-1.5 text-sm ${bad ? "text-err" : "text-warn"}`}>
      <CircleAlert size={15} aria-hidden />
      {text.config.problems(problems.length)}
    </p>
  );
}

function Problems({ problems }: { problems: Diagnostic[] }) {
  if (problems.length === 0) return null;
  return (
    <ul className="flex flex-col gap-1 text-sm">
      {problems.map((p) => (
        <li key={`${p.line}:${p.column}:${p.message}`} className="foreign">
          <span className={p.severity === "error" ? "text-err" : "text-warn"}>
            {text.config.at(p.line ?? 1, p.column ?? 1)}
          </span>{" "}
          {p.server && `${p.server}: `}
          {p.message}. <span className="text-muted">{p.action}</span>
        </li>
      ))}
    </ul>
  );
}
