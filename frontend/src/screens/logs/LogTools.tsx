import { Clock, Download, WrapText } from "lucide-react";
import { type Prefs, setPrefs, usePrefs } from "../../lib/prefs";
import { text } from "../../text";
import { Button } from "../../ui/Button";
import { Menu } from "../../ui/Menu";

/** How lines are shown, which the browser remembers, and a way to take them along. */
export function LogTools({ onDownload, busy }: { onDownload: () => void; busy?: boolean }) {
  const { wrap, times } = usePrefs();
  return (
    <div className="flex gap-1">
      <Menu
        items={(Object.keys(text.logs.timeFormats) as Prefs["times"][]).map((format) => ({
          label: text.logs.timeFormats[format],
          checked: times === format,
          onSelect: () => setPrefs({ times: format }),
        }))}
      >
        <Button look="quiet" square aria-label={text.logs.times}>
          <Clock size={15} aria-hidden />
        </Button>
      </Menu>
      <Button
        look="quiet"
        square
        aria-label={text.logs.wrap}
        aria-pressed={wrap}
        onClick={() => setPrefs({ wrap: !wrap })}
        className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
      >
        <WrapText size={15} aria-hidden />
      </Button>
      <Button look="quiet" square aria-label={text.logs.download} busy={busy} onClick={onDownload}>
        <Download size={15} aria-hidden />
      </Button>
    </div>
  );
}
