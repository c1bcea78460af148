import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

// Names that one might meet; the rest is there to fill pages.
const known: [string, string, string, number][] = [
  ["Repository", "Search code, read files, and work on issues and pull requests", "development", 3911],
  ["Browser", "Drive a browser: open pages, click, fill in forms, take pictures", "web", 3520],
  ["Relational database", "Look at schemas and run read-only queries", "databases", 2874],
  ["Calendar", "Find free time, and plan meetings with others", "productivity", 1960],
  ["Vector search", "Store and find passages by meaning", "databases", 1544],
  ["Web search", "Search the web and read what is found as Markdown", "web", 1210],
  ["Containers", "List, start, stop and inspect containers and images", "development", 987],
];

const item = (n: number) => ({
  id: `tool-${n}`,
  name: `Tool ${n}`,
  description: `Does thing number ${n}`,
  author: "somebody",
  url: "https://example.invalid/tool",
  category: n % 2 ? "web" : "files",
  tags: ["sample"],
  stars: 100 - n,
  installations: [{ name: "run", config: '{"command":"tool"}' }],
});

/** A registry in the shape of the community's, with a server that can be installed, and more if they are given. */
export async function registry(
  command: string,
  args: string[],
  more: object[] = [],
): Promise<{ url: string; server: Server }> {
  const graph = {
    id: "graph",
    name: "Knowledge graph",
    description: "Remembers what you tell it as entities, relations and observations",
    author: "somebody",
    url: "https://example.invalid/graph",
    category: "memory",
    tags: ["memory", "knowledge"],
    stars: 4321,
    featured: true,
    installations: [
      {
        name: "run",
        config: JSON.stringify({ command, args, env: { MEMORY_FILE_PATH: "${MEMORY_FILE}", API_KEY: "${API_KEY}" } }),
        parameters: [
          { name: "Memory file", key: "MEMORY_FILE", description: "Where it keeps what it knows", required: true },
          { name: "API key", key: "API_KEY", placeholder: "sk-…", required: false },
        ],
        prerequisites: ["Node.js"],
      },
    ],
  };
  const body = JSON.stringify({
    servers: [
      graph,
      ...more,
      ...known.map(([name, description, category, stars], i) => ({
        ...item(i),
        id: `known-${i}`,
        name,
        description,
        category,
        stars,
      })),
      ...Array.from({ length: 60 - known.length }, (_, i) => item(i + 1)),
    ],
  });
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "application/json").end(body));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/registry.json`, server };
}

/** The configuration's key that makes it, and an unreachable one, the only sources of the marketplace. */
export const sources = (url: string) => ({
  marketplace: {
    sources: [
      { name: "official", disabled: true },
      { name: "community", url },
      { name: "ours", type: "registry", url: "http://127.0.0.1:9" },
    ],
  },
});
