import { type FormEvent, useState } from "react";
import { type SecretUse, useSetSecret } from "../../api/secrets";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input, Labelled } from "../../ui/Field";
import { Failure } from "../../ui/states";
import { toast } from "../../ui/Toast";
import { Hidden } from "./Hidden";

interface Props {
  /** Absent if the person names it. */
  name?: string;
  replaces?: SecretUse;
  taken: string[];
  onClose: () => void;
}

/** Asks for the value of a secret. It goes to the hub, and nothing gives it back. */
export function SetDialog({ name, replaces, taken, onClose }: Props) {
  const set = useSetSecret();
  const [own, setOwn] = useState("");
  const named = name ?? own;
  const shown = line(named, 80);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget).get("value") ?? "");
    set.mutate(
      { name: named.trim(), value },
      {
        onSuccess: ({ servers }) => {
          toast(text.secrets.kept(shown, servers.map((s) => line(s, 60)).join(", ")));
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={
        name === undefined ? text.secrets.add : replaces ? text.secrets.replaceOf(shown) : text.secrets.setOf(shown)
      }
      description={replaces && replaces.servers.length > 0 ? text.secrets.replaceText : text.secrets.setText}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {name === undefined ? (
          <Labelled label={text.secrets.name} hint={text.secrets.nameHint(own.trim() || "NAME")}>
            {(ids) => (
              <Input
                {...ids}
                value={own}
                onChange={(e) => setOwn(e.target.value)}
                required
                autoComplete="off"
                spellCheck={false}
                className="font-mono"
              />
            )}
          </Labelled>
        ) : (
          // Password managers want to know what the password is for.
          <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
        )}
        {name === undefined && taken.includes(own.trim()) && (
          <p role="alert" className="text-sm text-warn">
            {text.secrets.taken}
          </p>
        )}
        <Hidden
          name="value"
          label={text.secrets.value}
          autoComplete="new-password"
          autoFocus={name !== undefined}
          lines
        />
        {set.error && <Failure error={set.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button type="submit" look="solid" acts busy={set.isPending}>
            {text.secrets.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
