import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { Frame } from "./frame/Frame";
import { Broken, Missing } from "./frame/Lost";
import { type CallSearch, callSearch } from "./screens/history/filter";
import { loadCharts } from "./screens/history/lazyCharts";
import { Servers } from "./screens/servers/Servers";

// The routes are written out one by one: made by a function they would lose their types.

const root = createRootRoute({ component: Frame, notFoundComponent: Missing, errorComponent: Broken });

const word = (value: unknown) => (typeof value === "string" && value ? value : undefined);
const number = (value: unknown) => (Number.isInteger(value) ? (value as number) : undefined);

const servers = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: Servers,
  validateSearch: (s): { q?: string; show?: string; sort?: string; file?: string } => ({
    q: word(s.q),
    show: word(s.show),
    file: word(s.file),
    sort: word(s.sort),
  }),
});

const server = createRoute({
  getParentRoute: () => root,
  path: "/servers/$name",
  component: lazyRouteComponent(() => import("./screens/server/ServerScreen"), "ServerScreen"),
  validateSearch: (s): { tab?: string } & CallSearch => ({ tab: word(s.tab), ...callSearch(s) }),
  loaderDeps: ({ search }) => ({ view: search.view }),
  loader: ({ deps }) => loadCharts(deps.view),
});

const tool = createRoute({
  getParentRoute: () => root,
  path: "/servers/$name/tools/$tool",
  component: lazyRouteComponent(() => import("./screens/tool/ToolScreen"), "ToolScreen"),
  validateSearch: (s): { call?: number } => ({ call: number(s.call) }),
});

const prompt = createRoute({
  getParentRoute: () => root,
  path: "/servers/$name/prompts/$prompt",
  component: lazyRouteComponent(() => import("./screens/tool/PromptScreen"), "PromptScreen"),
  validateSearch: (s): { call?: number } => ({ call: number(s.call) }),
});

const resource = createRoute({
  getParentRoute: () => root,
  path: "/servers/$name/resource",
  component: lazyRouteComponent(() => import("./screens/tool/ResourceScreen"), "ResourceScreen"),
  validateSearch: (s): { uri?: string; template?: string } => ({ uri: word(s.uri), template: word(s.template) }),
});

const add = createRoute({
  getParentRoute: () => root,
  path: "/add",
  component: lazyRouteComponent(() => import("./screens/add/Add"), "Add"),
});

const market = createRoute({
  getParentRoute: () => root,
  path: "/market",
  component: lazyRouteComponent(() => import("./screens/market/Market"), "Market"),
  validateSearch: (s): { q?: string; category?: string; source?: string; sort?: string } => ({
    q: word(s.q),
    category: word(s.category),
    source: word(s.source),
    sort: word(s.sort),
  }),
});

const item = createRoute({
  getParentRoute: () => root,
  path: "/market/item",
  component: lazyRouteComponent(() => import("./screens/market/ItemScreen"), "ItemScreen"),
  validateSearch: (s): { id?: string; source?: string } => ({ id: word(s.id), source: word(s.source) }),
});

const config = createRoute({
  getParentRoute: () => root,
  path: "/config",
  component: lazyRouteComponent(() => import("./screens/config/Config"), "Config"),
  validateSearch: (s): { file?: number; line?: number; view?: string; version?: string } => ({
    file: number(s.file),
    line: number(s.line),
    view: word(s.view),
    version: word(s.version),
  }),
});

const history = createRoute({
  getParentRoute: () => root,
  path: "/history",
  component: lazyRouteComponent(() => import("./screens/history/History"), "History"),
  validateSearch: callSearch,
  loaderDeps: ({ search }) => ({ view: search.view }),
  loader: ({ deps }) => loadCharts(deps.view),
});

const call = createRoute({
  getParentRoute: () => root,
  path: "/history/$id",
  component: lazyRouteComponent(() => import("./screens/history/CallScreen"), "CallScreen"),
  validateSearch: (s): { with?: number } => ({ with: number(s.with) }),
});

const activity = createRoute({
  getParentRoute: () => root,
  path: "/activity",
  component: lazyRouteComponent(() => import("./screens/activity/Activity"), "Activity"),
  validateSearch: (s): { q?: string; kind?: string } => ({ q: word(s.q), kind: word(s.kind) }),
});

const logs = createRoute({
  getParentRoute: () => root,
  path: "/logs",
  component: lazyRouteComponent(() => import("./screens/logs/Logs"), "Logs"),
  validateSearch: (s): { server?: string; source?: string; level?: string; q?: string; regex?: boolean } => ({
    server: word(s.server),
    source: word(s.source),
    level: word(s.level),
    q: word(s.q),
    regex: s.regex === true || undefined,
  }),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("./screens/settings/Settings"), "Settings"),
});

const clients = createRoute({
  getParentRoute: () => root,
  path: "/clients",
  component: lazyRouteComponent(() => import("./screens/clients/Clients"), "Clients"),
  validateSearch: (s): { q?: string; why?: boolean; client?: string; server?: string; tool?: string } => ({
    q: word(s.q),
    why: s.why === true || undefined,
    client: word(s.client),
    server: word(s.server),
    tool: word(s.tool),
  }),
});

const secrets = createRoute({
  getParentRoute: () => root,
  path: "/secrets",
  component: lazyRouteComponent(() => import("./screens/secrets/Secrets"), "Secrets"),
  validateSearch: (s): { tab?: string; set?: string } => ({ tab: word(s.tab), set: word(s.set) }),
});

export const router = createRouter({
  routeTree: root.addChildren([
    servers,
    server,
    tool,
    prompt,
    resource,
    add,
    market,
    item,
    config,
    history,
    call,
    activity,
    logs,
    settings,
    clients,
    secrets,
  ]),
  history: createHashHistory(),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
