import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Server } from "../../api/client";
import { useServers } from "../../api/queries";
import { signInState } from "../../api/signin";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Status } from "../../ui/Status";
import { Empty, Failure, Loading } from "../../ui/states";
import { SignedIn, SignIn } from "../server/SignIn";

/** How the sign-ins to remote servers stand: those that need the person come first. */
export function SignIns() {
  const { data, error, refetch } = useServers();
  const remote = (data ?? []).filter((s) => s.transport === "remote");
  const states = useQueries({ queries: remote.map((s) => signInState(s.name, s.state)) });
  if (error && !data) return <Failure error={error} title={text.servers.failed} retry={() => void refetch()} />;
  if (!data || states.some((s) => s.isLoading)) return <Loading />;
  const needs = (s: Server) => Number(s.state === "authorizing");
  const shown = remote
    .filter((s, i) => needs(s) || states[i]?.error || (states[i]?.data?.state ?? "none") !== "none")
    .sort((a, b) => needs(b) - needs(a));
  if (shown.length === 0)
    return (
      <Empty
        title={text.signIn.noneAsked}
        action={
          <Link to="/add" className="font-medium text-accent underline">
            {text.add.title}
          </Link>
        }
      >
        {text.signIn.noneAskedText(remote.length)}
      </Empty>
    );
  return (
    <ul className="flex flex-col gap-3">
      {shown.map((s) => (
        <li key={s.name} className="rounded-lg border border-line bg-surface p-4 shadow-card">
          <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1">
            <Link
              to="/servers/$name"
              params={{ name: s.name }}
              className="foreign min-w-0 font-semibold hover:text-accent"
            >
              {line(s.displayName, 80)}
            </Link>
            <Status server={s} />
          </div>
          <SignedIn server={s} bare />
          {s.state === "authorizing" && <SignIn server={s} />}
        </li>
      ))}
    </ul>
  );
}
