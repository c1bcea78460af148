// Sees the tools of the fixture server change. Usage: changes.mjs KIND URL [PREFIX]
import { connect, pages, step, until } from './peer.mjs';

const [kind, url, prefix = ''] = process.argv.slice(2);
const seen = [];
const { client, callTool, listen } = await connect(kind, url, (list) => seen.push(list));
const subscription = await listen();
const tools = async () => {
  const raw = (params) => client.listTools(params, { cacheMode: 'refresh' });
  return (await pages(raw, 'tools')).map((t) => t.name);
};

step('before', await tools());
await callTool(`${prefix}add_tool`, { name: `late_${kind}` });
await until(() => seen.includes('tools'), 10_000, 'notification of the added tool');
step('added', await tools());
step('late', await callTool(`${prefix}late_${kind}`, {}));

seen.length = 0;
await callTool(`${prefix}remove_tool`, { name: `late_${kind}` });
await until(() => seen.includes('tools'), 10_000, 'notification of the removed tool');
step('removed', await tools());
await subscription.close();
await client.close();
