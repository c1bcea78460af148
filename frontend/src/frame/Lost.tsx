import { Link, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Empty, Failure } from "../ui/states";

export function Missing() {
  return (
    <Empty
      icon={<Compass size={28} aria-hidden />}
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
