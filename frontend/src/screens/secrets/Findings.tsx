import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Finding, useFindings } from "../../api/secrets";
import { base } from "../../lib/paths";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Failure } from "../../ui/states";
import { MoveDialog } from "./MoveDialog";

/** Secrets that stand in configuration files in plain text, each with a way out of there. */
export function Findings() {
  const { data, error, refetch } = useFindings();
  const [moving, setMoving] = useState<Finding>();
  if (error && !data) return <Failure error={error} title={text.findings.failed} retry={() => void refetch()} />;
  if (!data || data.length === 0) return null;
  return (
    <section aria-labelledby="findings" className="flex flex-col gap-2">
      <h2 id="findings" className="text-base">
        {text.findings.title(data.length)}
      </h2>
      <p className="text-sm text-muted">{text.findings.intro}</p>
      <ul className="divide-y divide-line rounded-lg border border-line bg-surface shadow-card">
        {data.map((f) => {
          const what = line(f.key || f.path.join("."), 80);
          const file = base(f.from.file);
          return (
            <li
              key={`${f.server} ${f.path.join(" ")} ${f.key}`}
              className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-(--row)"
            >
              <div className="min-w-0 grow basis-56">
                <p className="foreign">
                  <span className="font-mono text-sm font-semibold">{what}</span>{" "}
                  <Link to="/servers/$name" params={{ name: f.server }} className="text-sm text-accent hover:underline">
                    {line(f.server, 60)}
                  </Link>
                </p>
                <p className="foreign text-sm text-muted">
                  {line(f.why, 200)} · {text.findings.at(line(file, 60), f.from.line)}
                </p>
              </div>
              <Button acts onClick={() => setMoving(f)} aria-label={text.findings.moveOf(what, line(f.server, 60))}>
                {text.findings.move}
              </Button>
            </li>
          );
        })}
      </ul>
      {moving && <MoveDialog finding={moving} onClose={() => setMoving(undefined)} />}
    </section>
  );
}
