import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, open, overflow, problems } from "./browser";
import { Hub } from "./hub";
import { sampleHub, screens } from "./screens";

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  hub = await sampleHub();
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

describe.each([
  { theme: "light", width: 1200 },
  { theme: "dark", width: 1200 },
  { theme: "light", width: 360 },
  { theme: "dark", width: 360 },
  { theme: "light", width: 320 },
] as const)("$theme at $width", ({ theme, width }) => {
  test("every screen is accessible, fits, and asks nobody else for anything", async () => {
    const { page, context, faults } = await open(browser, hub, { theme, width });
    const found: string[] = [];
    for (const screen of screens) {
      await page.goto(`${hub.url}#${screen.path}`);
      await screen.ready(page);
      // At 320 it is about room only: there is nothing on it that is not there at 360.
      if (width !== 320) for (const problem of await problems(page)) found.push(`${screen.name}: ${problem}`);
      const out = await overflow(page);
      if (out > 0) found.push(`${screen.name}: ${out} px too wide`);
    }
    expect([...found, ...faults]).toEqual([]);
    await context.close();
  });
});

test("a hub without servers says how to begin", async () => {
  const empty = await new Hub({}).start();
  for (const width of [1200, 320]) {
    const { page, context, faults } = await open(browser, empty, { width });
    await page.goto(empty.url);
    await page.getByText("Your hub runs").waitFor();
    expect([...(await problems(page)), ...faults]).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await context.close();
  }
  await empty.close();
});

test("the page is served with a strict policy, and other clients get JSON", async () => {
  const page = await fetch(hub.url, { headers: { Accept: "text/html" } });
  expect(page.headers.get("Content-Security-Policy")).toContain("script-src 'self'");
  expect(page.headers.get("Cache-Control")).toBe("no-store");
  const script = /assets\/[^"]+\.js/.exec(await page.text())?.[0];
  const asset = await fetch(`${hub.url}${script}`);
  expect(asset.headers.get("Cache-Control")).toContain("immutable");
  expect(asset.headers.get("ETag")).toBeTruthy();
  const other = await fetch(hub.url, { headers: { Accept: "*/*" } });
  expect(await other.json()).toMatchObject({ name: "MCP Hub", mcp: "/mcp" });
});
