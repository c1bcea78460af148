import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch, open, tabTo } from "./browser";
import { Hub, real } from "./hub";

// What every person does with a hub, by keyboard alone: no test here touches the mouse.

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  return () => browser.close();
});

beforeEach(async () => {
  hub = await new Hub({
    everything: real.everything,
    broken: { ...real.memory, cwd: "${NO_SUCH_FOLDER}" },
  }).start();
  await Promise.all([hub.until("everything", "ready"), hub.until("broken", "failed")]);
});

afterEach(() => hub.close());

const entry = (text: string) => JSON.parse(text).mcpServers as Record<string, Record<string, unknown>>;

test("add a server by paste, tested before it is saved", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(hub.url);
  await page.getByText("everything").first().waitFor();
  await page.keyboard.press("n");
  await page.getByLabel("JSON, command line or address").waitFor();
  const { command, args } = real.memory as { command: string; args: string[] };
  await page.keyboard.insertText(
    `{ "mcpServers": { "graph": { "command": ${JSON.stringify(command)}, "args": ${JSON.stringify(args)}, }, } } // from a README`,
  );
  await page.getByText("Found one server").waitFor();
  await tabTo(page, page.getByRole("button", { name: "Test", exact: true }));
  await page.keyboard.press("Enter");
  await page.getByText("It works: 9 tools").waitFor({ timeout: 30_000 });
  await tabTo(page, page.getByRole("button", { name: "Save", exact: true }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "graph" }).waitFor();
  await page.getByText("read_graph").first().waitFor({ timeout: 30_000 });
  expect(entry(readFileSync(hub.file, "utf8")).graph).toEqual({ command, args });
  expect(faults).toEqual([]);
  await context.close();
});

test("see why a server failed, and fix it", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(hub.url);
  await page.getByText("1 needs you").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByText("Variable 'NO_SUCH_FOLDER' not found").first().waitFor();
  await tabTo(page, page.getByRole("link", { name: "Look at its configuration" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("link", { name: "Edit", exact: true }));
  await page.keyboard.press("Enter");
  const editor = page.getByRole("textbox", { name: /^Text of/ });
  await tabTo(page, editor);
  await page.keyboard.press("Control+a");
  const mended = readFileSync(hub.file, "utf8").replace("${NO_SUCH_FOLDER}", "/tmp").replace("{", "{ // mended");
  await page.keyboard.insertText(mended);
  await page.keyboard.press("Control+s");
  await page.getByText("Saved and applied").waitFor();
  await hub.until("broken", "ready");
  expect(readFileSync(hub.file, "utf8")).toBe(mended);
  await page.keyboard.press("Escape");
  await tabTo(page, page.getByRole("link", { name: "Servers", exact: true }).first(), "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByText("everything").first().waitFor();
  await page.getByText("needs you").waitFor({ state: "detached" });
  await context.close();
});

test("find a tool, run it, and run it again with other arguments", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(hub.url);
  await page.getByText("everything").first().waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Go to a server").waitFor();
  await page.keyboard.type("get-sum");
  await page.getByRole("option", { name: /get-sum/ }).waitFor();
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByLabel("a", { exact: true }));
  await page.keyboard.type("20");
  await page.keyboard.press("Enter");
  await page.getByText("One thing does not fit the schema").waitFor();
  await tabTo(page, page.getByLabel("b", { exact: true }), "Shift+Tab");
  await page.keyboard.type("22");
  await page.keyboard.press("Enter");
  await page.getByText("is 42").waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("1");
  await page.keyboard.press("Enter");
  await page.getByText("is 21").waitFor();
  await page.getByText("Earlier runs on this page").waitFor();
  // Using old arguments fills the form, and fires nothing.
  await tabTo(page, page.getByRole("button", { name: "Use these arguments" }).nth(1));
  await page.keyboard.press("Enter");
  await expect.poll(() => page.getByLabel("b", { exact: true }).inputValue()).toBe("22");
  expect(await page.getByRole("button", { name: "Use these arguments" }).count()).toBe(2);
  await context.close();
});

test("run a tool, find the call in the history, and replay it", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/servers/everything/tools/get-sum`);
  await tabTo(page, page.getByLabel("a", { exact: true }));
  await page.keyboard.type("20");
  await tabTo(page, page.getByLabel("b", { exact: true }));
  await page.keyboard.type("22");
  await page.keyboard.press("Enter");
  await page.getByText("is 42").waitFor();
  await hub.recorded(1);
  await tabTo(page, page.getByRole("button", { name: "Run again" }));
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await tabTo(page, page.getByRole("link", { name: "get-sum" }));
  await page.keyboard.press("Enter");
  await page.getByText("What happened around it").waitFor();
  await page.getByText("is 42").waitFor();
  await tabTo(page, page.getByRole("link", { name: "Replay" }));
  await page.keyboard.press("Enter");
  await page.getByText("Nothing has run yet").waitFor();
  expect(await page.getByLabel("a", { exact: true }).inputValue()).toBe("20");
  await tabTo(page, page.getByLabel("b", { exact: true }));
  expect(await page.getByLabel("b", { exact: true }).inputValue()).toBe("22");
  expect(await hub.recorded(1)).toHaveLength(1); // opening the form is no call
  await page.keyboard.press("Enter");
  await page.getByText("is 42").waitFor();
  expect(await hub.recorded(2)).toHaveLength(2);
  expect(faults).toEqual([]);
  await context.close();
});

test("follow a long tool's progress, and cancel it", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/servers/everything/tools/trigger-long-running-operation`);
  await tabTo(page, page.getByLabel("duration", { exact: true }));
  await page.keyboard.type("60");
  await page.keyboard.press("Tab");
  await tabTo(page, page.getByLabel("steps", { exact: true }));
  await page.keyboard.type("300");
  await page.keyboard.press("Enter");
  await page.getByText(/\d+ of 300/).waitFor();
  await tabTo(page, page.getByRole("button", { name: "Cancel" }));
  await page.keyboard.press("Enter");
  await page.getByText("Cancelled").waitFor();
  await context.close();
});

test("switch a server off, a tool off, and take it back", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(hub.url);
  await page.getByText("everything").first().waitFor();
  await tabTo(page, page.getByRole("switch", { name: "everything is on" }));
  await page.keyboard.press("Space");
  await hub.until("everything", "disabled");
  await page.getByText("Off", { exact: true }).locator("visible=true").first().waitFor();
  expect(entry(readFileSync(hub.file, "utf8")).everything?.disabled).toBe(true);
  await tabTo(page, page.getByRole("button", { name: "Undo" }));
  await page.keyboard.press("Enter");
  await hub.until("everything", "ready");
  await page.goto(`${hub.url}#/servers/everything`);
  await tabTo(page, page.getByRole("switch", { name: "Offer echo to clients" }));
  await page.keyboard.press("Space");
  await page.getByText(/of \d+ offered to clients/).waitFor();
  expect(entry(readFileSync(hub.file, "utf8")).everything?.disabled_tools).toEqual(["echo"]);
  await context.close();
});
