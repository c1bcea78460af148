import { type ClipboardEvent, type ComponentProps, useRef, useState } from "react";
import { text } from "../../text";
import { Input, Labelled, TextArea } from "../../ui/Field";

interface Props extends Pick<ComponentProps<"input">, "name" | "autoFocus" | "autoComplete"> {
  label: string;
  hint?: string;
  /** Keys of several lines can be pasted: a password field alone would join them to one. */
  lines?: boolean;
}

/**
 * A field for a value that is not to be seen. The page does not keep what is typed: the form that it is part of reads it
 * once, when it is handed in.
 */
export function Hidden({ label, hint, lines, autoFocus, ...rest }: Props) {
  const [several, setSeveral] = useState(false);
  const pasted = useRef("");
  const paste = (event: ClipboardEvent) => {
    const value = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n");
    if (!lines || !value.trim().includes("\n")) return;
    event.preventDefault();
    pasted.current = value;
    setSeveral(true);
  };
  const fill = (area: HTMLTextAreaElement | null) => {
    if (!area || !pasted.current) return;
    area.value = pasted.current;
    pasted.current = "";
    area.focus();
  };
  return (
    <Labelled label={label} hint={several ? text.secrets.several : hint}>
      {(ids) =>
        several ? (
          <TextArea
            {...ids}
            name={rest.name}
            ref={fill}
            rows={6}
            required
            autoComplete="off"
            spellCheck={false}
            className="font-mono [-webkit-text-security:disc]"
          />
        ) : (
          <Input {...ids} {...rest} type="password" required onPaste={paste} ref={autoFocus ? focus : undefined} />
        )
      }
    </Labelled>
  );
}

const focus = (input: HTMLInputElement | null) => input?.focus();
