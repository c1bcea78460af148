import { Link } from "@tanstack/react-router";
import { useConfigFiles, useConfigSchema, useEffectiveConfig } from "../../api/queries";
import { text } from "../../text";
import { Failure, Loading } from "../../ui/states";
import { get, leaves } from "./leaves";
import { SettingRow } from "./SettingRow";
import { Section } from "./Settings";

/** The hub's settings as its schema describes them, with what holds now, to be changed where they stand. */
export function OwnSettings() {
  const schema = useConfigSchema();
  const effective = useEffectiveConfig();
  const files = useConfigFiles();
  const failed = [schema, effective].find((q) => q.error && !q.data);
  if (failed) return <Failure error={failed.error} retry={() => void failed.refetch()} />;
  if (!schema.data || !effective.data) return <Loading rows={2} />;
  const { flags } = effective.data;
  const set = effective.data.settings.find((s) => s.name === "hub");
  const target = files.data?.files.find((f) => f.path === set?.from.file) ?? files.data?.files[0];
  return (
    <Section
      title={text.settings.own}
      note={
        <span className="foreign">
          {text.settings.ownText(target?.path ?? "")}{" "}
          <Link to="/config" search={{ file: target?.index, line: set?.from.line }} className="text-accent underline">
            {text.settings.edit}
          </Link>
        </span>
      }
    >
      {leaves(get(schema.data, "properties", "hub"), set?.value, "hub").map((l) => (
        <SettingRow key={l.key} leaf={l} target={target} flag={flags.find((f) => f.key === l.key)} />
      ))}
    </Section>
  );
}
