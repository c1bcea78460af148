import { Link } from "@tanstack/react-router";
import { Play, RotateCw } from "lucide-react";
import type { Server } from "../../api/client";
import { useServerAction, useSetEnabled, useStale } from "../../api/queries";
import { cx } from "../../lib/cx";
import { line, plain } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Status } from "../../ui/Status";
import { Switch } from "../../ui/Switch";
import { complain } from "../../ui/Toast";
import { Pulse, usePulses } from "../servers/Pulse";
import { ServerMenu } from "../servers/ServerMenu";
import { SignIn } from "./SignIn";

/** What the server is, how it is, and what to do about it. */
export function Header({ server: s }: { server: Server }) {
  const action = useServerAction();
  const enable = useSetEnabled();
  const pulses = usePulses();
  const name = line(s.displayName, 120);
  const off = s.state === "idle" || s.state === "disabled";
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="foreign min-w-0 text-xl font-semibold">{name}</h1>
        <Status server={s} />
        {pulses && (
          <div className="w-36 max-sm:order-last max-sm:w-full">
            <Pulse name={s.name} counts={pulses.get(s.name)} />
          </div>
        )}
        <div className="grow" />
        <Button
          acts
          busy={action.isPending}
          onClick={() => action.mutate({ name: s.name, action: off ? "start" : "restart" }, { onError: complain })}
        >
          {off ? <Play size={14} aria-hidden /> : <RotateCw size={14} aria-hidden />}
          {off ? text.server.start : text.server.restart}
        </Button>
        {!s.builtin && (
          <Switch
            checked={!s.disabled}
            onChange={(enabled) => enable.mutate({ name: s.name, enabled }, { onError: complain })}
            label={text.server.enabledOf(name)}
          />
        )}
        <ServerMenu server={s} />
      </div>
      {s.description && <p className="foreign max-w-prose text-muted">{plain(s.description)}</p>}
      {s.health.level !== "ok" && s.health.level !== "off" && <Health server={s} />}
    </div>
  );
}

/** The hub's own sentence on what is wrong, and the ways to mend it. */
function Health({ server: s }: { server: Server }) {
  const stale = useStale();
  const bad = s.health.level === "error";
  return (
    <div className={cx("rounded-lg p-3.5", stale ? "bg-sunken" : bad ? "bg-err-soft" : "bg-warn-soft")}>
      <p className="foreign font-medium whitespace-pre-wrap">{plain(s.health.summary)}</p>
      {s.health.action && <p className="foreign mt-0.5">{plain(s.health.action)}</p>}
      {s.problems && s.problems.length > 1 && (
        <ul className="mt-2 list-disc pl-5">
          {s.problems.map((p) => (
            <li key={p} className="foreign">
              {plain(p)}
            </li>
          ))}
        </ul>
      )}
      {s.state === "authorizing" && <SignIn server={s} />}
      {s.state !== "starting" && (
        <p className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-sm">
          <Link
            to="/servers/$name"
            params={{ name: s.name }}
            search={{ tab: "logs" }}
            className="font-medium underline"
          >
            {text.server.showLog}
          </Link>
          {s.secret && (
            <Link to="/secrets" search={{ set: s.secret }} className="font-medium underline">
              {text.secrets.setOf(line(s.secret, 80))}
            </Link>
          )}
          {s.config && (
            <Link
              to="/servers/$name"
              params={{ name: s.name }}
              search={{ tab: "config" }}
              className="font-medium underline"
            >
              {text.server.fixConfig}
            </Link>
          )}
        </p>
      )}
    </div>
  );
}
