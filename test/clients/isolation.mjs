// Two clients at once on the fixture server, with the same request ids and the same progress tokens: neither may see
// anything of the other. Of five calls one is cancelled when it has shown progress and so is known to run, and one at
// once, wherever it is then. (A legacy client's cancellation may overtake its request, and is void then: such a call is
// short, and ends by itself.) The texts carry this process's id, so that runs can share a server.
// Usage: isolation.mjs KIND-A KIND-B URL CALLS [PREFIX]
import { connect, step } from './peer.mjs';

const [kindA, kindB, url, calls, prefix = ''] = process.argv.slice(2);
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
  const report = {
    answers: 0,
    progress: 0,
    cancelled: [],
    early: 0,
    wrongAnswers: [],
    wrongProgress: [],
    notCancelled: [],
    errors: [],
  };
  const one = async (n) => {
    const text = `${label}-${n}`;
    const cancel = n % 5 === 0;
    const early = n % 5 === 1;
    const abort = new AbortController();
    let finished = false;
    const onprogress = (p) => {
      report.progress++;
      if (p.message !== text || finished) report.wrongProgress.push(`${text} got ${p.message}, finished: ${finished}`);
      if (cancel) abort.abort('enough');
    };
    const args = { text, delayMs: (n * 7) % 60, steps: n % 4 };
    if (cancel || (early && peer.era === 'modern')) Object.assign(args, { delayMs: 60_000, steps: 300 });
    else if (early) args.delayMs = 500;
    try {
      const call = callTool(`${prefix}echo`, args, { onprogress, signal: abort.signal, timeout: 90_000 });
      if (early) setTimeout(() => abort.abort('at once'), n % 20);
      const result = await call;
      finished = true;
      report.answers++;
      if (cancel || early) report.notCancelled.push(text);
      if (result.isError || result.content[0].text !== text) report.wrongAnswers.push(`${text} got ${JSON.stringify(result)}`);
    } catch (err) {
      finished = true;
      if (cancel && abort.signal.aborted) report.cancelled.push(text);
      else if (early && abort.signal.aborted) report.early++;
      else report.errors.push(`${text}: ${err.message}`);
    }
  };
  await Promise.all(Array.from({ length: Number(calls) }, (_, n) => one(n)));
  return { client, callTool, report, ids, tokens };
}

const [a, b] = await Promise.all([run(`${own}a`, kindA), run(`${own}b`, kindB)]);
const ask = async (tool) => (await a.callTool(`${prefix}${tool}`, {})).content[0].text;
// A cancellation travels on its own: wait until the server has no call left.
let running = 1;
for (let i = 0; i < 200 && running > 0; i++) {
  running = Number(await ask('running'));
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const cancelledAtServer = (await ask('cancelled')).split('\n').filter((t) => t.startsWith(own));
const cancelled = [...a.report.cancelled, ...b.report.cancelled];
step('a', a.report);
step('b', b.report);
step('shared ids', a.ids.filter((id) => b.ids.includes(id)).length);
step('shared tokens', a.tokens.filter((token) => token !== undefined && b.tokens.includes(token)).length);
step('running', running);
step('not cancelled at the server', cancelled.filter((t) => !cancelledAtServer.includes(t)));
step('cancelled at the server only', cancelledAtServer.filter((t) => !cancelled.includes(t) && t.split('-').pop() % 5 !== 1));
step('cancelled twice', cancelledAtServer.filter((t, i) => cancelledAtServer.indexOf(t) !== i));
await Promise.all([a.client.close(), b.client.close()]);
