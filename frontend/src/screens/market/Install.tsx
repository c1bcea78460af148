import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Download } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { type ItemDetails, type Plan, useInstall, usePlan } from "../../api/market";
import { useConfigFiles } from "../../api/queries";
import { line } from "../../lib/text";
import { useLate } from "../../lib/useLate";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Input, Select } from "../../ui/Field";
import { Failure } from "../../ui/states";
import { Parameters } from "./Parameters";
import { Started } from "./Started";

/** Asks for what an item needs, shows what would be written, and installs it. */
export function Install({ item }: { item: ItemDetails }) {
  const id = useId();
  const [way, setWay] = useState(0);
  const [name, setName] = useState<string>();
  const [file, setFile] = useState<string>();
  const [values, setValues] = useState<Record<string, string>>({});
  const body = { source: item.source, id: item.id, install: way, name: name || undefined, file, values };
  const plan = usePlan(useLate(body));
  const install = useInstall();
  const files = useConfigFiles().data?.files ?? [];

  if (item.installs.length === 0)
    return <p className="rounded-lg border border-line bg-surface p-4 text-muted">{text.market.cannot}</p>;
  if (install.data) return <Started name={install.data.name} />;
  const p = plan.data;
  const ready = p && !plan.isPlaceholderData && !p.taken && !p.problem && p.missing.length + p.invalid.length === 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) install.mutate(body);
  };

  return (
    <form onSubmit={submit} className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 shadow-card">
      <h2 className="text-base">{text.market.install}</h2>
      {item.installed.length > 0 && (
        <p className="foreign text-sm text-muted">{text.market.installedAs(item.installed.join(", "))}</p>
      )}
      {item.installs.length > 1 && (
        <Labelled id={`${id}-way`} label={text.market.way}>
          <Select
            id={`${id}-way`}
            value={way}
            onChange={(e) => {
              setWay(Number(e.target.value));
              setValues({});
            }}
          >
            {item.installs.map((i, n) => (
              <option key={n} value={n}>
                {[text.market.kinds[i.kind], i.package ?? i.url ?? i.name, i.version].filter(Boolean).join(" · ")}
              </option>
            ))}
          </Select>
        </Labelled>
      )}
      <Parameters
        parameters={p?.install.parameters ?? item.installs[way]?.parameters ?? []}
        values={values}
        invalid={p?.invalid ?? []}
        onChange={setValues}
      />
      <Labelled id={`${id}-name`} label={text.add.name} problem={p?.taken ? text.add.taken : undefined}>
        <Input
          id={`${id}-name`}
          value={name ?? p?.name ?? ""}
          onChange={(e) => setName(e.target.value)}
          aria-invalid={p?.taken || undefined}
          autoComplete="off"
          spellCheck={false}
        />
      </Labelled>
      {files.length > 1 && (
        <Labelled id={`${id}-file`} label={text.add.file}>
          <Select id={`${id}-file`} value={file ?? files[0]?.path} onChange={(e) => setFile(e.target.value)}>
            {files.map((f) => (
              <option key={f.path} value={f.path}>
                {f.path}
              </option>
            ))}
          </Select>
        </Labelled>
      )}
      {plan.error && <Failure error={plan.error} />}
      {p && <Preview plan={p} />}
      {install.error && <Failure error={install.error} />}
      <Button type="submit" look="solid" acts busy={install.isPending} disabled={!ready}>
        <Download size={14} aria-hidden />
        {install.isPending ? text.market.installing : text.market.install}
      </Button>
      {p && p.missing.length > 0 && (
        <p className="foreign text-sm text-muted">{text.market.missing(p.missing.join(", "))}</p>
      )}
    </form>
  );
}

function Labelled({
  id,
  label,
  problem,
  children,
}: {
  id: string;
  label: string;
  problem?: string;
  children: ReactNode;
}) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children}
      {problem && <p className="text-sm text-err">{problem}</p>}
    </div>
  );
}

function Preview({ plan: p }: { plan: Plan }) {
  return (
    <>
      {p.prerequisites.length > 0 && (
        <ul aria-label={text.market.needs} className="flex flex-col gap-1 text-sm">
          {p.prerequisites.map((q) => (
            <li key={q.program} className="flex items-start gap-2">
              {q.found ? (
                <CircleCheck size={15} aria-hidden className="mt-0.5 shrink-0 text-ok" />
              ) : (
                <CircleAlert size={15} aria-hidden className="mt-0.5 shrink-0 text-warn" />
              )}
              <span className="foreign min-w-0">
                {q.found ? text.market.has(q.program) : text.market.lacks(q.program)}{" "}
                <span className="text-muted">{q.found ? q.path : line(q.hint, 300)}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      {p.problem && <p className="foreign text-sm text-err">{line(p.problem, 500)}</p>}
      {p.secrets.map((s) => (
        <p key={s.key} className="foreign text-sm text-muted">
          {text.market.kept(s.key, s.name, p.keptIn ?? "")}
        </p>
      ))}
      {p.unpinned && <p className="text-sm text-warn">{text.market.unpinned}</p>}
      <div className="flex flex-col gap-1">
        <h3 className="text-sm font-medium">{text.add.entry}</h3>
        <Code value={JSON.stringify({ [p.name]: p.entry }, null, 2)} label={text.add.entry} />
        <p className="foreign text-xs text-muted">
          <Link to="/config" className="hover:underline">
            {p.file}
          </Link>
        </p>
      </div>
    </>
  );
}
