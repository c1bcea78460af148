import type { Server } from "../../api/client";
import { useServerLog } from "../../api/queries";
import { text } from "../../text";
import { Failure, Loading } from "../../ui/states";
import { LogView } from "../logs/LogView";

export function LogTab({ server: s }: { server: Server }) {
  const { data, error, refetch } = useServerLog(s.name);
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading rows={8} height="h-5" />;
  return <LogView lines={data} name={s.name} empty={text.logs.none} />;
}
