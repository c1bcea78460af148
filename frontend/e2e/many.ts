import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Hub } from "./hub";

const tools = Array.from({ length: 25 }, (_, i) => ({
  name: `tool_${i}`,
  description: `Does thing ${i} of many things that servers do`,
  inputSchema: { type: "object", properties: { a: { type: "string" } } },
}));

/** A remote MCP server without sessions. */
const peer: Server = createServer(async (request, answer) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { id, method } = body ? JSON.parse(body) : {};
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "many", version: "1" },
    },
    "tools/list": { tools },
    ping: {},
  };
  if (request.method !== "POST") return answer.writeHead(405).end();
  if (id === undefined) return answer.writeHead(202).end();
  const result = results[method];
  const error = { code: -32601, message: "There is no such method" };
  answer.setHeader("Content-Type", "application/json");
  answer.end(JSON.stringify({ jsonrpc: "2.0", id, ...(result ? { result } : { error }) }));
});

/** A hub, not yet started, with 200 servers that have 5,000 tools. */
export async function manyHub(top: Record<string, unknown> = {}): Promise<Hub> {
  await new Promise<void>((done) => peer.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(peer.address() as AddressInfo).port}/mcp`;
  const names = Array.from({ length: 200 }, (_, i) => `server-${String(i).padStart(3, "0")}`);
  const hub = new Hub(Object.fromEntries(names.map((name) => [name, { url, protocol: "legacy" }])), top);
  hub.onClose(() => peer.close());
  return hub;
}
