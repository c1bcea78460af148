/** A short name for what an entry starts or reaches. */
export const nameOf = (c: Record<string, unknown>) =>
  typeof c.url === "string"
    ? nameOfURL(c.url)
    : nameOfCommand([String(c.command ?? ""), ...(Array.isArray(c.args) ? c.args.map(String) : [])]);

/** The part of an address that tells one service from another. */
export function nameOfURL(url: string): string {
  try {
    const parts = new URL(url).hostname
      .split(".")
      .filter((p) => !/^(www|mcp|api|com|org|net|io|dev|ai|app|co)$/.test(p));
    return tidy(parts.at(-1) ?? new URL(url).hostname);
  } catch {
    return "";
  }
}

/** A short name for what a command runs: the package without its scope and the words that all of them have. */
export function nameOfCommand(words: string[]): string {
  const runner =
    /(^|[\\/])(npx|uvx|bunx|pnpm|yarn|npm|uv|docker|podman|node|python3?|deno|bun|go|java|cmd|sh|bash)(\.exe|\.cmd)?$/;
  const [first = "", ...rest] = words;
  const skip = /^(run|exec|dlx|x|tool|-m)$/;
  const subject = runner.test(first)
    ? (rest.filter((w) => !w.startsWith("-") && !skip.test(w) && !/^\w+=/.test(w))[0] ?? first)
    : first;
  return tidy(
    subject
      .replace(/(?<=.)@[^/]*$|==.*$|:[\w.-]+$/, "")
      .split(/[\\/]/)
      .pop() ?? "",
  );
}

/** A name without what all names have, and without what clients may not take. */
export function tidy(name: string): string {
  const short = name
    .replace(/\.(js|ts|py|exe|jar|mjs|cjs)$/, "")
    .replace(/^(mcp-server-|server-|mcp-)/, "")
    .replace(/(-mcp-server|-mcp|-server)$/, "");
  return (short || name).replace(/[^\w.-]+/g, "-").replace(/^-+|-+$/g, "");
}
