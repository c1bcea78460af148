import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { launch, open, overflow, problems, type Theme } from "./browser";
import type { Hub } from "./hub";
import { sampleHub, screens } from "./screens";

// Makes the pictures of every screen. PICTURES is the folder for them; WIDTHS are the widths of the window.
const folder = resolve(process.env.PICTURES ?? "pictures");
const widths = (process.env.WIDTHS ?? "1200").split(",").map(Number);
const only = process.env.ONLY;

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await launch();
  hub = await sampleHub();
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

async function picture(page: Page, name: string, width: number, theme: Theme) {
  const suffix = width === 1200 ? theme : `${width}-${theme}`;
  await page.screenshot({ path: `${folder}/${name}-${suffix}.png` });
}

for (const theme of ["light", "dark"] as const) {
  for (const width of widths) {
    test(`pictures in ${theme} at ${width}`, { timeout: 240_000 }, async () => {
      const { page, context } = await open(browser, hub, { width, theme });
      for (const screen of screens.filter((s) => (only ? only.split(",").includes(s.name) : s.name !== "missing"))) {
        await page.goto(`${hub.url}#${screen.path}`);
        await screen.ready(page);
        await page.mouse.move(0, 0); // nothing is pointed at
        await page.waitForTimeout(250); // for what fades in
        await picture(page, screen.name, width, theme);
        if (!process.env.CHECK) continue;
        const out = await overflow(page);
        for (const p of await problems(page)) console.log(`${screen.name} ${width} ${theme}: ${p}`);
        if (out > 0) console.log(`${screen.name} ${width} ${theme}: ${out} px too wide`);
      }
      await context.close();
    });
  }
}
