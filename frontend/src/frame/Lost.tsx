import { Link, useRouter } from "@tanstack/react-router";
import { Compass, KeyRound } from "lucide-react";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Code } from "../ui/Code";
import { Empty, Failure } from "../ui/states";

export function Missing() {
  return (
    <Empty
      icon={<Compass size={28} aria-hidden />}
      whole
      title={text.missing.title}
      action={
        <Link to="/" className="text-accent underline">
          {text.missing.back}
        </Link>
      }
    />
  );
}

/** Shown in place of a screen that broke; the rest of the page goes on. */
export function Broken({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <div className="flex flex-col gap-3">
      <h1 className="text-xl">{text.broken.title}</h1>
      <p className="text-muted">{text.broken.text}</p>
      <Failure error={error} retry={() => router.invalidate()} />
      <div>
        <Button onClick={() => location.reload()}>{text.broken.reload}</Button>
      </div>
    </div>
  );
}

/** Shown in place of all screens if the hub does not know this browser, or no more. */
export function Refused() {
  return (
    <div className="mx-auto flex max-w-md flex-col gap-3 pt-8">
      <KeyRound size={28} aria-hidden className="text-muted" />
      <h1 className="text-xl font-semibold">{text.access.title}</h1>
      <p className="text-muted">{text.access.text}</p>
      <Code value={text.access.command} label={text.access.command} />
      <div>
        <Button onClick={() => location.reload()}>{text.broken.reload}</Button>
      </div>
    </div>
  );
}
