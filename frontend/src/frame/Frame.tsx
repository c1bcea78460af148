import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, startTransition, useEffect, useRef, useState } from "react";
import { Stale, useLive } from "../api/queries";
import { useKeys } from "../lib/useKeys";
import { text } from "../text";
import { Toasts } from "../ui/Toast";
import { Refused } from "./Lost";
import { Announcer, StaleBanner } from "./Notices";
import { screens } from "./nav";
import { BottomBar, Rail } from "./Rail";
import { Shortcuts } from "./Shortcuts";
import { TopLine } from "./TopLine";

const loadPalette = () => import("./Palette").then((m) => ({ default: m.Palette }));
const Palette = lazy(loadPalette);

export function Frame() {
  const [palette, setPalette] = useState(false);
  const [shortcuts, setShortcuts] = useState(false);
  const navigate = useNavigate();
  const { link } = useLive();
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    // Loaded before it is wanted: what is typed meanwhile would be lost.
    // If the hub is gone just then, it is loaded when it is wanted.
    const timer = setTimeout(() => loadPalette().catch(() => undefined), 500);
    return () => clearTimeout(timer);
  }, []);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        startTransition(() => setPalette((open) => !open)); // else React shows nothing for a while before the first
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  useKeys({
    "?": () => setShortcuts(true),
    n: () => void navigate({ to: "/add" }),
    "/": () => main.current?.querySelector<HTMLElement>('input[type="search"]')?.focus(),
    ...Object.fromEntries(screens.map((s) => [`g ${s.key}`, () => void navigate({ to: s.to })])),
  });
  useTitle();

  return (
    <Stale value={link === "lost" || link === "refused"}>
      <div className="flex min-h-dvh">
        <button
          type="button"
          onClick={() => main.current?.focus()} // no link: the part of the address after # is the screen
          className="sr-only z-50 rounded-md bg-solid px-3 py-2 text-white focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
        >
          {text.skip}
        </button>
        <Rail />
        <div className="flex min-w-0 grow flex-col">
          <TopLine onSearch={() => startTransition(() => setPalette(true))} onShortcuts={() => setShortcuts(true)} />
          <StaleBanner />
          <main
            ref={main}
            tabIndex={-1}
            className="mx-auto w-full max-w-6xl grow px-4 pt-5 pb-24 outline-none sm:px-6 sm:pb-10"
          >
            {link === "refused" ? <Refused /> : <Outlet />}
          </main>
        </div>
        <BottomBar />
        <Suspense>{palette && <Palette onClose={() => setPalette(false)} />}</Suspense>
        <Shortcuts open={shortcuts} onClose={() => setShortcuts(false)} />
        <Announcer />
        <Toasts />
      </div>
    </Stale>
  );
}

/** The page's title is its screen's. */
function useTitle() {
  const { pathname } = useLocation();
  useEffect(() => {
    const screen = screens.find((s) => (s.to === "/" ? pathname === "/" : pathname.startsWith(s.to)));
    const own = pathname.startsWith("/add") ? text.add.title : decodeURIComponent(pathname.split("/")[2] ?? "");
    document.title = [screen?.label ?? own, text.hub].filter(Boolean).join(" · ");
  }, [pathname]);
}
