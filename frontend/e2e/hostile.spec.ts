import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, overflow, problems } from "./browser";
import { Hub, real } from "./hub";
import { registry, sources } from "./registry";

const name = '<img src=x onerror="window.hacked=9">';
const evil = `${name} <script>window.hacked=11</script> \u001b[31m\u202egnp.exe`;
let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  const fake = await registry(
    "node",
    [],
    [
      {
        id: "evil",
        name: `${name} bad registry`,
        description: `${evil} ${"wide".repeat(2000)}`,
        author: evil,
        url: "javascript:window.hacked=10",
        category: evil,
        tags: [evil, "x".repeat(5000)],
        stars: 5,
        installations: [
          {
            name: evil,
            config: '{"command":"node"}',
            parameters: [{ name: evil, key: "A", placeholder: evil }],
            prerequisites: [evil],
          },
        ],
      },
    ],
  );
  hub = new Hub(
    {
      [name]: {
        ...real.hostile,
        name: `evil \u202egnp.exe ${"long".repeat(200)}`,
        description: `<b>${"d".repeat(3000)}`,
      },
    },
    { hub: sources(fake.url) },
  );
  hub.onClose(() => fake.server.close());
  await hub.start();
  await hub.until(name, "ready");
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

async function harmless(page: Page, faults: string[]) {
  expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked)).toBeUndefined();
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  expect(await problems(page)).toEqual([]);
  const words = await page.evaluate(() => document.body.textContent ?? "");
  expect([...words].filter((c) => "\u001b\u202a\u202b\u202d\u202e\u2066\u2067\u2068".includes(c))).toEqual([]);
  expect(faults).toEqual([]);
}

const server = `#/servers/${encodeURIComponent(name)}`;

test.each([1200, 320])("a hostile server is harmless to look at, at %i", async (width) => {
  const { page, context, faults } = await open(browser, hub, { width });
  await page.goto(hub.url);
  await page.getByText("evil").first().waitFor();
  await harmless(page, faults);
  for (const [tab, seen] of [
    ["tools", "markup"],
    ["resources", "Templates"],
    ["prompts", "Prompts"],
    ["logs", "lines"],
    ["config", "From"],
    ["history", "Recording"],
    ["about", "Calls itself"],
  ] as const) {
    await page.goto(`${hub.url}${server}?tab=${tab}`);
    await page.getByText(seen).first().waitFor();
    await harmless(page, faults);
  }
  await page.goto(`${hub.url}#/activity`);
  await page.goto(`${hub.url}#/logs`);
  await page.getByRole("log").waitFor();
  await harmless(page, faults);
  await context.close();
});

test.each([1200, 320])("a hostile registry is harmless to look at, at %i", async (width) => {
  const { page, context, faults } = await open(browser, hub, { width });
  const readme = `# Read me\n\n${evil}\n\n[click](javascript:window.hacked=12) ![](https://spy.invalid/z.png)\n\n<svg onload="window.hacked=13"></svg>\n\n${"long".repeat(1_250_000)}`;
  await page.route("**/api/v2/marketplace/item?*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), readme } }); // which is elsewhere in the world
  });
  await page.goto(`${hub.url}#/market?q=bad`);
  await page.getByText("bad registry").first().waitFor();
  await harmless(page, faults);
  await page.goto(`${hub.url}#/market/item?id=evil&source=community`);
  await page.getByText("Read me").first().waitFor();
  await harmless(page, faults);
  await context.close();
});

test("a hostile server is harmless where all are shown", async () => {
  const { page, context, faults } = await open(browser, hub);
  for (const [path, seen] of [
    ["/config", "No problems"],
    ["/config?view=merged", "What all files together say"],
    ["/activity", "Activity"],
    ["/settings", "Speaks as mcp-hub"],
  ] as const) {
    await page.goto(`${hub.url}#${path}`);
    await page.getByText(seen).first().waitFor();
    await harmless(page, faults);
  }
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Go to a server").fill("markup");
  await page
    .getByRole("option", { name: /markup/ })
    .first()
    .waitFor();
  await harmless(page, faults);
  await context.close();
});

test("its results are shown and do nothing", async () => {
  const { page, context, faults } = await open(browser, hub);
  for (const [tool, seen] of [
    ["markup", "Structured content"],
    ["odd", "Structured content"],
    ["bare", "Unknown tool"],
    ["wrong", "Unknown tool"],
  ] as const) {
    await page.goto(`${hub.url}${server}/tools/${tool}`);
    await page.getByRole("button", { name: "Run tool" }).click();
    await page.getByText(seen).first().waitFor();
    await harmless(page, faults);
  }
  await context.close();
});

test.each([1200, 320])("what is recorded of it is harmless too, at %i", async (width) => {
  const { page, context, faults } = await open(browser, hub, { width });
  const markup = { server: name, name: "markup" };
  await hub.call(markup, { a: `${name} \u202egnp.exe`, [name]: "x".repeat(3000) }, `${"<b>c".repeat(50)}/<i>`);
  await hub.call(markup, { a: `<script>window.hacked=10</script>${"long".repeat(5000)}` });
  await hub.call({ server: name, name: "odd" }, { a: "\u001b[31m" });
  await hub.call({ server: name, name: "large" }, {});
  await hub.call({ server: name, name: "no such tool <b>" }, {});
  await hub.recorded(5);
  await page.goto(`${hub.url}#/history`);
  await page.getByRole("link", { name: "large" }).first().waitFor();
  await harmless(page, faults);
  for (const tool of ["markup", "odd", "large"]) {
    await page.goto(`${hub.url}#/history?name=${tool}`);
    await page.getByRole("link", { name: tool }).first().click();
    await page.getByText("What happened around it").waitFor();
    await page.getByRole("heading", { name: "Earlier calls of it" }).waitFor();
    await harmless(page, faults);
  }
  await page.goto(`${hub.url}#/history?name=markup`);
  await page.getByRole("link", { name: "markup" }).first().click();
  await page.getByRole("link", { name: "Replay" }).click();
  await page.getByText("The call", { exact: true }).waitFor();
  await harmless(page, faults);
  await page.goBack();
  await page
    .getByRole("link", { name: /Compare with/ })
    .first()
    .click();
  await page.locator("del, ins").first().waitFor();
  await harmless(page, faults);
  await page.goto(`${hub.url}#/history?view=charts`);
  await page.getByText("Slowest").waitFor();
  await harmless(page, faults);
  await context.close();
});

test("five million letters neither freeze the page nor break it", async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}${server}/tools/large`);
  await page.getByRole("button", { name: "Run tool" }).click();
  await page.getByText("more are not shown").waitFor();
  const began = Date.now();
  await page.getByRole("button", { name: "Show more" }).click();
  await page.getByRole("button", { name: "Request and response" }).click();
  await page.getByText("Request", { exact: true }).waitFor();
  expect(Date.now() - began).toBeLessThan(10_000);
  await harmless(page, faults);
  await context.close();
});
