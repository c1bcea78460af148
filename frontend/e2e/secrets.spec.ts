import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch, open, problems, tabTo } from "./browser";
import { Hub, real } from "./hub";

let browser: Browser;
let hub: Hub;

const plain = "sk-live-4f9a8b7c6d5e4f3a2b1c";

beforeAll(async () => {
  browser = await launch();
  return () => browser.close();
});

beforeEach(async () => {
  hub = new Hub({});
  hub.write(`{
  // Servers of mine
  "mcpServers": {
    "memory": ${JSON.stringify({ ...real.memory, env: { GRAPH_API_KEY: plain } })}, // for notes
    "needs": ${JSON.stringify({ ...real.memory, env: { MY_TOKEN: "${secret:MY_TOKEN}" } })},
  },
}
`);
  await hub.start();
  await Promise.all([hub.until("memory", "ready"), hub.until("needs", "failed")]);
});

afterEach(() => hub.close());

/** Collects what the hub answers, but for the streams, which have no end. */
function listen(page: Page): Promise<string>[] {
  const answers: Promise<string>[] = [];
  page.on("response", (r) => {
    if (r.request().resourceType() === "fetch") answers.push(r.text().catch(() => ""));
  });
  return answers;
}

/** Everything that a page holds: its elements, what stands in its fields, and what it keeps. */
const held = (page: Page) =>
  page.evaluate(() =>
    JSON.stringify([
      document.documentElement.outerHTML,
      [...document.querySelectorAll<HTMLInputElement>("input, textarea")].map((field) => field.value),
      { ...localStorage },
      { ...sessionStorage },
      history.state,
      location.href,
    ]),
  );

/** What a server of the hub has in its environment. */
async function environment(server: string): Promise<string> {
  await hub.until(server, "ready");
  const { pid } = await hub.api<{ pid: number }>(`servers/${server}`);
  return readFileSync(`/proc/${pid}/environ`, "utf8");
}

test("a secret is added, replaced and deleted by keyboard, and its value is nowhere afterwards", async () => {
  const { page, context, faults } = await open(browser, hub);
  const answers = listen(page);
  await page.goto(`${hub.url}#/servers/needs`);
  await tabTo(page, page.getByRole("link", { name: "Set MY_TOKEN" }));
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Set MY_TOKEN" }).waitFor();
  await tabTo(page, page.getByLabel("Value", { exact: true }));
  await page.keyboard.type("canary-first-value");
  expect(await page.content()).not.toContain("canary-first"); // not even while it is typed
  expect(await problems(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await page.getByText("MY_TOKEN was kept, for needs").waitFor();
  expect(await environment("needs")).toContain("MY_TOKEN=canary-first-value");

  // A key of several lines is pasted as it is.
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const key = "-----BEGIN KEY-----\ncanary-second-value\n-----END KEY-----\n";
  await page.evaluate((text) => navigator.clipboard.writeText(text), key);
  await tabTo(page, page.getByRole("button", { name: "Replace MY_TOKEN" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByLabel("Value", { exact: true }));
  await page.keyboard.press("Control+v");
  await page.getByText("Several lines").waitFor();
  expect(await problems(page)).toEqual([]);
  await tabTo(page, page.getByRole("button", { name: "Keep it" }));
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await hub.api("servers/needs/restart", { method: "POST" });
  expect(await environment("needs")).toContain(`MY_TOKEN=${key.trim()}`);

  await tabTo(page, page.getByRole("button", { name: "Add a secret" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("textbox", { name: "Name" }));
  await page.keyboard.type("OTHER");
  await tabTo(page, page.getByLabel("Value", { exact: true }));
  await page.keyboard.type("canary-third-value");
  await page.keyboard.press("Enter");
  await page.getByText("No server uses it.").waitFor();

  await tabTo(page, page.getByRole("button", { name: "Delete MY_TOKEN" }));
  await page.keyboard.press("Enter");
  const asked = page.getByRole("dialog", { name: "Delete MY_TOKEN?" });
  await asked.getByText("Used by needs").waitFor();
  await tabTo(page, asked.getByRole("button", { name: "Delete", exact: true }));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Set MY_TOKEN" }).waitFor(); // it is missing again, and first
  expect(await page.getByRole("listitem").first().textContent()).toContain("MY_TOKEN");
  expect(await held(page)).not.toMatch(/canary-(first|second|third)/);
  expect((await Promise.all(answers)).join()).not.toMatch(/canary-(first|second|third)/);
  expect(faults).toEqual([]);
  await context.close();
});

test("a secret in plain text is moved by keyboard, after showing how the file will read", async () => {
  const { page, context, faults } = await open(browser, hub);
  const answers = listen(page);
  await page.goto(hub.url);
  await page.getByText("memory").first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("k");
  await page.getByText("1 value stands in plain text").waitFor();
  await tabTo(page, page.getByRole("button", { name: "Move GRAPH_API_KEY of memory" }));
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("${secret:GRAPH_API_KEY}").waitFor();
  expect(readFileSync(hub.file, "utf8")).toContain(plain); // so far it is only shown
  await tabTo(page, dialog.getByRole("textbox", { name: "Name" }));
  await page.keyboard.press("Control+a");
  await page.keyboard.type("GRAPH_KEY");
  await dialog.getByText("${secret:GRAPH_KEY}").waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("GRAPH_API_KEY stands in no file any more").waitFor();
  await page.getByText("stands in plain text").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete GRAPH_KEY" }).waitFor();
  const file = readFileSync(hub.file, "utf8");
  expect(file).not.toContain(plain);
  expect(file).toContain("${secret:GRAPH_KEY}");
  expect(file).toContain("// for notes");
  expect(await environment("memory")).toContain(`GRAPH_API_KEY=${plain}`);
  expect(await held(page)).not.toContain(plain);
  expect((await Promise.all(answers)).join()).not.toContain(plain);
  expect(faults).toEqual([]);
  await context.close();
});

test("a store that is locked says so, and is unlocked here", async () => {
  const { page, context, faults } = await open(browser, hub);
  const answers = listen(page);
  await hub.send("PUT", "secrets/MY_TOKEN", { value: "canary-value" });
  await page.goto(`${hub.url}#/secrets`);
  await page.getByRole("button", { name: "Change the file's key" }).click();
  await page.getByLabel("A passphrase").check();
  await page.getByLabel("Passphrase", { exact: true }).fill("canary-passphrase");
  await page.getByLabel("The same again").fill("canary-passphrasf");
  await page.getByRole("button", { name: "Move them" }).click();
  await page.getByText("The two passphrases are not the same.").waitFor();
  await page.getByLabel("The same again").fill("canary-passphrase");
  await page.getByRole("button", { name: "Move them" }).click();
  await page.getByText("All secrets were moved").waitFor();
  await hub.stop();
  await hub.start();
  await page.getByText("locked", { exact: true }).waitFor({ timeout: 30_000 });
  expect(await problems(page)).toEqual([]);
  await page.getByLabel("Passphrase").fill("wrong");
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByRole("alert").getByRole("button", { name: "Copy details" }).last().waitFor();
  await page.getByLabel("Passphrase").fill("canary-passphrase");
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByText("The secrets are unlocked").waitFor();
  await page.getByText("ready", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Replace MY_TOKEN" }).waitFor();
  expect(await environment("needs")).toContain("MY_TOKEN=canary-value");
  expect(await held(page)).not.toContain("canary-");
  expect((await Promise.all(answers)).join()).not.toContain("canary-");
  expect(faults).toEqual([]);
  await context.close();
});
