import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "../../api/client";
import { keys } from "../../api/keys";
import type { components } from "../../api/schema.gen";
import { text } from "../../text";
import { Switch } from "../../ui/Switch";
import { complain } from "../../ui/Toast";
import { Section } from "./Settings";

type Change = components["schemas"]["DesktopChange"];

/** What the tray's menu switches too. There is nothing to see where the hub has no desktop. */
export function DesktopSection() {
  const cache = useQueryClient();
  const { data } = useQuery({
    queryKey: keys.desktop,
    queryFn: async () => (await ask(client.GET("/api/v2/desktop"))).desktop ?? null,
  });
  const change = useMutation({
    mutationFn: (body: Change) => ask(client.PATCH("/api/v2/desktop", { body })),
    onSuccess: (answer) => cache.setQueryData(keys.desktop, answer.desktop ?? null),
    onError: complain,
  });
  if (!data) return null;
  const where = data.byService ? text.settings.bySystemd : text.settings.writtenTo(data.where);
  return (
    <Section title={text.settings.desktop} note={text.settings.desktopText}>
      <Choice
        label={text.settings.atLogin}
        note={data.startAtLogin ? where : text.settings.notAtLogin(data.where)}
        checked={data.startAtLogin}
        onChange={(on) => change.mutate({ startAtLogin: on })}
      />
      {(["signInNeeded", "failed", "toolsChanged"] as const).map((kind) => (
        <Choice
          key={kind}
          label={text.settings.notify[kind]}
          checked={data.notifications[kind]}
          onChange={(on) => change.mutate({ notifications: { [kind]: on } })}
        />
      ))}
    </Section>
  );
}

interface ChoiceProps {
  label: string;
  note?: string;
  checked: boolean;
  onChange: (on: boolean) => void;
}

function Choice({ label, note, checked, onChange }: ChoiceProps) {
  return (
    <div className="flex items-center justify-between gap-4 px-4 py-2.5">
      <div className="min-w-0">
        <p>{label}</p>
        {note && <p className="foreign text-sm text-muted">{note}</p>}
      </div>
      <Switch checked={checked} onChange={onChange} label={label} />
    </div>
  );
}
