import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, problems } from "./browser";
import { Hub, real } from "./hub";

// Trying tools out: what a server asks meanwhile, and arguments that are kept.

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  hub = await new Hub({ everything: real.everything, curious: real.curious }).start();
  await Promise.all([hub.until("everything", "ready"), hub.until("curious", "ready")]);
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

const tool = async (name: string, server = "everything") => {
  const opened = await open(browser, hub);
  await opened.page.goto(`${hub.url}#/servers/${server}/tools/${name}`);
  await opened.page.getByRole("heading", { name, exact: true }).waitFor();
  return opened;
};

test("a server that asks for what a model would say gets a person's words, or a refusal", async () => {
  const { page, context, faults } = await tool("trigger-sampling-request");
  await page.getByLabel("prompt").fill("the way to Lisbon");
  await page.getByRole("button", { name: "Run tool" }).click();
  const dialog = page.getByRole("dialog", { name: "everything asks for what a model would say" });
  await dialog.getByText("context: the way to Lisbon").waitFor();
  await dialog.getByText("You are a helpful test server.").waitFor();
  expect(await problems(page)).toEqual([]);
  await dialog.getByLabel("Answer of the model").fill("By the night train.");
  await dialog.getByRole("button", { name: "Answer" }).click();
  await page.getByText("By the night train.").first().waitFor();

  await page.getByRole("button", { name: "Run again" }).click();
  await dialog.getByRole("button", { name: "Decline" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("The person did not want to answer.").first().waitFor();

  // A call that is cancelled takes its question along.
  await page.getByRole("button", { name: "Run again" }).click();
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  expect(faults).toEqual([]);
  await context.close();
});

test("a server that asks the person for something gets what the form says", async () => {
  const { page, context, faults } = await tool("trigger-elicitation-request");
  await page.getByRole("button", { name: "Run tool" }).click();
  const dialog = page.getByRole("dialog", { name: "everything asks" });
  await dialog.getByLabel("Name").first().fill("Ada");
  expect(await problems(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Answer" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText(/Ada/).first().waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("what a server asks at once is answered one after the other", async () => {
  const { page, context, faults } = await tool("ask", "curious");
  await page.getByRole("button", { name: "Run tool" }).click();
  const dialog = page.getByRole("dialog", { name: "curious asks" });
  for (const word of ["first", "second"]) {
    await dialog.getByText(`The ${word} word`).waitFor();
    await dialog.getByLabel("word").fill(`my ${word}`);
    await dialog.getByRole("button", { name: "Answer" }).click();
  }
  await page.getByText("my first, then my second").first().waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("a question goes with the call that it was asked in", async () => {
  const { page, context, faults } = await tool("leave", "curious");
  await page.getByRole("button", { name: "Run tool" }).click();
  await page.getByText("never mind").first().waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByText("Earlier runs on this page").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("arguments are kept as examples", async () => {
  const { page, context, faults } = await tool("get-sum");
  await page.getByLabel("a", { exact: true }).fill("20");
  await page.getByLabel("b", { exact: true }).fill("22");
  await page.getByRole("button", { name: "Save as example" }).click();
  await page.getByLabel("Name of the example").fill("the answer");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Use the arguments of the answer" }).waitFor();
  expect(await problems(page)).toEqual([]);

  // Another page of the browser has it too; to use it fires nothing.
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByRole("button", { name: "Use the arguments of the answer" }).click();
  await expect.poll(() => other.getByLabel("b", { exact: true }).inputValue()).toBe("22");
  expect(await other.getByText("is 42").count()).toBe(0);
  await other.keyboard.press("Enter");
  await other.getByText("is 42").waitFor();

  // The same name replaces, and what is deleted can be had back.
  await other.getByLabel("b", { exact: true }).fill("23");
  await other.getByRole("button", { name: "Save as example" }).click();
  await other.getByLabel("Name of the example").fill("the answer");
  await other.getByText("which it replaces").waitFor();
  await other.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Use the arguments of the answer" }).click();
  await expect.poll(() => page.getByLabel("b", { exact: true }).inputValue()).toBe("23");
  await page.getByRole("button", { name: "Delete the example the answer" }).click();
  await other.getByRole("button", { name: "Use the arguments of the answer" }).waitFor({ state: "detached" });
  await other.getByLabel("b", { exact: true }).fill("1");
  await other.getByRole("button", { name: "Save as example" }).click();
  await other.getByLabel("Name of the example").fill("came later");
  await other.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Use the arguments of came later" }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await other.getByRole("button", { name: "Use the arguments of the answer" }).waitFor();
  expect(await other.getByRole("button", { name: "Use the arguments of came later" }).count()).toBe(1);

  // Another tool has none.
  await other.goto(`${hub.url}#/servers/everything/tools/echo`);
  await other.getByRole("button", { name: "Save as example" }).waitFor();
  expect(await other.getByRole("list", { name: "Examples" }).count()).toBe(0);
  expect(faults).toEqual([]);
  await context.close();
});

test("lists have narrow rows where a person wants that", async () => {
  const { page, context } = await open(browser, hub);
  const height = async () => (await page.locator("[data-row=everything]").boundingBox())?.height ?? 0;
  await page.goto(hub.url);
  await page.getByText("everything").first().waitFor();
  const before = await height();
  await page.goto(`${hub.url}#/settings`);
  await page.getByRole("switch", { name: "Narrow rows in lists" }).click();
  await page.goto(`${hub.url}#/`);
  await page.getByText("everything").first().waitFor();
  expect(await height()).toBeLessThan(before - 8);
  expect(await problems(page)).toEqual([]);
  await page.reload();
  await page.getByText("everything").first().waitFor();
  expect(await height()).toBeLessThan(before - 8);
  await context.close();
});
