import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, test } from "vitest";
import { launch, open } from "./browser";
import type { Hub } from "./hub";
import { manyHub } from "./many";

// Measures from the way to a screen to its content, with 200 servers, 5,000 tools, 50,000 lines of log, and the calls of the
// database that MEASURE names. It prints tables and fails for nothing but faults: a busy machine is slow.

const rounds = 7;

/** The screens, each with words that are there once it is complete; without any, once nothing of it is loading. */
const screens: [path: string, words?: string][] = [
  ["/", "server-199"],
  ["/?q=server-19", "server-199"],
  ["/servers/server-100", "tool_24"],
  ["/servers/server-100?tab=logs"],
  ["/servers/server-100?tab=history"],
  ["/servers/server-100?tab=config", "From"],
  ["/servers/server-100?tab=about", "Calls itself"],
  ["/servers/server-100/tools/tool_3", "Run tool"],
  ["/add"],
  ["/market"],
  ["/config", "server-000"],
  ["/config?view=merged", "server-199"],
  ["/config?view=history"],
  ["/activity"],
  ["/logs"],
  ["/history"],
  ["/history?q=proj"],
  ["/clients"],
  ["/secrets"],
  ["/secrets?tab=tokens"],
  ["/settings", "Speaks as mcp-hub"],
];

/** What the hub itself takes for what these screens ask. */
const routes = [
  "servers",
  "tools",
  "config/effective",
  "logs?limit=500",
  "logs?limit=500&q=line+25000",
  "history/calls?limit=50",
  "history/calls?limit=50&q=proj",
  "history/calls?limit=50&server=memory&outcome=failed",
  "history/summary?since=2020-01-01T00:00:00Z",
];

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launch();
  hub = await manyHub({
    hub: {
      history: { maxMB: 100_000, days: 3650 },
      marketplace: {
        sources: [
          { name: "official", disabled: true },
          { name: "community", disabled: true },
        ],
      },
    },
  });
  const state = join(hub.home, "state/mcp-hub");
  mkdirSync(join(state, "logs"), { recursive: true, mode: 0o700 });
  copyFileSync(process.env.MEASURE ?? "", join(state, "hub.db"));
  const begin = Date.now() - 3_600_000;
  const line = (i: number) =>
    JSON.stringify({
      time: new Date(begin + i * 70),
      level: i % 50 ? "INFO" : "WARN",
      msg: `line ${i}`,
      server: `server-${String(i % 200).padStart(3, "0")}`,
    });
  writeFileSync(join(state, "logs/mcp-hub.log"), `${Array.from({ length: 50_000 }, (_, i) => line(i)).join("\n")}\n`);
  await hub.start();
  await hub.until("server-199", "ready");
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await hub?.close();
});

/** Goes to a screen and returns the milliseconds until its content is drawn; -1 if there is no such screen. */
const visit = (page: Page, path: string, words?: string) =>
  page.evaluate(
    async ({ path, words }) => {
      const frame = () => new Promise(requestAnimationFrame);
      const main = document.querySelector("main") as HTMLElement;
      const before = main.firstElementChild;
      const began = performance.now();
      location.hash = path;
      for (;;) {
        await frame();
        const text = main.textContent ?? "";
        if (text.includes("There is no such page")) return -1;
        const there = words ? text.includes(words) : main.firstElementChild !== before && text !== "";
        if (there && !main.querySelector('[aria-label="Loading"]')) break;
        if (performance.now() - began > 10_000) return Number.POSITIVE_INFINITY;
      }
      await frame(); // now it is drawn
      return performance.now() - began;
    },
    { path, words },
  );

/** Scrolls to the end and returns the milliseconds of the longest frame. */
const scroll = (page: Page) =>
  page.evaluate(async () => {
    const frame = () => new Promise<number>(requestAnimationFrame);
    const inner = [...document.querySelectorAll<HTMLElement>("main *")].find(
      (e) =>
        e.scrollHeight > e.clientHeight + 200 && e.clientHeight > 200 && getComputedStyle(e).overflowY !== "visible",
    );
    const box = inner ?? document.documentElement;
    let longest = 0;
    for (let i = 0, last = await frame(); i < 60; i++) {
      box.scrollTop = (box.scrollHeight * i) / 60;
      const now = await frame();
      longest = Math.max(longest, now - last);
      last = now;
    }
    return longest;
  });

const row = (times: number[]) => {
  const [first = 0, ...rest] = times;
  const sorted = rest.sort((a, b) => a - b);
  return {
    first: Math.round(first),
    median: Math.round(sorted[sorted.length >> 1] ?? 0),
    worst: Math.round(sorted.at(-1) ?? 0),
  };
};

test("screens", { timeout: 600_000 }, async () => {
  const { page, context, faults } = await open(browser, hub);
  await page.goto(`${hub.url}#/add`);
  await page.getByRole("heading").first().waitFor();
  await page.waitForTimeout(1000); // what is loaded before it is wanted
  const table: Record<string, object> = {};
  for (const [path, words] of screens) {
    const times: number[] = [];
    const elsewhere = path === "/add" ? "/settings" : "/add";
    await visit(page, elsewhere);
    for (let i = 0; i < rounds; i++) {
      times.push(await visit(page, path, words));
      if (times[0] === -1) break;
      if (i < rounds - 1) await visit(page, elsewhere);
    }
    if (times[0] === -1) continue;
    table[path] = { ...row(times), scrolling: Math.round(await scroll(page)) };
  }
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const began = performance.now();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Go to a server").fill(`tool_7 server-15${i}`);
    await page
      .getByRole("option", { name: /tool_7/ })
      .first()
      .waitFor();
    times.push(performance.now() - began);
    await page.keyboard.press("Escape");
    await page.getByPlaceholder("Go to a server").waitFor({ state: "detached" });
  }
  table["search in 5,000 tools"] = row(times);
  console.log("Milliseconds from the way to a screen to its content, and of the longest frame while scrolling");
  console.table(table);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  await context.close();
});

test("routes", async () => {
  const table: Record<string, object> = {};
  for (const route of routes) {
    const times: number[] = [];
    let size = 0;
    for (let i = 0; i < rounds; i++) {
      const began = performance.now();
      const answer = await fetch(`${hub.url}api/v2/${route}`);
      size = (await answer.arrayBuffer()).byteLength;
      times.push(performance.now() - began);
      if (!answer.ok) throw new Error(`${route}: ${answer.status}`);
    }
    table[route] = { ...row(times), kB: Math.round(size / 1000) };
  }
  console.log("Milliseconds of the hub's answers");
  console.table(table);
});
