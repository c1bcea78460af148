import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ServerOff } from "lucide-react";
import { useServer } from "../../api/queries";
import { text } from "../../text";
import { Empty, Failure, Loading } from "../../ui/states";
import { Tabs } from "../../ui/Tabs";
import { About } from "./About";
import { ConfigTab } from "./ConfigTab";
import { Header } from "./Header";
import { HistoryTab } from "./HistoryTab";
import { LogTab } from "./LogTab";
import { PromptsTab } from "./PromptsTab";
import { ResourcesTab } from "./ResourcesTab";
import { ToolsTab } from "./ToolsTab";

export function ServerScreen() {
  const { name } = useParams({ from: "/servers/$name" });
  const search = useSearch({ from: "/servers/$name" });
  const navigate = useNavigate({ from: "/servers/$name" });
  const { server, loaded, error, refetch } = useServer(name);

  if (!server) {
    if (!loaded && !error) return <Loading />;
    if (error) return <Failure error={error} title={text.servers.failed} retry={() => void refetch()} />;
    return (
      <Empty
        icon={<ServerOff size={28} aria-hidden />}
        whole
        title={text.server.none(name)}
        action={
          <Link to="/" className="text-accent underline">
            {text.server.all}
          </Link>
        }
      />
    );
  }

  const { lists } = server;
  // Of a server that has never been connected nobody knows how many there are.
  const known = (n: number) => (server.state === "ready" || n > 0 ? n : undefined);
  const tabs = [
    { id: "tools", label: text.server.tools, count: known(lists.tools), content: <ToolsTab server={server} /> },
    {
      id: "resources",
      label: text.server.resources,
      count: known(lists.resources + lists.resourceTemplates),
      content: <ResourcesTab server={server} />,
    },
    { id: "prompts", label: text.server.prompts, count: known(lists.prompts), content: <PromptsTab server={server} /> },
    { id: "logs", label: text.server.logs, content: <LogTab server={server} /> },
    { id: "history", label: text.nav.history, content: <HistoryTab server={server} /> },
    ...(server.builtin ? [] : [{ id: "config", label: text.server.config, content: <ConfigTab server={server} /> }]),
    { id: "about", label: text.server.about, content: <About server={server} /> },
  ];
  const tab = tabs.find((t) => t.id === search.tab) ?? tabs[0];

  return (
    <div className="flex flex-col gap-4">
      <Link to="/" className="-ml-1 inline-flex items-center gap-1 self-start text-sm text-muted hover:text-text">
        <ChevronLeft size={15} aria-hidden />
        {text.nav.servers}
      </Link>
      <Header server={server} />
      <Tabs
        label={text.server.parts}
        tabs={tabs}
        value={tab?.id ?? ""}
        onChange={(id) => void navigate({ search: { tab: id === "tools" ? undefined : id }, replace: true })}
      >
        {tab?.content}
      </Tabs>
    </div>
  );
}
