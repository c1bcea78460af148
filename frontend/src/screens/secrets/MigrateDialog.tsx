import { type FormEvent, useState } from "react";
import { useMigrate } from "../../api/secrets";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Failure } from "../../ui/states";
import { toast } from "../../ui/Toast";
import { Hidden } from "./Hidden";

interface Props {
  to: "keyring" | "file";
  /** They are there already: only how the file's key is kept changes. */
  same: boolean;
  onClose: () => void;
}

/** Moves all secrets to where the person wants them. */
export function MigrateDialog({ to, same, onClose }: Props) {
  const migrate = useMigrate();
  const [sealed, setSealed] = useState(false);
  const [differ, setDiffer] = useState(false);
  const title = same ? text.store.changeKey : to === "keyring" ? text.store.toKeyring : text.store.toFile;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const passphrase = sealed ? String(given.get("passphrase")) : "";
    setDiffer(sealed && passphrase !== given.get("again"));
    if (sealed && passphrase !== given.get("again")) return;
    migrate.mutate(to === "file" ? { backend: to, passphrase } : { backend: to }, {
      onSuccess: () => {
        toast(text.store.migrated);
        onClose();
      },
    });
  };
  return (
    <Dialog open onClose={onClose} title={title} description={text.store.migrateText}>
      <form onSubmit={submit} className="flex flex-col gap-4">
        {to === "file" && (
          <fieldset className="flex flex-col gap-2">
            <legend className="mb-1 text-sm font-medium">{text.store.key}</legend>
            {([false, true] as const).map((value) => (
              <label key={String(value)} className="flex items-start gap-2">
                <input
                  type="radio"
                  name="sealed"
                  checked={sealed === value}
                  onChange={() => setSealed(value)}
                  className="mt-1 size-4 accent-solid"
                />
                {value ? text.store.sealed : text.store.lying}
              </label>
            ))}
          </fieldset>
        )}
        {sealed && (
          <>
            <Hidden
              name="passphrase"
              label={text.store.passphrase}
              hint={text.store.passphraseHint}
              autoComplete="new-password"
            />
            <Hidden name="again" label={text.store.again} autoComplete="new-password" />
          </>
        )}
        {differ && (
          <p role="alert" className="text-sm text-err">
            {text.store.differ}
          </p>
        )}
        {migrate.error && <Failure error={migrate.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button type="submit" look="solid" acts busy={migrate.isPending}>
            {text.store.migrate}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
