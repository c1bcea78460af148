// Two clients at once on the fixture server, with the same request ids and the same progress tokens: neither may see
// anything of the other. The texts carry this process's id, so that runs share a server. Usage: isolation.mjs KIND-A KIND-B URL CALLS [PREFIX]
import { connect, step } from './peer.mjs';

const [kindA, kindB, url, calls, prefix = ''] = process.argv.slice(2);
const cancelEvery = 5;
const own = `${process.pid}-`;

async function run(label, kind) {
  const peer = await connect(kind, url);
  const { client, transport, callTool } = peer;
  const ids = [];
  const tokens = [];
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (message.method === 'tools/call') {
      ids.push(message.id);
      tokens.push(message.params._meta?.progressToken);
    }
    return send(message, options);
  };
  const report = { answers: 0, wrongAnswers: [], progress: 0, wrongProgress: [], cancelled: [], notCancelled: [], errors: [] };
  const one = async (n) => {
    const text = `${label}-${n}`;
    const cancel = n % cancelEvery === 0;
    const abort = new AbortController();
    let finished = false;
    const onprogress = (p) => {
      report.progress++;
      if (p.message !== text || finished) report.wrongProgress.push(`${text} got ${p.message}, finished: ${finished}`);
    };
    const args = { text, delayMs: cancel ? 20_000 : (n * 7) % 60, steps: cancel ? 0 : n % 4 };
    try {
      const call = callTool(`${prefix}echo`, args, { onprogress, signal: abort.signal, timeout: 60_000 });
      if (cancel) setTimeout(() => abort.abort('enough'), 150 + (n % 50));
      const result = await call;
      finished = true;
      report.answers++;
      if (cancel) report.notCancelled.push(text);
      if (result.isError || result.content[0].text !== text) report.wrongAnswers.push(`${text} got ${JSON.stringify(result)}`);
    } catch (err) {
      finished = true;
      if (cancel && abort.signal.aborted) report.cancelled.push(text);
      else report.errors.push(`${text}: ${err.message}`);
    }
  };
  await Promise.all(Array.from({ length: Number(calls) }, (_, n) => one(n)));
  return { client, callTool, report, ids, tokens };
}

const [a, b] = await Promise.all([run(`${own}a`, kindA), run(`${own}b`, kindB)]);
const expected = [...a.report.cancelled, ...b.report.cancelled].sort();
let atServer = [];
const ask = async () => {
  const { content } = await a.callTool(`${prefix}cancelled`, {});
  atServer = content[0].text.split('\n').filter((t) => t.startsWith(own)).sort();
};
for (let i = 0; i < 100 && atServer.length < expected.length; i++) {
  await ask();
  await new Promise((resolve) => setTimeout(resolve, 50));
}
step('a', a.report);
step('b', b.report);
step('shared ids', a.ids.filter((id) => b.ids.includes(id)).length);
step('shared tokens', a.tokens.filter((token) => token !== undefined && b.tokens.includes(token)).length);
step('cancelled by the clients', expected);
step('cancelled at the server', atServer);
await Promise.all([a.client.close(), b.client.close()]);
