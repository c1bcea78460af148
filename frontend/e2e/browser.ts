import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import type { Hub } from "./hub";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** The browser that the system has: none is downloaded. */
function executable(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const all = ["chromium", "google-chrome"].flatMap((name) => folders.map((folder) => join(folder, name)));
  return process.env.CHROMIUM ?? all.find((path) => existsSync(path)) ?? "chromium";
}

// Its own sandbox needs rights that a container does not have; it sees pages of the hub only.
export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: executable(), args: ["--no-sandbox", "--disable-gpu"] });

export type Theme = "light" | "dark";

interface Options {
  width?: number;
  theme?: Theme;
}

/**
 * A page of a browser that has a session with the hub, as `mcp-hub open` begins it, and nothing else. It fails the test if
 * something is asked of another machine.
 */
export async function open(browser: Browser, hub: Hub, options: Options = {}) {
  const stranger = await openStranger(browser, options);
  const { path } = await hub.api<{ path: string }>("session-codes", { method: "POST" });
  await stranger.page.goto(new URL(path, hub.url).href);
  await stranger.page.goto("about:blank");
  return stranger;
}

/** A page of a browser that has never been there, and has no session with any hub. */
export async function openStranger(browser: Browser, { width = 1200, theme = "light" }: Options = {}) {
  const options: BrowserContextOptions = {
    viewport: { width, height: width < 600 ? 780 : 820 },
    colorScheme: theme,
    reducedMotion: "reduce",
    bypassCSP: false,
  };
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== "data:" && protocol !== "blob:" && hostname !== "localhost")
      faults.push(`asked for ${request.url()}`);
  });
  return { page, context, faults };
}

/** What axe finds wrong on a page, by the rules of WCAG 2.2 AA, and where. */
export async function problems(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) {
    // The page's policy lets in no scripts but its own; the debugger is above that.
    await page.evaluate(readFileSync(axe, "utf8"));
  }
  return page.evaluate(async () => {
    const run = (
      window as unknown as { axe: { run: (root: Document, options: object) => Promise<{ violations: Violation[] }> } }
    ).axe.run;
    interface Violation {
      id: string;
      nodes: { target: string[]; failureSummary: string }[];
    }
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await run(document, { runOnly: tags });
    return violations.flatMap((v) =>
      v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary.replace(/\s+/g, " ")}`),
    );
  });
}

/** Presses Tab until something has the focus, as a person would. */
export async function tabTo(page: Page, target: Locator, key = "Tab") {
  await target.waitFor();
  for (let i = 0; i < 120; i++) {
    if (await target.evaluate((el) => el === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${target} cannot be reached by keyboard`);
}

/** How far the page reaches out of its window sideways, in pixels. */
export const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
