import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ask, client } from "../../api/client";
import { keys } from "../../api/keys";
import type { components } from "../../api/schema.gen";
import { text } from "../../text";
import { complain } from "../../ui/Toast";
import { Section, Toggle } from "./Settings";

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
      <Toggle
        label={text.settings.atLogin}
        note={data.startAtLogin ? where : text.settings.notAtLogin(data.where)}
        checked={data.startAtLogin}
        onChange={(on) => change.mutate({ startAtLogin: on })}
      />
      {(["signInNeeded", "failed", "toolsChanged"] as const).map((kind) => (
        <Toggle
          key={kind}
          label={text.settings.notify[kind]}
          checked={data.notifications[kind]}
          onChange={(on) => change.mutate({ notifications: { [kind]: on } })}
        />
      ))}
    </Section>
  );
}
