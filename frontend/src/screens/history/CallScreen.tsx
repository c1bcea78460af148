import { Link, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft, SearchX } from "lucide-react";
import { HubError } from "../../api/client";
import { useRecorded } from "../../api/history";
import { text } from "../../text";
import { Empty, Failure, Loading } from "../../ui/states";
import { Call } from "./Call";
import { Compare } from "./Compare";

/** One call; or two of them, if the address names another to compare it with. */
export function CallScreen() {
  const { id } = useParams({ from: "/history/$id" });
  const { with: other } = useSearch({ from: "/history/$id" });
  const one = useRecorded(Number(id));
  const two = useRecorded(other);
  const wanted = other === undefined ? [one] : [one, two];
  const failed = wanted.find((q) => q.error);
  return (
    <div className="flex flex-col gap-4">
      <Link
        to="/history"
        className="-ml-1 inline-flex items-center gap-1 self-start text-sm text-muted hover:text-text"
      >
        <ChevronLeft size={15} aria-hidden />
        {text.history.call.all}
      </Link>
      {failed && <Wrong error={failed.error} retry={() => void failed.refetch()} />}
      {!failed && wanted.some((q) => !q.data) && <Loading rows={3} height="h-28" />}
      {!failed && one.data && other === undefined && <Call key={id} call={one.data} />}
      {!failed && one.data && two.data && other !== undefined && <Compare one={one.data} two={two.data} />}
    </div>
  );
}

function Wrong({ error, retry }: { error: unknown; retry: () => void }) {
  const gone = error instanceof HubError && (error.status === 404 || error.status === 422);
  if (!gone) return <Failure title={text.history.failed} error={error} retry={retry} />;
  return (
    <Empty
      icon={<SearchX size={28} aria-hidden />}
      whole
      title={text.history.call.gone}
      action={
        <Link to="/history" className="text-accent underline">
          {text.history.call.all}
        </Link>
      }
    />
  );
}
