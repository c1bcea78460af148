import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, overflow, problems, tabTo } from "./browser";
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

test("clients are seen to come, call and go", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/clients`);
  await page.getByText("No client is connected").waitFor();
  expect(await problems(page)).toEqual([]);
  const editor = await hub.connect("some-editor", "1.2.3");
  const other = await hub.connect("other", "9");
  const row = page.getByRole("listitem").filter({ hasText: "some-editor" });
  await row.getByText("0 calls").waitFor();
  await row.getByText("2025-11-25").waitFor();
  await editor.ask("tools/call", { name: "everything__echo", arguments: { message: "hello" } });
  await row.getByRole("link", { name: "1 call", exact: true }).waitFor();
  expect(await row.getByRole("link", { name: "1 call" }).getAttribute("href")).toBe("#/history?client=some-editor");
  await page.getByLabel("Filter clients").fill("EDITOR");
  await page.getByRole("listitem").filter({ hasText: "other" }).waitFor({ state: "detached" });
  await editor.leave();
  await page.getByText("No client fits the filter").waitFor();
  await other.leave();
  await page.getByText("No client is connected").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("why a client does not see a tool is told by keyboard, and mended there", async () => {
  const editor = await hub.connect("some-editor", "1.2.3");
  await hub.send("PATCH", "servers/everything", { tools: { echo: false } });
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/servers/everything/tools/echo`);
  await tabTo(page, page.getByRole("link", { name: "Why can't my client see it?" }));
  await page.keyboard.press("Enter");
  const answer = page.getByRole("region", { name: "What the hub knows" });
  await answer.getByText("disabled_tools").waitFor(); // the one client was meant
  await tabTo(page, answer.getByRole("button", { name: "Offer it to clients" }));
  await page.keyboard.press("Enter");
  await answer.getByText("has not asked the hub for its tools yet").waitFor();
  await editor.ask("tools/list", {});
  await answer.getByText("everything__echo").waitFor();
  await answer.getByText("The client was given it").waitFor();
  await tabTo(page, page.getByRole("combobox", { name: "Tool" }));
  await page.keyboard.press("Control+a");
  await page.keyboard.type("Echo");
  await page.keyboard.press("Enter");
  await answer.getByText("lists no tool").waitFor();
  expect([...(await problems(page)), ...faults]).toEqual([]);

  await page.keyboard.press("Escape");
  await tabTo(page, page.getByRole("button", { name: "More for some-editor" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("menuitem", { name: "Disconnect" }), "ArrowDown");
  await page.keyboard.press("Enter");
  const asked = page.getByRole("dialog", { name: "Disconnect some-editor?" });
  await tabTo(page, asked.getByRole("button", { name: "Disconnect" }));
  await page.keyboard.press("Enter");
  await page.getByText("No client is connected").waitFor();
  expect((await editor.ask("tools/list", {})).status).toBe(404);
  expect(faults).toEqual([]);
  await context.close();
});

test("a client that means harm is harmless to look at", async () => {
  const name = `<img src=x onerror="window.hacked=1"> \u202egnp.exe \u001b[31m ${"long".repeat(300)}`;
  const evil = await hub.connect(name, `<b>\u2066${"9".repeat(500)}`);
  await evil.ask("tools/call", { name: "memory__read_graph", arguments: {} });
  for (const width of [1200, 320]) {
    const { page, context, faults } = await open(browser, hub, { width });
    await page.goto(`${hub.url}#/clients`);
    await page.getByText("onerror").waitFor();
    expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked)).toBeUndefined();
    const words = await page.evaluate(() => document.body.textContent ?? "");
    expect([...words].filter((c) => "\u001b\u202e\u2066".includes(c))).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect([...(await problems(page)), ...faults]).toEqual([]);
    await context.close();
  }
  await evil.leave();
});

test("a token is made by keyboard, shown once, limits its client, and is refused once it is revoked", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/secrets?tab=tokens`);
  await page.getByText("No client has a token of its own").waitFor();
  await tabTo(page, page.getByRole("button", { name: "New token" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByLabel("Name of the client"));
  await page.keyboard.type("ci");
  await tabTo(page, page.getByLabel("All servers"));
  await page.keyboard.press("ArrowDown");
  await tabTo(page, page.getByRole("button", { name: "Make the token" }));
  await page.keyboard.press("Enter");
  await page.getByText("Choose at least one server.").waitFor(); // none would have meant all
  await tabTo(page, page.getByLabel("memory"), "Shift+Tab");
  await page.keyboard.press("Space");
  await tabTo(page, page.getByLabel("Only tools that say"));
  await page.keyboard.press("Space");
  await tabTo(page, page.getByRole("button", { name: "Make the token" }));
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "The token of ci" }).waitFor();
  expect(await problems(page)).toEqual([]);
  const token = (await page.getByRole("region", { name: "Token", exact: true }).textContent()) ?? "";
  await tabTo(page, page.getByRole("button", { name: "I have copied it" }));
  await page.keyboard.press("Enter");
  await page.getByText("Servers: memory").waitFor();
  expect(await page.content()).not.toContain(token);

  const client = await hub.connect("limited", "1", token);
  const { text } = await client.ask("tools/list", {});
  expect(text).toContain("read_graph");
  expect(text).not.toMatch(/everything__|create_entities/);
  await client.ask("tools/call", { name: "memory__read_graph", arguments: {} });

  await page.reload();
  await page.getByText("last used").waitFor();
  await page.getByRole("link", { name: "Calls with the token of ci" }).click();
  await page.getByRole("button", { name: "More filters (1)" }).waitFor();
  await expect.poll(() => page.locator("[data-row-link]").allTextContents()).toEqual(["read_graph"]);
  await page.getByRole("combobox", { name: "Client token" }).fill("laptop");
  await page.keyboard.press("Enter");
  await page.getByText("No call fits the filter").waitFor();
  await page.goBack();
  await page.getByText("last used").waitFor();
  expect(await page.content()).not.toContain(token);
  await tabTo(page, page.getByRole("button", { name: "Revoke the token of ci" }));
  await page.keyboard.press("Enter");
  const asked = page.getByRole("dialog", { name: "Revoke the token of ci?" });
  await tabTo(page, asked.getByRole("button", { name: "Revoke", exact: true }));
  await page.keyboard.press("Enter");
  await page.getByText("No client has a token of its own").waitFor();
  expect((await client.ask("tools/list", {})).status).toBe(401);
  await expect(hub.connect("limited", "1", token)).rejects.toThrow("401");
  expect(faults).toEqual([]);
  await context.close();
});

test("the settings tell each value by its key, and whom the hub asks for a token", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(hub.url);
  await page.getByText("everything").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Go to a server").fill("settings");
  await page.getByRole("option", { name: "Settings" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("hub.history.days", { exact: true }).waitFor();
  await page.getByText("Everybody but your own programs on this machine.").waitFor();
  await page.getByRole("link", { name: "Client tokens" }).click();
  await page.getByText("No client has a token of its own").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("the settings tell of a newer version, without a word elsewhere", async () => {
  const feed = { version: "99.1.0", date: "2026-11-28", notes: "https://example.com/news", files: [] };
  const site = createServer((_, answer) => answer.end(JSON.stringify(feed))).listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/release.json`;
  const told = await new Hub({}, { hub: { updates: { check: true, feed: address } } }).start();
  const known = async () => (await fetch(`${told.url}api/v2/version`)).text();
  await expect.poll(known, { timeout: 30_000 }).toContain(feed.version);
  for (const [width, theme] of [
    [1200, "light"],
    [360, "dark"],
  ] as const) {
    const { page, context, faults } = await open(browser, told, { width, theme });
    await page.goto(`${told.url}#/settings`);
    await page.getByText("99.1.0 of 2026-11-28 is out").waitFor();
    await page.getByText(`mcp-hub upgrade --feed '${address}'`).waitFor();
    expect(await page.getByRole("link", { name: "What is new" }).getAttribute("href")).toBe(feed.notes);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect([...(await problems(page)), ...faults]).toEqual([]);
    await context.close();
  }
  await told.close();
  site.close();
});

test("a setting is changed where it stands by keyboard, and the file keeps its comments", async () => {
  const commented = readFileSync(hub.file, "utf8").replace(
    "{",
    '{\n  // mine\n  "hub": { "builtin": true /* as it was */ },',
  );
  hub.write(commented);
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/settings`);
  const days = page.getByLabel("hub.history.days", { exact: true });
  await page.getByRole("button", { name: "Use the default of hub.builtin" }).waitFor(); // what was written is known
  await tabTo(page, days);
  await page.keyboard.type("0");
  await page.keyboard.press("Enter");
  await page.getByText("hub.history.days must be a whole number from 1 to 3650").waitFor();
  expect(await days.getAttribute("aria-invalid")).toBe("true");
  expect([...(await problems(page)), ...faults]).toEqual([]);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("7");
  await page.keyboard.press("Enter");
  await page.getByText("hub.history.days is 7 now").waitFor();
  const status = () => hub.api<{ days: number }>("history/status");
  expect((await status()).days).toBe(7);
  expect(readFileSync(hub.file, "utf8")).toContain("/* as it was */");
  await tabTo(page, page.getByRole("button", { name: "Undo" }));
  await page.keyboard.press("Enter");
  await page.getByText("hub.history.days is as it was").waitFor();
  expect((await status()).days).toBe(30);
  await page.getByRole("switch", { name: "hub.builtin" }).click();
  await page.getByText("hub.builtin is false now").waitFor();
  expect(readFileSync(hub.file, "utf8")).toContain('"builtin": false /* as it was */');

  await page.route(
    "**/settings",
    (
      route, // what was shown is not what the file holds any more
    ) => route.continue({ headers: { ...route.request().headers(), "if-match": '"old"' } }),
  );
  await page.getByRole("switch", { name: "hub.builtin" }).click();
  await page.getByText("The file has changed meanwhile").waitFor();
  expect(await page.getByRole("switch", { name: "hub.builtin" }).getAttribute("aria-checked")).toBe("false");
  expect(faults).toEqual([]);
  await context.close();
});
