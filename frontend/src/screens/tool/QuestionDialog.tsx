import { type FormEvent, useState } from "react";
import { check, type Problem } from "../../forms/check";
import { SchemaForm } from "../../forms/SchemaForm";
import { isObject, type Value } from "../../forms/schema";
import { complete } from "../../forms/values";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import type { Asked } from "./useCall";

/** A server asks the person for something (elicitation). It says which server asks, so that nobody takes it for the hub. */
export function QuestionDialog({ server, asked }: { server: string; asked: Asked }) {
  const { message, requestedSchema } = asked.params;
  const schema = isObject(requestedSchema) ? requestedSchema : {};
  const [value, setValue] = useState<Value>({});
  const [problems, setProblems] = useState<Problem[]>([]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const content = complete(schema, value ?? {}, schema);
    const found = check(schema, content);
    setProblems(found);
    if (found.length === 0) asked.answer({ action: "accept", content });
  };
  return (
    <Dialog open onClose={() => asked.answer(undefined)} title={text.call.asks(line(server, 60))} wide>
      <form onSubmit={submit} noValidate className="flex flex-col gap-4">
        <p className="foreign whitespace-pre-line">{plain(String(message ?? "").slice(0, 5000))}</p>
        <SchemaForm schema={schema} value={value} onChange={setValue} problems={problems} />
        <div className="flex justify-end gap-2">
          <Button onClick={() => asked.answer({ action: "decline" })}>{text.call.decline}</Button>
          <Button type="submit" look="solid">
            {text.call.answer}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
