// An MCP server that asks two things at once during a call, and answers with what it was told: or at once, without that.
import { createInterface } from "node:readline";

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
let told;
let call;

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params, result } = JSON.parse(line);
  if (method === "initialize") {
    const { protocolVersion } = params;
    send({
      id,
      result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "curious", version: "1" } },
    });
  } else if (method === "tools/list") {
    send({ id, result: { tools: ["ask", "leave"].map((name) => ({ name, inputSchema: { type: "object" } })) } });
  } else if (method === "tools/call") {
    call = params.name === "ask" ? id : undefined;
    told = [];
    for (const message of ["first", "second"]) {
      const requestedSchema = { type: "object", properties: { word: { type: "string" } } };
      send({
        id: `${message} ${id}`,
        method: "elicitation/create",
        params: { message: `The ${message} word`, requestedSchema },
      });
    }
    if (call === undefined) send({ id, result: { content: [{ type: "text", text: "never mind" }] } });
  } else if (method) {
    if (id !== undefined) send({ id, result: {} });
  } else {
    told.push(result?.content?.word);
    if (call !== undefined && told.length === 2)
      send({ id: call, result: { content: [{ type: "text", text: told.join(", then ") }] } });
  }
}
