import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { text } from "../text";
import { Menu } from "../ui/Menu";
import { screens } from "./nav";

/** Whether a screen, or one that belongs to it, is shown. */
function useCurrent() {
  const { pathname } = useLocation();
  return (to: string) => (to === "/" ? pathname === "/" || pathname.startsWith("/servers") : pathname.startsWith(to));
}

/** The list of screens beside the page, from 640 px. */
export function Rail() {
  const current = useCurrent();
  return (
    <nav
      aria-label={text.nav.label}
      className="sticky top-0 hidden h-dvh w-14 shrink-0 flex-col gap-0.5 border-r border-line bg-surface p-2 sm:flex lg:w-48 lg:p-3"
    >
      <Link to="/" aria-label={text.hub} className="mb-3 flex h-8 items-center gap-2 px-2 font-semibold">
        <Mark />
        <span className="hidden lg:inline">{text.hub}</span>
      </Link>
      {screens.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true, includeSearch: false }}
          data-current={current(to) || undefined}
          title={label}
          className="flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm font-medium text-muted hover:bg-sunken hover:text-text data-current:bg-accent-soft data-current:text-accent"
        >
          <Icon size={16} aria-hidden className="shrink-0" />
          <span className="sr-only lg:not-sr-only">{label}</span>
        </Link>
      ))}
    </nav>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" className="size-6 shrink-0">
      <rect width="32" height="32" rx="8" className="fill-solid" />
      <path
        d="M16 11V6.500M20.600 19l4 2.600M11.400 19l-4 2.600"
        stroke="#fff"
        strokeWidth="2.400"
        strokeLinecap="round"
      />
      <circle cx="16" cy="16" r="4.200" fill="#fff" />
    </svg>
  );
}

/** How many screens stand in the bar itself: more would be too narrow for a finger. */
const inBar = 4;

/** The same at the bottom of narrow windows, where thumbs are. */
export function BottomBar() {
  const current = useCurrent();
  const navigate = useNavigate();
  const rest = screens.slice(inBar);
  const slot =
    "flex min-w-0 flex-1 flex-col items-center gap-0.5 py-2 text-xs text-muted -outline-offset-2! data-current:text-accent";
  return (
    <nav
      aria-label={text.nav.label}
      className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] sm:hidden"
    >
      {screens.slice(0, inBar).map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true, includeSearch: false }}
          data-current={current(to) || undefined}
          className={slot}
        >
          <Icon size={18} aria-hidden />
          <span className="max-w-full truncate">{label}</span>
        </Link>
      ))}
      <Menu
        items={rest.map(({ to, label, icon: Icon }) => ({
          label,
          icon: <Icon size={15} aria-hidden />,
          onSelect: () => void navigate({ to }),
        }))}
      >
        <button type="button" data-current={rest.some((s) => current(s.to)) || undefined} className={slot}>
          <Ellipsis size={18} aria-hidden />
          {text.nav.more}
        </button>
      </Menu>
    </nav>
  );
}
