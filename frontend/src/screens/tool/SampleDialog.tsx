import { useId, useState } from "react";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { TextArea } from "../../ui/Field";
import { Ask } from "./Ask";
import { Contents } from "./Contents";
import type { Asked } from "./useCall";

/** A server asks for what a model would say (sampling). There is none here: a person answers, or declines. */
export function SampleDialog({ server, asked }: { server: string; asked: Asked }) {
  const [typed, setTyped] = useState("");
  const id = useId();
  const { systemPrompt, messages } = asked.params;
  const answer = () =>
    asked.answer({ role: "assistant", content: { type: "text", text: typed }, model: "person", stopReason: "endTurn" });
  const refuse = () => asked.answer(undefined);
  return (
    <Ask
      title={text.call.samples(line(server, 60))}
      description={text.call.samplesText}
      onAnswer={answer}
      onDecline={refuse}
      onClose={refuse}
    >
      {typeof systemPrompt === "string" && systemPrompt !== "" && (
        <div className="flex flex-col gap-1">
          <p className="text-sm font-medium text-muted">{text.call.system}</p>
          <p className="foreign whitespace-pre-line">{plain(systemPrompt.slice(0, 5000))}</p>
        </div>
      )}
      <Contents server={server} result={{ messages }} />
      <div className="flex flex-col gap-1">
        <label htmlFor={id}>{text.call.sample}</label>
        <TextArea id={id} rows={4} value={typed} onChange={(e) => setTyped(e.target.value)} />
      </div>
    </Ask>
  );
}
