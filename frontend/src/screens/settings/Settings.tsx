import { type ReactNode, useId } from "react";
import { type Prefs, setPrefs, usePrefs } from "../../lib/prefs";
import { text } from "../../text";
import { Select } from "../../ui/Field";
import { Switch } from "../../ui/Switch";
import { DesktopSection } from "./DesktopSection";
import { HubSection } from "./HubSection";
import { OwnSettings } from "./OwnSettings";

export function Settings() {
  const prefs = usePrefs();
  const theme = useId();
  return (
    <div className="flex max-w-3xl flex-col gap-6">
      <h1 className="text-xl font-semibold">{text.settings.title}</h1>
      <Section title={text.settings.look} note={text.settings.kept}>
        <div className="flex items-center justify-between gap-4 px-4 py-2.5">
          <label htmlFor={theme}>{text.settings.theme}</label>
          <Select
            id={theme}
            value={prefs.theme}
            onChange={(e) => setPrefs({ theme: e.target.value as Prefs["theme"] })}
            className="w-auto!"
          >
            {(["system", "light", "dark"] as const).map((name) => (
              <option key={name} value={name}>
                {text.theme[name]}
              </option>
            ))}
          </Select>
        </div>
        <Toggle label={text.settings.dense} checked={prefs.dense} onChange={(on) => setPrefs({ dense: on })} local />
        <Toggle
          label={text.settings.keys}
          note={text.settings.keysText}
          checked={prefs.keys}
          onChange={(on) => setPrefs({ keys: on })}
          local
        />
        <Toggle label={text.settings.wrap} checked={prefs.wrap} onChange={(on) => setPrefs({ wrap: on })} local />
      </Section>
      <DesktopSection />
      <OwnSettings />
      <HubSection />
    </div>
  );
}

export function Section({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-2">
      <h2 id={id} className="text-base">
        {title}
      </h2>
      <div className="divide-y divide-line rounded-lg border border-line bg-surface shadow-card">{children}</div>
      {note && <p className="text-sm text-muted">{note}</p>}
    </section>
  );
}

interface ToggleProps {
  label: string;
  note?: string;
  checked: boolean;
  onChange: (on: boolean) => void;
  /** It is of the page itself, which can change it without the hub. */
  local?: boolean;
}

export function Toggle({ label, note, checked, onChange, local }: ToggleProps) {
  return (
    <div className="flex items-center justify-between gap-4 px-4 py-2.5">
      <div className="min-w-0">
        <p>{label}</p>
        {note && <p className="foreign text-sm text-muted">{note}</p>}
      </div>
      <Switch checked={checked} onChange={onChange} label={label} local={local} />
    </div>
  );
}

export function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid gap-x-4 px-4 py-2.5 sm:grid-cols-[14rem_minmax(0,1fr)]">
      <dt className="font-normal text-muted">{name}</dt>
      <dd className="foreign">{children}</dd>
    </div>
  );
}
