import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, problems } from "./browser";
import { Hub, real } from "./hub";

let browser: Browser;
let hub: Hub;
const first = `{\n  // mine\n  mcpServers: { a: ${JSON.stringify({ ...real.memory, disabled: true })} },\n}\n`;

beforeAll(async () => {
  browser = await launch();
  hub = await new Hub({}).start();
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

test("problems are told while typing, and a broken text is not saved", async () => {
  hub.write(first);
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/config`);
  const editor = page.getByRole("textbox", { name: /^Text of/ });
  await page.getByText("// mine").waitFor();
  await editor.fill("{ mcpServers: { a: { command: 7 } } }");
  await page.getByText("1 problem").waitFor();
  await page.getByText("command must be a text").first().waitFor();
  await editor.fill("{ mcpServers: ");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("It cannot be saved yet").waitFor();
  expect(readFileSync(hub.file, "utf8")).toBe(first);
  expect(await problems(page)).toEqual([]);
  await context.close();
});

test("who edits a file that somebody else has changed loses neither", async () => {
  hub.write(first);
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/config`);
  const editor = page.getByRole("textbox", { name: /^Text of/ });
  await page.getByText("// mine").waitFor();
  const theirs = first.replace("// mine", "// theirs");
  hub.write(theirs);
  await page.getByText("// theirs").waitFor(); // nothing was written here, so it is just taken up
  await editor.fill(theirs.replace("// theirs", "// ours"));
  const newest = first.replace("// mine", "// newest");
  hub.write(newest);
  await page.getByText("The file has changed on disk meanwhile").waitFor();
  expect(await page.getByRole("button", { name: "Save", exact: true }).isDisabled()).toBe(true);
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Save mine over it" }).click();
  await page.getByText("Saved and applied").waitFor();
  expect(readFileSync(hub.file, "utf8")).toContain("// ours");
  await context.close();
});

test("whoever leaves with changes is asked first", async () => {
  hub.write(first);
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/config`);
  await page.getByText("// mine").waitFor();
  await page.getByRole("textbox", { name: /^Text of/ }).fill("{ mcpServers: {} }");
  await page.getByRole("link", { name: "Activity" }).first().click();
  await page.getByText("Leave them?").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(page.url()).toContain("/config");
  await page.getByRole("button", { name: "Changes", exact: true }).click();
  await page.getByRole("region", { name: "What is on disk" }).waitFor();
  await page.getByRole("link", { name: "Activity" }).first().click();
  await page.getByRole("button", { name: "Leave them" }).click();
  await page.waitForURL(/activity/);
  await context.close();
});

test("what a save will do is told before, and what it replaced can be put back", async () => {
  hub.write(first);
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/config`);
  await page.getByText("// mine").waitFor();
  const off = JSON.stringify({ ...real.memory, disabled: true });
  const second = `{ mcpServers: { b: ${off}, a: ${JSON.stringify({ ...real.memory, env: { A: "1" } })} } }`;
  await page.getByRole("textbox", { name: /^Text of/ }).fill(second);
  await page.getByText("Saving it adds b, starts a.").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved and applied").waitFor();
  await hub.until("a", "ready");

  await page.getByRole("button", { name: "History" }).click();
  await page.getByRole("region", { name: "What the file holds now" }).getByText("// mine").waitFor();
  await page.getByText("Saving it removes b, stops a.").waitFor();
  expect(await problems(page)).toEqual([]);
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("Restored and applied").waitFor();
  expect(readFileSync(hub.file, "utf8")).toBe(first);
  await page.getByText("as it is now").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  expect(readFileSync(hub.file, "utf8")).toBe(second);
  await hub.until("a", "ready");

  const third = first.replace("// mine", "// by another program");
  hub.write(third); // what another program replaces is kept too
  await hub.until("a", "disabled");
  await page.getByRole("button", { name: "Restore" }).click();
  await page.getByText("Restored and applied").last().waitFor();
  await page.getByRole("button", { name: "Back to the text" }).click();
  await page.getByText("No problems").waitFor();
  await context.close();
});

test("the servers of one file among several can be looked at alone", async () => {
  const second = join(hub.home, "project.json");
  writeFileSync(second, JSON.stringify({ mcpServers: { ours: { ...real.memory, disabled: true } } }));
  await hub.stop();
  hub.write(first);
  hub.more = [second];
  await hub.start();
  const { page, context } = await open(browser, hub);
  await page.goto(`${hub.url}#/`);
  await page.getByRole("link", { name: "ours", exact: true }).waitFor();
  await page.getByLabel("Configuration file").selectOption("project.json");
  await page.getByRole("link", { name: "a", exact: true }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "All 1" }).waitFor();
  expect(await problems(page)).toEqual([]);
  await page.reload();
  await page.getByRole("link", { name: "ours", exact: true }).waitFor();
  expect(await page.getByRole("link", { name: "a", exact: true }).count()).toBe(0);
  await page.getByLabel("Configuration file").selectOption("All files");
  await page.getByRole("link", { name: "a", exact: true }).waitFor();
  await context.close();
});
