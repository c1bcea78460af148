import { type FormEvent, useState } from "react";
import { useCreateToken } from "../../api/clients";
import { useServers } from "../../api/queries";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Dialog } from "../../ui/Dialog";
import { Input, Labelled, Select, TextArea } from "../../ui/Field";
import { Failure } from "../../ui/states";
import { expiry, lives, patterns } from "./limits";

/** Makes a token for a client, and shows it this once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const create = useCreateToken();
  const made = create.data;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={made ? text.tokens.madeTitle(line(made.name, 80)) : text.tokens.add}
      description={made ? text.tokens.madeText : text.tokens.addText}
    >
      {made ? (
        <div className="flex flex-col gap-4">
          <Code value={made.token} label={text.tokens.token} />
          <div className="flex flex-col gap-1">
            <p className="text-sm text-muted">{text.tokens.header}</p>
            <Code value={`Authorization: Bearer ${made.token}`} label={text.tokens.headerName} />
          </div>
          <div className="flex justify-end">
            <Button look="solid" onClick={onClose}>
              {text.tokens.done}
            </Button>
          </div>
        </div>
      ) : (
        <Form create={create} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Form({ create, onClose }: { create: ReturnType<typeof useCreateToken>; onClose: () => void }) {
  const servers = (useServers().data ?? []).filter((s) => !s.builtin);
  const [some, setSome] = useState(false);
  const [lacking, setLacking] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const none = some && !given.has("server"); // to the hub that would mean all
    setLacking(none);
    if (none) return;
    create.mutate({
      name: String(given.get("name")).trim(),
      servers: given.getAll("server").map(String),
      tools: patterns(String(given.get("tools"))),
      readOnly: given.has("readOnly"),
      expires: expiry(String(given.get("life")), Date.now()),
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Labelled label={text.tokens.name} hint={text.tokens.nameHint}>
        {(ids) => <Input {...ids} name="name" required maxLength={64} autoComplete="off" spellCheck={false} />}
      </Labelled>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-sm font-medium">{text.tokens.servers}</legend>
        <div className="flex flex-wrap gap-x-6 gap-y-1">
          {([false, true] as const).map((value) => (
            <label key={String(value)} className="flex items-center gap-2">
              <input
                type="radio"
                name="which"
                checked={some === value}
                onChange={() => setSome(value)}
                className="size-4 accent-solid"
              />
              {value ? text.tokens.someServers : text.tokens.allServers}
            </label>
          ))}
        </div>
        {some && (
          <div className="grid max-h-44 gap-x-4 gap-y-1 overflow-y-auto rounded-md border border-line p-2 sm:grid-cols-2">
            {servers.map((s) => (
              <label key={s.name} className="flex min-w-0 items-center gap-2">
                <input type="checkbox" name="server" value={s.name} className="size-4 shrink-0 accent-solid" />
                <span className="foreign truncate">{line(s.displayName, 60)}</span>
              </label>
            ))}
          </div>
        )}
        {lacking && (
          <p role="alert" className="text-sm text-err">
            {text.tokens.noServer}
          </p>
        )}
      </fieldset>
      <Labelled label={text.tokens.tools} hint={text.tokens.toolsHint}>
        {(ids) => <TextArea {...ids} name="tools" rows={2} spellCheck={false} className="font-mono text-sm" />}
      </Labelled>
      <label className="flex items-start gap-2">
        <input type="checkbox" name="readOnly" className="mt-1 size-4 shrink-0 accent-solid" />
        {text.tokens.readOnlyOnly}
      </label>
      <Labelled label={text.tokens.life}>
        {(ids) => (
          <Select {...ids} name="life" defaultValue="" className="w-auto! self-start">
            {lives.map((days) => (
              <option key={days} value={days || ""}>
                {days ? text.tokens.days(days) : text.tokens.forever}
              </option>
            ))}
          </Select>
        )}
      </Labelled>
      {create.error && <Failure error={create.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{text.cancel}</Button>
        <Button type="submit" look="solid" acts busy={create.isPending}>
          {text.tokens.create}
        </Button>
      </div>
    </form>
  );
}
