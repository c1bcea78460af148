import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, problems } from "./browser";
import { Hub, real } from "./hub";

const sum = { server: "everything", name: "get-sum" };
const servers = { everything: real.everything, memory: real.memory, silent: { ...real.memory, history: false } };

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  hub = await new Hub(servers).start();
  await Promise.all([hub.until("everything", "ready"), hub.until("memory", "ready"), hub.until("silent", "ready")]);
  await hub.call(sum, { a: 1, b: 2 }, "first/1");
  await hub.call(sum, { a: "one", b: 2 }, "second/2");
  await hub.call({ server: "memory", name: "search_nodes" }, { query: "pineapple" }, "first/1");
  await hub.recorded(3);
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

const rows = (page: Page) => page.locator("[data-row-link]");

test("calls are listed and filtered, and the address says how", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/history`);
  await expect.poll(() => rows(page).allTextContents()).toEqual(["search_nodes", "get-sum", "get-sum"]);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.getByText("pineapple").first().waitFor();
  await page.goBack();
  await page.getByLabel("Outcome").selectOption("Failed");
  await expect.poll(() => rows(page).count()).toBe(1);
  expect(page.url()).toContain("outcome=failed");
  await page.getByText("Tool error", { exact: true }).locator("visible=true").first().waitFor();
  await page.getByLabel("Words in calls").fill("pineapple");
  await page.getByText("No call fits the filter").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Clear filter" }).last().click();
  await expect.poll(() => rows(page).count()).toBe(3);
  await page.getByLabel("Words in calls").fill("pineap");
  await expect.poll(() => rows(page).allTextContents()).toEqual(["search_nodes"]);
  await page.getByLabel("Words in calls").fill("");
  await expect.poll(() => rows(page).count()).toBe(3);
  await page.getByRole("button", { name: "More filters" }).click();
  expect(await problems(page)).toEqual([]);
  await page.getByLabel("Client", { exact: true }).fill("second");
  await expect.poll(() => rows(page).count()).toBe(1);
  await page.reload();
  await page.getByRole("button", { name: "More filters (1)" }).waitFor();
  await expect.poll(() => rows(page).count()).toBe(1);
  await page.getByLabel("To", { exact: true }).fill("2020-01-01T00:00");
  await page.getByText("No call fits the filter").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("the tab of a server has its calls, and says if there can be none", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/servers/memory?tab=history`);
  await expect.poll(() => rows(page).allTextContents()).toEqual(["search_nodes"]);
  await page.goto(`${hub.url}#/servers/silent?tab=history`);
  await page.getByText("Calls of this server are not recorded").waitFor();
  await page.getByText("No call was recorded yet").waitFor();
  expect(await problems(page)).toEqual([]);
  await context.close();
});

test("the list of servers, the head of a server and the charts tell the same numbers", async () => {
  const { page, context, faults } = await open(browser, hub);
  const { servers, total } = await hub.api<{ total: { calls: number; failed: number }; servers: { calls: number }[] }>(
    "history/summary",
  );
  await page.goto(hub.url);
  for (const s of servers) await page.getByText(`${s.calls} call`).first().waitFor();
  await page.getByText("no calls recorded").locator("visible=true").first().waitFor(); // of the silent one
  await page.goto(`${hub.url}#/history?view=charts`);
  await page.getByText("Calls, each 50 minutes").waitFor();
  await page.getByRole("img", { name: `${total.calls} calls, ${total.failed} failed` }).waitFor();
  await page.getByRole("button", { name: "Show as table" }).click();
  const table = page.getByRole("region", { name: "Show as table" });
  const numbers = await table.locator("tbody tr td:nth-child(2)").allTextContents();
  expect(numbers.reduce((n, text) => n + Number(text), 0)).toBe(total.calls);
  expect(await problems(page)).toEqual([]);
  await table.getByRole("row").last().getByRole("link").click(); // the span that is now
  await expect.poll(() => rows(page).count()).toBeGreaterThan(0);
  expect(faults).toEqual([]);
  await context.close();
});

test("two calls are compared", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/history?name=get-sum&server=everything`);
  await page.getByRole("checkbox").first().check();
  await page.getByText("One chosen").waitFor();
  await page.getByRole("checkbox").nth(1).check();
  await page.getByText("2 chosen").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText("Two calls compared").waitFor();
  const changed = page.getByRole("region", { name: /^Arguments: earlier/ });
  await changed.getByText(`"one"`).waitFor();
  expect(await changed.locator("del").textContent()).toContain(`"a": 1`);
  expect(await problems(page)).toEqual([]);
  expect(faults).toEqual([]);
  await context.close();
});

test("a call can be copied as JSON and as a command line", async () => {
  const { page, context } = await open(browser, hub);
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: hub.url });
  await page.goto(`${hub.url}#/history?q=pineapple`);
  await rows(page).first().click();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied).toContain(`"tool":"search_nodes","arguments":{"query":"pineapple"}`);
  await page.getByRole("button", { name: "Copy as JSON" }).click();
  await expect.poll(async () => JSON.parse(await copied()).name).toBe("search_nodes");
  await context.close();
});

test("what is shown is exported, in both formats", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/history?server=memory`);
  await rows(page).first().waitFor();
  const file = async (item: string) => {
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: item }).click();
    return readFileSync(await (await saved).path(), "utf8");
  };
  const lines = (await file("JSON lines")).trim().split("\n");
  expect(lines.map((l) => JSON.parse(l).arguments.text)).toEqual([`{"query":"pineapple"}`]);
  const archive = JSON.parse(await file("HTTP archive (HAR)"));
  expect(archive.log.entries).toHaveLength(1);
  await context.close();
});

test("a history that cannot be read says so, and a call that is gone too", async () => {
  const { page, context } = await open(browser, hub);
  await page.route("**/history/calls?*", (route) =>
    route.fulfill({ status: 503, json: { error: "The disk is on fire", code: "HISTORY_ERROR" } }),
  );
  await page.goto(`${hub.url}#/history`);
  await page.getByText("The disk is on fire").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.unroute("**/history/calls?*");
  await page.getByRole("button", { name: "Try again" }).click();
  await rows(page).first().waitFor();
  await page.goto(`${hub.url}#/history/7`);
  await page.getByText("The history has no such call, or no more").waitFor();
  expect(await problems(page)).toEqual([]);
  await context.close();
});

test("what is missing from the history is told", async () => {
  const { page, context } = await open(browser, hub);
  await page.route("**/history/status", async (route) => {
    const status = await (await route.fetch()).json();
    await route.fulfill({
      json: { ...status, dropped: 1234, withoutBodies: 7, recording: false, problem: "the disk is full" },
    });
  });
  await page.goto(`${hub.url}#/history`);
  await page.getByText("1,234 records are missing").waitFor();
  await page.getByText("7 calls since the hub started have no arguments").waitFor();
  await page.getByText("Calls are not recorded now: the disk is full").waitFor();
  await page.getByText("Not recording").waitFor();
  expect(await problems(page)).toEqual([]);
  await context.close();
});

// From here on the tests change what is recorded.

test("a new call waits until the reader wants it", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/history?name=echo`);
  await page.getByText("No call fits the filter").waitFor();
  await hub.call({ server: "everything", name: "echo" }, { message: "one" });
  await expect.poll(() => rows(page).count(), { timeout: 15_000 }).toBe(1); // nothing was there that could jump
  await hub.call({ server: "everything", name: "echo" }, { message: "two" });
  await hub.call({ server: "everything", name: "echo" }, { message: "three" });
  await page.getByRole("button", { name: "2 new calls" }).waitFor();
  expect(await rows(page).count()).toBe(1);
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "2 new calls" }).click();
  await expect.poll(() => rows(page).count()).toBe(3);
  await page.getByRole("button", { name: "new call" }).waitFor({ state: "detached" });
  await context.close();
});

test("a hub that is gone takes nothing from the page, and claims nothing", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/history`);
  await rows(page).first().waitFor();
  const before = await rows(page).count();
  await hub.stop();
  await page.getByText("Not connected to the hub since").waitFor();
  expect(await rows(page).count()).toBe(before);
  expect(await page.getByRole("button", { name: "Export" }).isDisabled()).toBe(true);
  expect(await problems(page)).toEqual([]);
  await hub.start();
  await page.getByText("Not connected to the hub since").waitFor({ state: "detached", timeout: 30_000 });
  expect(await rows(page).count()).toBe(before);
  expect(faults).toEqual([]);
  await context.close();
});

test("all is forgotten when that is confirmed, and it is seen that nothing is recorded any more", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/history`);
  await rows(page).first().waitFor();
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByText("Servers that are not recorded").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Forget all calls" }).click();
  await page.getByText("This cannot be undone").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Forget all calls" }).click();
  await page.getByText("calls are forgotten").waitFor();
  await page.getByText("No call was recorded yet").waitFor();
  hub.write(JSON.stringify({ hub: { history: { enabled: false } }, mcpServers: servers }));
  await page.getByText("Not recording").waitFor();
  await page.getByText("Calls are not recorded", { exact: true }).waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Record calls" }).click();
  await page.getByText("Recording", { exact: true }).waitFor();
  await page.getByText("No call was recorded yet").waitFor();
  await context.close();
});

test("what is recorded can be changed, for all and for one server, and the file keeps its comments", async () => {
  hub.write(`{ // mine\n  mcpServers: ${JSON.stringify(servers)} }`);
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/history`);
  await page.getByRole("button", { name: "Details" }).click();
  await page.getByLabel("Days that calls are kept").fill("7");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved, and in force").waitFor();
  await page.getByRole("switch", { name: "Arguments and results are kept" }).click();
  await expect.poll(() => readFileSync(hub.file, "utf8")).toMatch(/bodies"?: false/);
  expect(await problems(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByText("kept for 7 days").waitFor();
  await page.goto(`${hub.url}#/servers/silent?tab=history`);
  await page.getByLabel("Recorded of this server").selectOption("Record all");
  await page.getByText("Calls of this server are not recorded").waitFor({ state: "detached" });
  await page.getByLabel("Recorded of this server").selectOption("No arguments and results");
  await expect.poll(() => readFileSync(hub.file, "utf8")).toContain(`"no bodies"`);
  expect(readFileSync(hub.file, "utf8")).toContain("// mine");
  expect(faults).toEqual([]);
  await context.close();
});

test("a damaged database is set aside, and the page says where it is", async () => {
  await hub.stop();
  writeFileSync(join(hub.home, "state/mcp-hub/hub.db"), "no database".repeat(1000));
  await hub.start();
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/history`);
  await page.getByText(/A damaged database was set aside.*hub\.db\.damaged-/).waitFor();
  await page.getByText("Recording", { exact: true }).waitFor();
  expect(await problems(page)).toEqual([]);
  await context.close();
});
