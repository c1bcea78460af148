import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hub } from "./hub";
import { sampleHub, screens } from "./screens";
import { driver, WebKit } from "./webkit";

// What shows the dashboard in a window on Linux is not Chromium. The language is that of containers, of which WebKitGTK makes
// a name of a language that its own Intl does not take.

let hub: Hub;
let page: WebKit;

beforeAll(async () => {
  if (!driver) return;
  hub = await sampleHub();
  page = await new WebKit().start("C.UTF-8");
});

afterAll(async () => {
  await page?.close();
  await hub?.close();
});

/** Notes what goes wrong on the page from now on, and returns what has. */
const faults = `
  window.faults ??= (() => {
    const list = [];
    addEventListener("error", (e) => list.push("error: " + (e.message || e.target?.src || e.target?.href)), true);
    addEventListener("unhandledrejection", (e) => list.push("rejected: " + (e.reason?.message ?? e.reason)));
    addEventListener("securitypolicyviolation", (e) => list.push(e.violatedDirective + ": " + e.blockedURI));
    return list;
  })();
  return window.faults`;

/** The screen is there: its part of the page has words, and neither waits for something nor broke. */
const shown = `document.querySelector("main")?.innerText.trim() && !document.querySelector('main [aria-label="Loading"]')`;

test.skipIf(!driver)("every screen is shown by WebKitGTK", async () => {
  const { path } = await hub.api<{ path: string }>("session-codes", { method: "POST" });
  await page.goto(new URL(path, hub.url).href);
  const found: string[] = [];
  for (const { name, path } of screens) {
    await page.goto(`${hub.url}?screen=${name}#${path}`); // another address each time, so that the page begins anew
    await page.run(faults);
    await page.until(shown);
    await page.drawn();
    const words = await page.run<string>(`return document.querySelector("main").innerText`);
    if (/This page broke|mcp-hub open/.test(words)) found.push(`${name}: ${words}`);
    for (const fault of await page.run<string[]>(faults)) found.push(`${name}: ${fault}`);
  }
  expect(found).toEqual([]);
  expect(await page.run("return new Intl.NumberFormat(navigator.language).format(1234.5)")).toMatch(/^1.?234.5$/);
});
