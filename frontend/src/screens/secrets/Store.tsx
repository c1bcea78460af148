import { type FormEvent, useState } from "react";
import { type Backend, useBackend, useUnlock } from "../../api/secrets";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { Failure, Loading } from "../../ui/states";
import { toast } from "../../ui/Toast";
import { Hidden } from "./Hidden";
import { MigrateDialog } from "./MigrateDialog";

const tones = { unused: "plain", ready: "ok", locked: "warn", unavailable: "err" } as const;

/** What holds the secrets, how it is, and what to do if it cannot be used. */
export function Store() {
  const { data: b, error, refetch, isFetching } = useBackend();
  const [migrating, setMigrating] = useState<"keyring" | "file">();
  if (error && !b) return <Failure error={error} title={text.store.failed} retry={() => void refetch()} />;
  if (!b) return <Loading rows={1} />;
  const troubled = b.state === "locked" || b.state === "unavailable";
  return (
    <section aria-labelledby="store" className="flex flex-col gap-2">
      <h2 id="store" className="text-base">
        {text.store.title}
      </h2>
      <div className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-card">
        <div className="flex flex-wrap items-center gap-2">
          <p className="foreign min-w-0 grow basis-56">{plain(b.where) || text.store.nothing}</p>
          <Badge tone={tones[b.state]}>{text.store.states[b.state]}</Badge>
        </div>
        {b.why && <p className="foreign text-sm text-muted first-letter:uppercase">{line(b.why, 400)}</p>}
        {troubled && <Trouble backend={b} busy={isFetching} retry={() => void refetch()} />}
        {b.state === "ready" && (
          <div className="flex flex-wrap gap-2">
            {b.backend !== "keyring" && (
              <Button acts onClick={() => setMigrating("keyring")}>
                {text.store.toKeyring}
              </Button>
            )}
            <Button acts onClick={() => setMigrating("file")}>
              {b.backend === "file" ? text.store.changeKey : text.store.toFile}
            </Button>
          </div>
        )}
      </div>
      {migrating && (
        <MigrateDialog to={migrating} same={b.backend === migrating} onClose={() => setMigrating(undefined)} />
      )}
    </section>
  );
}

function Trouble({ backend: b, busy, retry }: { backend: Backend; busy: boolean; retry: () => void }) {
  const unlock = useUnlock();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    // The form is gone as soon as the store is open.
    unlock.mutateAsync(String(new FormData(form).get("passphrase") ?? "")).then(
      () => toast(text.store.unlocked),
      () => form.reset(), // what went wrong is shown
    );
  };
  return (
    <div role="alert" className="flex flex-col gap-3 rounded-lg bg-warn-soft p-3">
      {b.problem && <p className="foreign font-medium first-letter:uppercase">{plain(b.problem)}</p>}
      {b.action && <p className="foreign first-letter:uppercase">{plain(b.action)}</p>}
      {b.state === "locked" && b.backend === "file" ? (
        <form onSubmit={submit} className="flex flex-col gap-2">
          <Hidden name="passphrase" label={text.store.passphrase} autoComplete="current-password" />
          <div>
            <Button type="submit" look="solid" acts busy={unlock.isPending}>
              {text.store.unlock}
            </Button>
          </div>
          {unlock.error && <Failure error={unlock.error} />}
        </form>
      ) : (
        <div>
          <Button acts busy={busy} onClick={retry}>
            {text.retry}
          </Button>
        </div>
      )}
    </div>
  );
}
