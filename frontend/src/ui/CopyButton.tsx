import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { text } from "../text";
import { Button } from "./Button";

interface Props {
  value: string | (() => string);
  /** Shown beside the icon; without it only the icon is. */
  label?: string;
  /** What is copied, for those who do not see the icon. */
  what?: string;
}

export function CopyButton({ value, label, what }: Props) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof value === "function" ? value() : value);
      setDone(true);
    } catch {
      // a browser may not allow it; the text is on the page to be selected
    }
  };
  return (
    <Button
      look={label ? "plain" : "quiet"}
      square={!label}
      aria-label={label ? undefined : text.copyOf(what ?? "")}
      onClick={copy}
    >
      {done ? <Check size={15} aria-hidden className="text-ok" /> : <Copy size={15} aria-hidden />}
      {label}
      <span role="status" className="sr-only">
        {done ? text.copied : ""}
      </span>
    </Button>
  );
}
