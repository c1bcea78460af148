// A client that only speaks stdio, with the hub's bridge as its server, while the hub is restarted outside.
// Usage: stdio.mjs PROGRAM HUB-URL READY-FILE: writes READY-FILE when the hub may be restarted.
import { writeFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { step, until } from './peer.mjs';

const [program, hub, ready] = process.argv.slice(2);
const client = new Client({ name: 'mcp-hub-test', version: '1.0.0' }, { capabilities: {} });
let changes = 0;
client.setNotificationHandler(ToolListChangedNotificationSchema, () => changes++);
await client.connect(new StdioClientTransport({ command: program, args: ['stdio', '--hub', hub] }));
const echo = (message) => client.callTool({ name: 'everything__echo', arguments: { message } });
step('before', await echo('one'));
const seen = changes;
writeFileSync(ready, 'ready');
await until(() => changes > seen, 40_000, 'notification that the hub is back');
step('after', await echo('two'));
await client.close();
