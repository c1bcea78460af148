// The three clients that the scripts of this folder are run with, behind one set of calls:
//   http    @modelcontextprotocol/sdk 1.x, streamable HTTP, legacy era
//   sse     @modelcontextprotocol/sdk 1.x, HTTP+SSE, legacy era
//   modern  @modelcontextprotocol/client 2.x, streamable HTTP, the newest revision that the server offers
import * as modern from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

const info = { name: 'mcp-hub-test', version: '1.0.0' };

/** Connects a client of a kind to a URL. changed(list) is called for each list_changed notification. */
export async function connect(kind, url, changed = () => {}) {
  const address = new URL(url);
  if (kind === 'modern') {
    const client = new modern.Client(info, { capabilities: {}, versionNegotiation: { mode: 'auto' } });
    for (const list of ['tools', 'resources', 'prompts']) {
      client.setNotificationHandler(`notifications/${list}/list_changed`, () => changed(list));
    }
    const transport = new modern.StreamableHTTPClientTransport(address);
    await client.connect(transport);
    return {
      client,
      transport,
      era: client.getProtocolEra(),
      version: client.getNegotiatedProtocolVersion(),
      callTool: (name, args, options) => client.callTool({ name, arguments: args }, options),
      // A modern server sends changes only to those who listen.
      listen: () =>
        client.listen({ toolsListChanged: true, resourcesListChanged: true, promptsListChanged: true }),
    };
  }
  const client = new LegacyClient(info, { capabilities: {} });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed('tools'));
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => changed('resources'));
  client.setNotificationHandler(PromptListChangedNotificationSchema, () => changed('prompts'));
  const transport = kind === 'sse' ? new SSEClientTransport(address) : new StreamableHTTPClientTransport(address);
  let version;
  transport.setProtocolVersion = ((set) => (v) => {
    version = v;
    set?.call(transport, v);
  })(transport.setProtocolVersion);
  await client.connect(transport);
  return {
    client,
    transport,
    era: 'legacy',
    version,
    callTool: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
    listen: async () => ({ close: async () => {} }),
  };
}

/** Collects all items of a list, page by page. */
export async function pages(list, key) {
  const items = [];
  let cursor;
  let count = 0;
  do {
    const page = await list(cursor === undefined ? {} : { cursor });
    items.push(...page[key]);
    cursor = page.nextCursor;
    count++;
  } while (cursor !== undefined && count < 100);
  return items;
}

/** Prints one step for the Go test to judge. */
export function step(name, value) {
  process.stdout.write(`${JSON.stringify({ step: name, value })}\n`);
}

/** Resolves when ready() is true; fails after limit milliseconds. */
export async function until(ready, limit, what) {
  const deadline = Date.now() + limit;
  while (!ready()) {
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${limit} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
