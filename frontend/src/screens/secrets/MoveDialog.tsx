import { type FormEvent, useState } from "react";
import { type Finding, useMove, useMovePreview } from "../../api/secrets";
import { line } from "../../lib/text";
import { useLate } from "../../lib/useLate";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Dialog } from "../../ui/Dialog";
import { Input, Labelled } from "../../ui/Field";
import { Failure, Loading } from "../../ui/states";
import { toast } from "../../ui/Toast";

/** Shows how a value will read once its secret is moved, and moves it. */
export function MoveDialog({ finding: f, onClose }: { finding: Finding; onClose: () => void }) {
  const [name, setName] = useState(f.name);
  const preview = useMovePreview(f, useLate(name.trim()));
  const move = useMove();
  const what = line(f.key || f.path.join("."), 80);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // The finding may be gone, and this dialog with it, before the answer is there.
    move.mutateAsync({ finding: f, name: name.trim() }).then(
      () => {
        toast(text.findings.moved(what));
        onClose();
      },
      () => undefined, // it is shown
    );
  };
  const failed = move.error ?? preview.error;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={text.findings.moveOf(what, line(f.server, 60))}
      description={text.findings.moveText(line(f.from.file, 200), f.from.line)}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Labelled label={text.secrets.name} hint={text.findings.nameHint}>
          {(ids) => (
            <Input
              {...ids}
              value={name}
              onChange={(e) => setName(e.target.value)}
              required
              autoComplete="off"
              spellCheck={false}
              className="font-mono"
            />
          )}
        </Labelled>
        {preview.data ? (
          <div className="flex flex-col gap-1">
            <p className="text-sm font-medium">{text.findings.after(f.path.join("."))}</p>
            <Code value={preview.data.after} label={text.findings.after(f.path.join("."))} />
          </div>
        ) : (
          !failed && <Loading rows={1} />
        )}
        {failed && <Failure error={failed} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button type="submit" look="solid" acts busy={move.isPending} disabled={!preview.data}>
            {text.findings.apply}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
