import { usePrefs } from "../lib/prefs";
import { text } from "../text";
import { Dialog } from "../ui/Dialog";
import { screens } from "./nav";

const rows: [string, string][] = [
  ["Ctrl K", text.search.open],
  ["/", text.shortcuts.filter],
  ["n", text.add.open],
  ...screens.map((s): [string, string] => [`g ${s.key}`, s.label]),
  ["j  k", text.shortcuts.move],
  ["Enter", text.shortcuts.open],
  ["e", text.shortcuts.toggle],
  ["r", text.shortcuts.restart],
  ["?", text.shortcuts.title],
];

export function Shortcuts({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { keys } = usePrefs();
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={text.shortcuts.title}
      description={keys ? undefined : text.shortcuts.off}
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5">
        {rows.map(([key, what]) => (
          <div key={key} className="contents">
            <dt className="font-normal">
              {key
                .split(" ")
                .filter(Boolean)
                .map((k) => (
                  <kbd
                    key={k}
                    className="mr-1 inline-block min-w-6 rounded border border-line bg-sunken px-1.5 text-center font-sans text-xs leading-5"
                  >
                    {k}
                  </kbd>
                ))}
            </dt>
            <dd className="text-muted">{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
