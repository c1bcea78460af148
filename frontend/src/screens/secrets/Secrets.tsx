import { useNavigate, useSearch } from "@tanstack/react-router";
import { text } from "../../text";
import { Tabs } from "../../ui/Tabs";
import { Tokens } from "../tokens/Tokens";
import { Findings } from "./Findings";
import { SecretList } from "./SecretList";
import { SignIns } from "./SignIns";
import { Store } from "./Store";

const tabs = ["secrets", "sign-ins", "tokens"] as const;
type Tab = (typeof tabs)[number];

/** What must stay secret: what servers are given, sign-ins to them, and the tokens of clients. */
export function Secrets() {
  const search = useSearch({ from: "/secrets" });
  const navigate = useNavigate({ from: "/secrets" });
  const tab = tabs.find((t) => t === search.tab) ?? "secrets";
  const views: Record<Tab, typeof SignIns> = { secrets: Given, "sign-ins": SignIns, tokens: Tokens };
  const View = views[tab];
  return (
    <div className="flex flex-col gap-3">
      <h1 className="text-xl font-semibold">{text.secrets.title}</h1>
      <Tabs
        label={text.secrets.title}
        tabs={tabs.map((id) => ({ id, label: text.secrets.tabs[id] }))}
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next === "secrets" ? undefined : next }, replace: true })}
      >
        <View />
      </Tabs>
    </div>
  );
}

function Given() {
  return (
    <div className="flex flex-col gap-6">
      <SecretList />
      <Findings />
      <Store />
    </div>
  );
}
