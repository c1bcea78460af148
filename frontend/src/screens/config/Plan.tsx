import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLate } from "../../lib/useLate";
import { text } from "../../text";
import { configPlan } from "./queries";

const kinds = ["restart", "add", "remove", "start", "stop", "update"] as const;

/** How many servers are named; of more there is only the number. */
const named = 3;

/** What saving a text would do to the servers, in the words of the hub's own comparison. Nothing while it cannot be saved. */
export function Plan({ index, words }: { index: number; words: string }) {
  const { data, error } = useQuery({ ...configPlan(index, useLate(words, 400)), placeholderData: keepPreviousData });
  if (!data || error) return null;
  const parts = kinds.filter((kind) => data[kind].length > 0).map((kind) => ({ kind, names: data[kind] }));
  const kept = data.keep.length;
  return (
    <p role="status" className="text-sm text-muted">
      {text.config.plan.does}{" "}
      {parts.map(({ kind, names }, i) => (
        <span key={kind}>
          {i > 0 && ", "}
          {text.config.plan[kind]}{" "}
          <span className="foreign font-medium text-text">
            {names.length > named ? text.config.plan.many(names.length) : names.join(", ")}
          </span>
        </span>
      ))}
      {(kept > 0 || parts.length === 0) && (
        <span>
          {parts.length > 0 && ", "}
          {text.config.plan.keep} {text.config.plan.many(kept)}
        </span>
      )}
      .
    </p>
  );
}
