import type { Page } from "playwright-core";
import { Hub, real } from "./hub";
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
    path: "/history?name=get-structured-content&client=cursor",
    ready: async (page) => {
      await page.locator("[data-row-link]").first().click();
      await page.getByText("What happened around it").waitFor();
      await page.getByText("Earlier calls of it").waitFor();
    },
  },
  {
    name: "call-compare",
    path: "/history?name=get-structured-content&client=cursor",
    ready: async (page) => {
      await page.locator("[data-row-link]").first().click();
      await page
        .getByRole("link", { name: /Compare with/ })
        .first()
        .click();
      await page.getByText("Two calls compared").waitFor();
      await page.locator(".cm-content").first().waitFor();
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
  { name: "activity", path: "/activity", ready: (page) => page.getByRole("heading", { name: "Activity" }).waitFor() },
  { name: "logs", path: "/logs", ready: see("What servers write") },
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
  const { command, args } = real.memory as { command: string; args: string[] };
  const fake = await registry(command, args);
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
      "description": "A knowledge graph that outlives conversations",
    },
    "issues": { "command": "issue-tracker-mcp", "args": ["--token", "\${ISSUES_TOKEN}"] },
    "search": { "url": "http://127.0.0.1:9/mcp", "description": "Search of the web" },
    "postgres": { "command": "uvx", "args": ["mcp-server-postgres"], "disabled": true },
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
  for (const location of ["New York", "Chicago"])
    await hub.call({ server: "everything", name: "get-structured-content" }, { location }, "claude-code/2.1.0");
  await hub.call({ server: "everything", name: "get-structured-content" }, { location: "Nowhere" }, "cursor/1.7");
  return hub;
}
