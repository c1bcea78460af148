import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Input } from "../../ui/Field";
import { Switch } from "../../ui/Switch";
import { said, type Target, useChangeSetting } from "./change";
import type { Leaf } from "./leaves";

interface Props {
  leaf: Leaf;
  /** Where a change of it is written. */
  target?: Target;
  /** The command line says it, so that a file cannot. */
  flag?: { flag: string; value: unknown };
}

/** A setting of the hub: what it is, what holds, and a way to change that. */
export function SettingRow({ leaf: l, target, flag }: Props) {
  const change = useChangeSetting();
  const id = useId();
  const row = useRef<HTMLDivElement>(null);
  const reset = () => {
    row.current?.querySelector<HTMLElement>("input, [role=switch]")?.focus(); // the button goes
    set(undefined);
  };
  const wrong = change.error ? said(change.error) : undefined;
  const ids = {
    "aria-describedby": wrong ? `${id}-text ${id}-wrong` : `${id}-text`,
    "aria-invalid": wrong !== undefined,
  };
  const set = (value: unknown) => target && change.mutate({ key: l.key, value, in: target });
  const editable = target && !flag;
  const value = flag ? flag.value : l.value;
  const long = typeof value === "object" && value !== null && JSON.stringify(value).length > 40;
  const field = l.type === "integer" || l.type === "string";
  return (
    <div ref={row} className="px-4 py-2.5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
        <div className="min-w-0 flex-1 basis-60">
          <p className="foreign font-mono text-sm">{l.key}</p>
          <p id={`${id}-text`} className="text-sm text-muted">
            {l.description}
          </p>
        </div>
        <div className="flex flex-wrap items-center justify-end gap-2">
          {editable && l.set && l.type !== "array" && (
            <Button
              look="quiet"
              acts
              disabled={change.isPending}
              aria-label={text.settings.resetOf(l.key)}
              onClick={reset}
            >
              {text.settings.reset}
            </Button>
          )}
          {!l.set && !flag && l.value !== undefined && <Badge>{text.settings.standard}</Badge>}
          {editable && l.type === "boolean" && (
            <Switch checked={l.value === true} onChange={set} label={l.key} disabled={change.isPending} />
          )}
          {editable && field && <Value leaf={l} ids={ids} busy={change.isPending} onSave={set} />}
          {!(editable && (field || l.type === "boolean")) && !long && <Fixed value={value} flag={flag} />}
        </div>
      </div>
      {long && <Code value={JSON.stringify(value, null, 2)} label={l.key} className="mt-1" />}
      {wrong && (
        <p id={`${id}-wrong`} role="alert" className="foreign mt-1 text-sm text-err">
          {wrong}
        </p>
      )}
    </div>
  );
}

interface ValueProps {
  leaf: Leaf;
  ids: { "aria-describedby": string; "aria-invalid": boolean };
  busy: boolean;
  onSave: (value: unknown) => void;
}

/** A number or a text. The hub says whether it can be that; nothing stands for the default. */
function Value({ leaf: l, ids, busy, onSave }: ValueProps) {
  const now = l.set ? String(l.value) : "";
  const [draft, setDraft] = useState(now);
  useEffect(() => setDraft(now), [now]);
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const words = draft.trim();
    if (words === now) return;
    input.current?.focus(); // the button goes, and with it the focus
    const number = l.type === "integer" && words !== "" && Number.isFinite(Number(words));
    onSave(words === "" ? undefined : number ? Number(words) : words);
  };
  return (
    <form onSubmit={submit} noValidate className="flex items-center gap-2">
      <Input
        {...ids}
        ref={input}
        aria-label={l.key}
        inputMode={l.type === "integer" ? "numeric" : undefined}
        value={draft}
        placeholder={l.standard === undefined ? text.form.unset : String(l.standard)}
        onChange={(e) => setDraft(e.target.value)}
        spellCheck={false}
        autoComplete="off"
        className="w-28! text-right"
      />
      {draft.trim() !== now && (
        <Button type="submit" look="solid" acts busy={busy} aria-label={text.settings.saveOf(l.key)}>
          {text.settings.save}
        </Button>
      )}
    </form>
  );
}

/** What cannot be changed here. */
function Fixed({ value, flag }: { value: unknown; flag?: Props["flag"] }) {
  return (
    <p className="foreign text-right text-sm">
      <span className="font-mono">{JSON.stringify(value) ?? text.form.unset}</span>
      {flag && <span className="block text-muted">{text.settings.byFlag(flag.flag)}</span>}
    </p>
  );
}
