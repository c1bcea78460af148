import { useState } from "react";
import { check, type Problem } from "../../forms/check";
import { SchemaForm } from "../../forms/SchemaForm";
import { isObject, type Value } from "../../forms/schema";
import { complete } from "../../forms/values";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Ask } from "./Ask";
import type { Asked } from "./useCall";

/** A server asks the person for something (elicitation). */
export function QuestionDialog({ server, asked }: { server: string; asked: Asked }) {
  const { message, requestedSchema } = asked.params;
  const schema = isObject(requestedSchema) ? requestedSchema : {};
  const [value, setValue] = useState<Value>({});
  const [problems, setProblems] = useState<Problem[]>([]);
  const answer = () => {
    const content = complete(schema, value ?? {}, schema);
    const found = check(schema, content);
    setProblems(found);
    if (found.length === 0) asked.answer({ action: "accept", content });
  };
  return (
    <Ask
      title={text.call.asks(line(server, 60))}
      onAnswer={answer}
      onDecline={() => asked.answer({ action: "decline" })}
      onClose={() => asked.answer(undefined)}
    >
      <p className="foreign whitespace-pre-line">{plain(String(message ?? "").slice(0, 5000))}</p>
      <SchemaForm schema={schema} value={value} onChange={setValue} problems={problems} />
    </Ask>
  );
}
