import {
  Activity,
  FileJson2,
  History,
  KeyRound,
  MonitorSmartphone,
  ScrollText,
  Server,
  Settings,
  Store,
} from "lucide-react";
import { text } from "../text";

/** The screens that the rail leads to, in its order, each with the key that follows "g". */
export const screens = [
  { to: "/", label: text.nav.servers, icon: Server, key: "s" },
  { to: "/market", label: text.nav.market, icon: Store, key: "m" },
  { to: "/history", label: text.nav.history, icon: History, key: "h" },
  { to: "/activity", label: text.nav.activity, icon: Activity, key: "a" },
  { to: "/logs", label: text.nav.logs, icon: ScrollText, key: "l" },
  { to: "/clients", label: text.nav.clients, icon: MonitorSmartphone, key: "u" },
  { to: "/secrets", label: text.nav.secrets, icon: KeyRound, key: "k" },
  { to: "/config", label: text.nav.config, icon: FileJson2, key: "c" },
  { to: "/settings", label: text.nav.settings, icon: Settings, key: "," },
] as const;
