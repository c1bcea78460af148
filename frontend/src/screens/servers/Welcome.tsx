import { Link } from "@tanstack/react-router";
import { Plug, Plus } from "lucide-react";
import { text } from "../../text";
import { Code } from "../../ui/Code";

/** The first thing that a person sees whose hub has no servers. */
export function Welcome() {
  const address = `${location.origin}/mcp`;
  return (
    <div className="mx-auto flex max-w-xl flex-col gap-6 pt-6 sm:pt-12">
      <div>
        <h2 className="text-xl font-semibold">{text.welcome.title}</h2>
        <p className="mt-1 text-muted">{text.welcome.text}</p>
      </div>
      <ol className="flex flex-col gap-3">
        <li className="rounded-lg border border-line bg-surface p-4 shadow-card">
          <h3 className="flex items-center gap-2">
            <Plus size={16} aria-hidden className="text-accent" />
            {text.welcome.add}
          </h3>
          <p className="mt-1 text-muted">{text.welcome.addText}</p>
          <Link
            to="/add"
            className="mt-3 inline-flex h-8 items-center rounded-md bg-solid px-3 text-sm font-medium text-white hover:bg-solid-hover"
          >
            {text.welcome.addButton}
          </Link>
          <Link
            to="/market"
            className="mt-3 ml-3 inline-flex h-8 items-center rounded-md border border-line bg-raised px-3 text-sm font-medium shadow-card hover:bg-sunken"
          >
            {text.welcome.orMarket}
          </Link>
        </li>
        <li className="rounded-lg border border-line bg-surface p-4 shadow-card">
          <h3 className="flex items-center gap-2">
            <Plug size={16} aria-hidden className="text-accent" />
            {text.welcome.connect}
          </h3>
          <p className="mt-1 mb-3 text-muted">{text.welcome.connectText}</p>
          <Code value={address} label={text.welcome.address} />
        </li>
      </ol>
    </div>
  );
}
