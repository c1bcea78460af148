import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open } from "./browser";
import { Hub } from "./hub";

// 200 servers with 5,000 tools. The aim is 300 ms for each step; the tests allow ten times that, and print what it was.
const servers = 200;
const aim = 300;

const tools = Array.from({ length: 25 }, (_, i) => ({
  name: `tool_${i}`,
  description: `Does thing ${i} of many things that servers do`,
  inputSchema: { type: "object", properties: { a: { type: "string" } } },
}));

/** A remote MCP server without sessions. */
const peer: Server = createServer(async (request, answer) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { id, method } = body ? JSON.parse(body) : {};
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "many", version: "1" },
    },
    "tools/list": { tools },
    ping: {},
  };
  if (request.method !== "POST") return answer.writeHead(405).end();
  if (id === undefined) return answer.writeHead(202).end();
  const result = results[method];
  const error = { code: -32601, message: "There is no such method" };
  answer.setHeader("Content-Type", "application/json");
  answer.end(JSON.stringify({ jsonrpc: "2.0", id, ...(result ? { result } : { error }) }));
});

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  await new Promise<void>((done) => peer.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(peer.address() as AddressInfo).port}/mcp`;
  browser = await launch();
  const names = Array.from({ length: servers }, (_, i) => `server-${String(i).padStart(3, "0")}`);
  hub = await new Hub(Object.fromEntries(names.map((name) => [name, { url, protocol: "legacy" }]))).start();
  await hub.until("server-199", "ready");
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
  peer.close();
});

test("every step answers soon", async () => {
  const { page, context, faults } = await open(browser, hub);
  const slow: string[] = [];
  const step = async (name: string, run: () => Promise<unknown>) => {
    const began = performance.now();
    await run();
    const took = Math.round(performance.now() - began);
    console.log(`${name}: ${took} ms`);
    if (took > 10 * aim) slow.push(`${name}: ${took} ms`);
  };
  await page.goto(`${hub.url}#/settings`);
  await page.getByText("Speaks as mcp-hub").waitFor();
  await step("200 servers", async () => {
    await page.getByRole("link", { name: "Servers", exact: true }).click();
    await page.getByText("server-199").waitFor();
  });
  await step("filter them", async () => {
    await page.getByLabel("Filter servers").fill("server-19");
    await page.getByText("server-000").waitFor({ state: "detached" });
  });
  await step("one server", async () => {
    await page.getByText("server-199").click();
    await page.getByText("tool_24").waitFor();
  });
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Go to a server").waitFor();
  await page.waitForTimeout(1500); // the lists of 200 servers are asked for once
  await step("search 5,000 tools", async () => {
    await page.getByPlaceholder("Go to a server").fill("tool_7 server-150");
    await page
      .getByRole("option", { name: /tool_7/ })
      .first()
      .waitFor();
  });
  expect([...slow, ...faults]).toEqual([]);
  await context.close();
});
