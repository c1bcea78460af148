import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, openStranger, problems } from "./browser";
import { Hub, real } from "./hub";

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  hub = await new Hub({ memory: real.memory, everything: real.everything }).start();
  await Promise.all([hub.until("memory", "ready"), hub.until("everything", "ready")]);
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

const connected = (page: Page) => page.getByText("Connected", { exact: true }).locator("visible=true").first();

test("a server that is killed is seen to come back", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/servers/memory?tab=about`);
  const { pid } = await hub.api<{ pid: number }>("servers/memory");
  await page.getByText(String(pid), { exact: true }).waitFor();
  process.kill(pid, "SIGKILL");
  await page.getByText(String(pid), { exact: true }).waitFor({ state: "detached" });
  await hub.until("memory", "ready");
  const again = await hub.api<{ pid: number }>("servers/memory");
  await page.getByText(String(again.pid), { exact: true }).waitFor();
  await page.goto(`${hub.url}#/activity`);
  await page.getByText("is connected now").first().waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("a hub that is gone is told, and nothing is claimed until it is back", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(hub.url);
  await connected(page).waitFor();
  await hub.stop();
  await page.getByText("Not connected to the hub since").waitFor();
  await page.getByText("Was: connected").locator("visible=true").first().waitFor();
  expect(await connected(page).count()).toBe(0);
  expect(await page.getByRole("switch").first().isDisabled()).toBe(true);
  expect(await problems(page)).toEqual([]);
  hub.write(JSON.stringify({ mcpServers: { memory: real.memory } })); // while nobody looks
  await hub.start();
  await page.getByText("Not connected to the hub since").waitFor({ state: "detached", timeout: 30_000 });
  await page.getByText("everything").waitFor({ state: "detached" });
  await connected(page).waitFor();
  expect(await page.getByRole("switch").first().isEnabled()).toBe(true);
  await context.close();
});

test("a tool can be run again after the hub was restarted", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/servers/memory/tools/read_graph`);
  await page.getByRole("button", { name: "Run tool" }).click();
  await page.getByText("entities").first().waitFor();
  await hub.stop();
  await hub.start();
  await hub.until("memory", "ready");
  await page.getByText("Not connected to the hub since").waitFor({ state: "detached", timeout: 30_000 });
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByText("Earlier runs on this page").waitFor();
  await page.getByText("entities").first().waitFor();
  await context.close();
});

test("a browser that the hub does not know is told how to get in", async () => {
  const { page, context } = await openStranger(browser);
  await page.goto(hub.url);
  await page.getByText("mcp-hub open").first().waitFor();
  expect(await problems(page)).toEqual([]);
  await context.close();
});

test("a browser whose session has ended is told how to get in again", async () => {
  const { page, context } = await open(browser, hub);
  await page.route("**/api/**", (route) => route.fulfill({ status: 401, body: "{}" }));
  await page.goto(hub.url);
  await page.getByText("mcp-hub open").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.unroute("**/api/**");
  await connected(page).waitFor({ timeout: 30_000 }); // it goes on by itself
  await context.close();
});
