import { text } from "../../text";

const views = ["calls", "charts"] as const;

/** Whether the calls are listed or counted. */
export function Views({ value, onChange }: { value?: string; onChange: (view: string | undefined) => void }) {
  const now = value === "charts" ? "charts" : "calls";
  return (
    <fieldset className="flex rounded-md border border-line p-0.5">
      <legend className="sr-only">{text.history.view}</legend>
      {views.map((view) => (
        <button
          key={view}
          type="button"
          aria-pressed={now === view}
          onClick={() => onChange(view === "calls" ? undefined : view)}
          className="h-7 rounded px-3 text-sm text-muted aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent"
        >
          {text.history.views[view]}
        </button>
      ))}
    </fieldset>
  );
}
