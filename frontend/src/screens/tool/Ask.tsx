import type { FormEvent, ReactNode } from "react";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";

interface Props {
  /** It says which server asks, so that nobody takes it for the hub. */
  title: string;
  description?: string;
  onAnswer: () => void;
  onDecline: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** What a server asks during a call. */
export function Ask({ title, description, onAnswer, onDecline, onClose, children }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // to the form of the call
    onAnswer();
  };
  return (
    <Dialog open onClose={onClose} title={title} description={description} wide>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        {children}
        <div className="flex justify-end gap-2">
          <Button onClick={onDecline}>{text.call.decline}</Button>
          <Button type="submit" look="solid">
            {text.call.answer}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
