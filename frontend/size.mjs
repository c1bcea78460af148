// Fails if the built dashboard is larger than it may be. Sizes are those of gzip, in bytes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const most = { first: 200_000, chunk: 180_000, all: 500_000 };

const site = join(import.meta.dirname, "dist/site");
const assets = readdirSync(join(site, "assets")).filter((name) => /\.(js|css)$/.test(name));
const sizes = new Map(
  assets.map((name) => [name, gzipSync(readFileSync(join(site, "assets", name)), { level: 9 }).length]),
);

// What a browser loads before it shows anything: the scripts and styles of the page, and all that they import at once.
const first = new Set();
const visit = (name) => {
  if (first.has(name) || !sizes.has(name)) return;
  first.add(name);
  const text = readFileSync(join(site, "assets", name), "utf8");
  for (const [, imported] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) visit(imported);
};
for (const [, name] of readFileSync(join(site, "index.html"), "utf8").matchAll(/assets\/([^"']+)/g)) visit(name);

const sum = (names) => [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
const lazy = assets.filter((name) => !first.has(name)).sort((a, b) => sizes.get(b) - sizes.get(a));

console.log(`first load ${kB(sum(first))} of ${kB(most.first)}, everything ${kB(sum(assets))} of ${kB(most.all)}`);
for (const name of lazy.slice(0, 4)) console.log(`  ${name} ${kB(sizes.get(name))} of ${kB(most.chunk)}`);

const tooLarge = lazy.filter((name) => sizes.get(name) > most.chunk);
if (sum(first) > most.first || sum(assets) > most.all || tooLarge.length > 0) {
  console.error("the dashboard is larger than it may be");
  process.exit(1);
}
