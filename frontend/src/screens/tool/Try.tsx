import { Play, Square } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { check, type Problem } from "../../forms/check";
import type { Schema, Value } from "../../forms/schema";
import { complete } from "../../forms/values";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Arguments, takesNothing } from "./Arguments";
import { Examples, SaveExample } from "./Examples";
import { QuestionDialog } from "./QuestionDialog";
import { Result } from "./Result";
import { Runs } from "./Runs";
import { SampleDialog } from "./SampleDialog";
import { useCall } from "./useCall";
import { useExamples } from "./useExamples";

interface Props {
  server: string;
  method: string;
  /** Whose arguments these are: the name of a tool or a prompt, or a template. */
  of: string;
  schema: Schema;
  params: (args: Value) => Record<string, unknown>;
  argsOf: (params: Record<string, unknown>) => unknown;
  runnable: boolean;
  run: string;
  none: string;
  /** What the form begins with. */
  initial?: Value;
}

/** Arguments on one side, what comes of them on the other. */
export function Try({ server, method, of, schema, params, argsOf, runnable, run, none, initial }: Props) {
  const call = useCall(server, method);
  const kept = useExamples(server, method, of);
  const [value, setValue] = useState<Value>(initial ?? {});
  const [problems, setProblems] = useState<Problem[]>([]);
  const [shown, setShown] = useState<number>();
  const form = useRef<HTMLFormElement>(null);
  const summary = useRef<HTMLDivElement>(null);
  const current = call.runs.find((r) => r.id === shown) ?? call.runs[0];

  /** What is sent; undefined while what was typed is no value, which gets the focus. */
  const whole = () => {
    const broken = form.current?.querySelector<HTMLElement>("[data-broken]");
    broken?.focus();
    return broken ? undefined : complete(schema, value ?? {}, schema);
  };
  const start = (anyway: boolean) => {
    const args = whole();
    if (args === undefined) return;
    const found = anyway ? [] : check(schema, args);
    setProblems(found);
    if (found.length > 0) {
      requestAnimationFrame(() => summary.current?.focus());
      return;
    }
    setShown(undefined);
    call.run(params(args));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (runnable && !call.running) start(false);
  };
  const change = (next: Value) => {
    setValue(next ?? {});
    if (problems.length > 0) setProblems(check(schema, complete(schema, next ?? {}, schema)));
  };

  const fill = (next: Value) => {
    setValue(next ?? {});
    setProblems([]);
    form.current?.querySelector<HTMLElement>("input, textarea, select")?.focus();
  };
  const asked = call.questions[0];

  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <form
        ref={form}
        onSubmit={submit}
        noValidate
        className="flex min-w-0 flex-col gap-4 rounded-lg border border-line bg-surface p-4 shadow-card"
      >
        <Examples kept={kept} onUse={fill} />
        <Arguments schema={schema} value={value} onChange={change} problems={problems} none={none} />
        {problems.length > 0 && (
          <div ref={summary} tabIndex={-1} role="alert" className="rounded-lg bg-err-soft p-3 text-sm">
            <p className="font-medium">{text.call.problems(problems.length)}</p>
            <ul className="mt-1 list-disc pl-5">
              {problems.map((p) => (
                <li key={p.path} className="foreign">
                  <code className="font-mono">{p.path.slice(1) || text.form.root}</code>: {p.message}
                </li>
              ))}
            </ul>
          </div>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="solid" acts disabled={!runnable || call.running}>
            <Play size={14} aria-hidden />
            {call.runs.length > 0 ? text.call.again : run}
          </Button>
          {problems.length > 0 && (
            <Button acts disabled={!runnable || call.running} onClick={() => start(true)}>
              {text.call.anyway}
            </Button>
          )}
          {!takesNothing(schema) && <SaveExample kept={kept} whole={whole} />}
          {call.running && (
            <Button onClick={call.cancel}>
              <Square size={14} aria-hidden />
              {text.cancel}
            </Button>
          )}
        </div>
      </form>
      <div className="flex min-w-0 flex-col gap-4">
        <Result server={server} run={current} call={call} />
        <Runs runs={call.runs} shown={current?.id} onShow={setShown} onReuse={(old) => fill(argsOf(old.params))} />
      </div>
      {asked?.method === "elicitation/create" && <QuestionDialog key={asked.id} server={server} asked={asked} />}
      {asked?.method === "sampling/createMessage" && <SampleDialog key={asked.id} server={server} asked={asked} />}
    </div>
  );
}
