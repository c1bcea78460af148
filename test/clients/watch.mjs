// Waits for the tools of an endpoint to change for a reason outside, such as an edit of the configuration.
// Usage: watch.mjs KIND URL WANTED-TOOL READY-FILE: writes READY-FILE once it listens.
import { writeFileSync } from 'node:fs';
import { connect, pages, step, until } from './peer.mjs';

const [kind, url, wanted, ready] = process.argv.slice(2);
let changes = 0;
const { client, listen } = await connect(kind, url, (list) => {
  if (list === 'tools') changes++;
});
const subscription = await listen();
const tools = async () => (await pages((p) => client.listTools(p, { cacheMode: 'refresh' }), 'tools')).map((t) => t.name);
step('before', await tools());
writeFileSync(ready, 'ready');
let names = [];
for (let seen = 0; !names.includes(wanted); seen = changes) {
  await until(() => changes > seen, 20_000, `notification that ${wanted} is there`);
  names = await tools();
}
step('after', names);
await subscription.close();
await client.close();
