import { CloudOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Server } from "../api/client";
import { useLive, useServers } from "../api/queries";
import { time } from "../lib/format";
import { text } from "../text";

/** Says since when the page has heard nothing, once that is longer than a hiccup. */
export function StaleBanner() {
  const { link, since } = useLive();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (link !== "lost") {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), 800);
    return () => clearTimeout(timer);
  }, [link]);
  return (
    <div role="status">
      {shown && (
        <p className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-2 text-sm text-warn sm:px-6">
          <CloudOff size={16} aria-hidden className="shrink-0" />
          {text.stale(time(since))}
        </p>
      )}
    </div>
  );
}

/** Tells people who do not see the page which servers changed, at most once a second. */
export function Announcer() {
  const { data } = useServers();
  const before = useRef<Map<string, string>>(undefined);
  const news = useRef(new Map<string, Server>());
  const [words, setWords] = useState("");
  useEffect(() => {
    if (!data) return;
    for (const s of data) {
      const was = before.current?.get(s.name);
      if (before.current && was !== s.state && s.state !== "starting" && s.state !== "stopping")
        news.current.set(s.name, s);
    }
    before.current = new Map(data.map((s) => [s.name, s.state]));
  }, [data]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (news.current.size === 0) return;
      const parts = [...news.current.values()].slice(0, 3).map((s) => `${s.name}: ${s.health.summary}`);
      if (news.current.size > 3) parts.push(text.andMore(news.current.size - 3));
      news.current.clear();
      setWords(parts.join(" "));
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div aria-live="polite" className="sr-only">
      {words}
    </div>
  );
}
