import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useRecorded } from "../../api/history";
import { dateTime } from "../../lib/format";
import { text } from "../../text";
import { reusable } from "../history/copy";

const words = text.history.replay;

/** A recorded call whose arguments a form begins with. Nothing is run by it. */
export interface Replay {
  loading: boolean;
  call?: number;
  value?: Record<string, unknown>;
  /** What the reader must know. */
  notes: string[];
}

export function useReplay(call: number | undefined): Replay {
  const { data, error, isLoading } = useRecorded(call);
  if (call === undefined || isLoading) return { loading: isLoading, notes: [] };
  if (!data) return { loading: false, call, notes: [error?.message ?? text.history.call.gone] };
  const { value, note } = reusable(data);
  return {
    loading: false,
    call,
    value,
    notes: [value && words.from(dateTime(data.time)), note && words[note]].filter((n) => n !== undefined),
  };
}

export function Replayed({ replay: { call, notes } }: { replay: Replay }) {
  if (call === undefined) return null;
  return (
    <p className="foreign flex items-start gap-2 rounded-lg bg-accent-soft px-3 py-2 text-sm">
      <RotateCcw size={14} aria-hidden className="mt-1 shrink-0 text-accent" />
      <span>
        {notes.join(" ")}{" "}
        <Link to="/history/$id" params={{ id: String(call) }} className="text-accent underline">
          {words.back}
        </Link>
      </span>
    </p>
  );
}
