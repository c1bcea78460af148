import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, problems } from "./browser";
import { Hub, real } from "./hub";
import { registry, sources } from "./registry";

let browser: Browser;
let hub: Hub;
let server: Server;

beforeAll(async () => {
  browser = await launch();
  const { command, args } = real.memory as { command: string; args: string[] };
  const fake = await registry(command, args);
  server = fake.server;
  hub = await new Hub({}, { hub: sources(fake.url) }).start();
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
  server?.close();
});

test("find a server in the marketplace, fill in what it needs, and install it", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/market`);
  await page.getByText("61 servers").first().waitFor();
  await page.getByText("1 of 2 sources could not be read").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Show more" }).click();
  await page.getByText("Tool 40", { exact: true }).waitFor();
  await page.getByLabel("Search the marketplace").fill("knowledge");
  await page.getByText("Tool 40", { exact: true }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Knowledge graph" }).click();
  await page.getByText("Still missing: MEMORY_FILE").waitFor();
  expect(await page.getByRole("button", { name: "Install" }).isDisabled()).toBe(true);
  await page.getByLabel("Memory file").fill(`${hub.home}/memory.json`);
  await page.getByText("Still missing").waitFor({ state: "detached" });
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Install" }).click();
  await page.getByText("It works: 9 tools").waitFor({ timeout: 30_000 });
  await page.getByRole("link", { name: "Open the server" }).click();
  await page.getByText("read_graph").first().waitFor();
  expect(readFileSync(hub.file, "utf8")).toContain(`${hub.home}/memory.json`);
  expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked)).toBeUndefined();
  expect(faults).toEqual([]);
  await context.close();
});
