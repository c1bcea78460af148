import { type SecretUse, useDeleteSecret } from "../../api/secrets";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Confirm } from "../../ui/Dialog";
import { complain, toast } from "../../ui/Toast";

/** Asks before a secret is gone for good, and says who needs it. */
export function DeleteDialog({ secret: s, onClose }: { secret: SecretUse; onClose: () => void }) {
  const remove = useDeleteSecret();
  const name = line(s.name, 80);
  return (
    <Confirm
      open
      onClose={onClose}
      title={text.secrets.removeTitle(name)}
      description={`${text.secrets.removeText} ${
        s.servers.length > 0 ? text.secrets.removeUsed(s.servers.map((n) => line(n, 60)).join(", ")) : ""
      }`}
      action={text.secrets.remove}
      busy={remove.isPending}
      onConfirm={() =>
        remove.mutate(s.name, {
          onError: complain,
          onSuccess: () => {
            toast(text.secrets.removed(name));
            onClose();
          },
        })
      }
    />
  );
}
