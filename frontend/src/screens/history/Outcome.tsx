import { CircleAlert, CircleCheck, CircleHelp, CircleSlash, CircleX, ClockAlert, Unplug } from "lucide-react";
import type { RecordedCall } from "../../api/history";
import { cx } from "../../lib/cx";
import { text } from "../../text";

const looks = {
  ok: { icon: CircleCheck, tone: "text-ok" },
  tool_error: { icon: CircleX, tone: "text-err" },
  protocol_error: { icon: CircleAlert, tone: "text-err" },
  timeout: { icon: ClockAlert, tone: "text-err" },
  cancelled: { icon: CircleSlash, tone: "text-muted" },
  disconnected: { icon: Unplug, tone: "text-err" },
};

/** How a call ended: a word and a shape, besides the colour. */
export function Outcome({ outcome }: { outcome: RecordedCall["outcome"] }) {
  const { icon: Icon, tone } = looks[outcome] ?? { icon: CircleHelp, tone: "text-muted" };
  return (
    <span className={cx("inline-flex items-center gap-1.5 font-medium whitespace-nowrap", tone)}>
      <Icon size={14} strokeWidth={2.25} aria-hidden className="shrink-0" />
      {text.history.outcomes[outcome] ?? outcome}
    </span>
  );
}
