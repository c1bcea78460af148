import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { Hub } from "./hub";
import { registry, sources } from "./registry";

export interface Screen {
  name: string;
  path: string;
  /** Waits until there is what there should be, and makes the screen show it. */
  ready: (page: Page) => Promise<void>;
}

const see = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();

/** Every screen, as the tests of all screens and the pictures visit it. */
export const screens: Screen[] = [
  { name: "servers", path: "/", ready: see(/needs? you/) },
  { name: "server-tools", path: "/servers/everything", ready: see("offered to clients") },
  { name: "server-resources", path: "/servers/everything?tab=resources", ready: see("Templates") },
  { name: "server-prompts", path: "/servers/everything?tab=prompts", ready: see("args-prompt") },
  { name: "server-logs", path: "/servers/everything?tab=logs", ready: see("lines") },
  { name: "server-config", path: "/servers/notes?tab=config", ready: see("From ") },
  { name: "server-about", path: "/servers/everything?tab=about", ready: see("Capabilities") },
  { name: "server-failed", path: "/servers/issues?tab=logs", ready: see("Show the log") },
  {
    name: "tool",
    path: "/servers/everything/tools/get-structured-content",
    ready: async (page) => {
      await page.getByLabel("location").selectOption({ index: 1 });
      await page.getByRole("button", { name: "Run tool" }).click();
      await page.getByText("Structured content").first().waitFor();
    },
  },
  { name: "server-history", path: "/servers/notes?tab=history", ready: see("read_text_file") },
  { name: "history", path: "/history", ready: see("read_text_file") },
  { name: "history-charts", path: "/history?view=charts", ready: see("Slowest") },
  {
    name: "history-table",
    path: "/history?view=charts",
    ready: (page) => page.getByRole("button", { name: "Show as table" }).click(),
  },
  {
    name: "call",
    path: "/history?name=get-structured-content",
    ready: async (page) => {
      await page.locator("[data-row-link]").first().click();
      await page.getByText("What happened around it").waitFor();
      await page.getByText("Earlier calls of it").waitFor();
    },
  },
  {
    name: "call-compare",
    path: "/history?name=get-structured-content&client=claude-code",
    ready: async (page) => {
      await page.locator("[data-row-link]").first().click();
      await page
        .getByRole("link", { name: /Compare with/ })
        .first()
        .click();
      await page.getByText("Two calls compared").waitFor();
      await page.locator("del, ins").first().waitFor();
    },
  },
  {
    name: "prompt",
    path: "/servers/everything/prompts/args-prompt",
    ready: async (page) => {
      await page.getByLabel("city").fill("Lisbon");
      await page.getByRole("button", { name: "Get the prompt" }).click();
      await page.getByText("Lisbon").last().waitFor();
    },
  },
  {
    name: "add",
    path: "/add",
    ready: async (page) => {
      await page
        .getByLabel("JSON, command line or address")
        .fill("GITHUB_TOKEN=${GITHUB_TOKEN} npx -y @modelcontextprotocol/server-github");
      await page.getByText("Found one server").waitFor();
    },
  },
  { name: "market", path: "/market", ready: see("61 servers") },
  { name: "market-item", path: "/market/item?id=graph&source=community", ready: see("Still missing: MEMORY_FILE") },
  { name: "config", path: "/config", ready: see("No problems") },
  { name: "config-merged", path: "/config?view=merged", ready: see("What all files together say") },
  { name: "config-history", path: "/config?view=history", ready: see("Restore") },
  { name: "activity", path: "/activity", ready: (page) => page.getByRole("heading", { name: "Activity" }).waitFor() },
  { name: "logs", path: "/logs", ready: (page) => page.getByRole("log").waitFor() },
  { name: "clients", path: "/clients", ready: see("claude-code") },
  {
    name: "client-why",
    path: "/clients?why=true&server=notes&tool=move_file",
    ready: async (page) => {
      const client = await page.locator("option", { hasText: "claude-code" }).getAttribute("value");
      await page.getByLabel("Client", { exact: true }).selectOption(client);
      await page.getByRole("button", { name: "Find out" }).click();
      await page.getByText("disabled_tools").waitFor();
    },
  },
  {
    name: "client-disconnect",
    path: "/clients",
    ready: async (page) => {
      await page.getByRole("button", { name: "More for claude-code" }).click();
      await page.getByRole("menuitem", { name: "Disconnect" }).click();
      await page.getByText("Many clients come back").waitFor();
    },
  },
  { name: "secrets", path: "/secrets", ready: see("stands in plain text") },
  { name: "secret-set", path: "/secrets?set=POSTGRES_PASSWORD", ready: see("The value cannot be shown again") },
  {
    name: "secret-move",
    path: "/secrets",
    ready: async (page) => {
      await page.getByRole("button", { name: /^Move .* of memory/ }).click();
      await page.getByText("will read").first().waitFor();
    },
  },
  { name: "sign-ins", path: "/secrets?tab=sign-ins", ready: see("No server has asked") },
  { name: "tokens", path: "/secrets?tab=tokens", ready: see("reads only") },
  {
    name: "token-new",
    path: "/secrets?tab=tokens",
    ready: async (page) => {
      await page.getByRole("button", { name: "New token" }).click();
      await page.getByLabel("Only these").check();
    },
  },
  { name: "settings", path: "/settings", ready: see("Speaks as mcp-hub") },
  { name: "missing", path: "/no/such/page", ready: see("There is no such page") },
  {
    name: "palette",
    path: "/",
    ready: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByPlaceholder("Go to a server").fill("echo");
      await page.getByText("echo").first().waitFor();
    },
  },
];

/** A hub with servers in all the states that one meets. */
export async function sampleHub(): Promise<Hub> {
  const fake = await registry("npx", ["-y", "@modelcontextprotocol/server-memory"]);
  const hub = new Hub({});
  hub.onClose(() => fake.server.close());
  hub.write(`{
  // Servers that every editor on this machine shares
  "hub": ${JSON.stringify(sources(fake.url))},
  "mcpServers": {
    "everything": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-everything"],
      "description": "Exercises all features of the protocol",
    },
    "notes": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-filesystem", "\${userHome}/notes"],
      "description": "My notes, as Markdown files",
      "disabled_tools": ["move_file"], // I move them myself
    },
    "memory": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-memory"],
      "env": { "GRAPH_API_KEY": "sk-live-4f9a8b7c6d5e4f3a2b1c" },
      "description": "A knowledge graph that outlives conversations",
    },
    "issues": { "command": "issue-tracker-mcp", "args": ["--token", "\${ISSUES_TOKEN}"] },
    "search": {
      "url": "http://127.0.0.1:9/mcp",
      "headers": { "Authorization": "Bearer \${secret:SEARCH_TOKEN}" },
      "description": "Search of the web",
    },
    "postgres": {
      "command": "uvx",
      "args": ["mcp-server-postgres"],
      "env": { "PGPASSWORD": "\${secret:POSTGRES_PASSWORD}" },
      "disabled": true,
    },
  },
}
`);
  hub.past(400);
  await hub.start();
  await Promise.all([
    hub.until("everything", "ready"),
    hub.until("notes", "ready"),
    hub.until("memory", "ready"),
    hub.until("issues", "failed"),
  ]);
  hub.write(readFileSync(hub.file, "utf8").replace("every editor on", "all editors on")); // there is an earlier version then
  await hub.untilAnswer<{ versions: unknown[] }>("config/files/0/versions", ({ versions }) => versions.length > 0);
  for (const location of ["New York", "Chicago"])
    await hub.call({ server: "everything", name: "get-structured-content" }, { location }, "claude-code/2.1.0");
  await hub.call({ server: "everything", name: "get-structured-content" }, { location: "Nowhere" }, "cursor/1.7");
  await people(hub);
  return hub;
}

/** Secrets, tokens and clients, as a hub has them that has been in use for a while. */
async function people(hub: Hub) {
  for (const name of ["SEARCH_TOKEN", "OLD_TOKEN"])
    await hub.send("PUT", `secrets/${name}`, { value: "not-for-pages" });
  const week = new Date(Date.now() + 7 * 86_400_000).toISOString();
  await hub.send("POST", "tokens", { name: "ci", servers: ["notes", "memory"], readOnly: true, expires: week });
  await hub.send("POST", "tokens", { name: "laptop" });
  const [claude] = await Promise.all([hub.connect("claude-code", "2.1.4"), hub.connect("Visual Studio Code", "1.106")]);
  await claude.ask("tools/call", { name: "everything__echo", arguments: { message: "hello" } });
  await claude.ask("tools/call", { name: "no_such_tool", arguments: {} });
}
