// Walks through what a client does with server-everything. Usage: walk.mjs KIND URL [TOOL-AND-PROMPT-PREFIX]
import { connect, pages, step } from './peer.mjs';

const [kind, url, prefix = ''] = process.argv.slice(2);
const { client, era, version, callTool } = await connect(kind, url);
step('connected', { era, version, capabilities: Object.keys(client.getServerCapabilities()).sort() });

step('tools', (await pages((p) => client.listTools(p), 'tools')).map((t) => t.name));
step('echo', await callTool(`${prefix}echo`, { message: 'grüße 🌍' }));
step('sum', await callTool(`${prefix}get-sum`, { a: 2, b: 40 }));
step('structured', await callTool(`${prefix}get-structured-content`, { location: 'New York' }));
step('image', (await callTool(`${prefix}get-tiny-image`, {})).content.map((c) => c.type));

const progress = [];
const long = await callTool(
  `${prefix}trigger-long-running-operation`,
  { duration: 1, steps: 4 },
  { onprogress: (p) => progress.push([p.progress, p.total]) },
);
step('progress', { progress, content: long.content });

try {
  step('unknown tool', { result: await callTool(`${prefix}no-such-tool`, {}) });
} catch (err) {
  step('unknown tool', { code: err.code, message: err.message });
}

const resources = await pages((p) => client.listResources(p), 'resources');
step('resources', resources.map((r) => r.uri));
step('templates', (await pages((p) => client.listResourceTemplates(p), 'resourceTemplates')).map((r) => r.uriTemplate));
const document = resources.find((r) => r.uri.endsWith('features.md'));
step('static resource', (await client.readResource({ uri: document.uri })).contents[0].text.length);
step('templated resource', (await client.readResource({ uri: 'demo://resource/dynamic/text/7' })).contents);

step('prompts', (await pages((p) => client.listPrompts(p), 'prompts')).map((p) => p.name));
step('prompt', await client.getPrompt({ name: `${prefix}args-prompt`, arguments: { city: 'Oslo', state: 'Viken' } }));
step(
  'completion',
  await client.complete({
    ref: { type: 'ref/prompt', name: `${prefix}completable-prompt` },
    argument: { name: 'department', value: 'E' },
  }),
);
if (era === 'legacy') {
  step('ping', await client.ping());
  step('logging level', await client.setLoggingLevel('warning'));
}
await client.close();
step('closed', true);
