import { readEvents } from "./sse";

/**
 * A small MCP client for the pages on which tools are tried out. It speaks to /mcp/{server}, as every client does, and
 * not to a route of the hub's own: progress, cancelling, log messages and questions of the server come with the
 * protocol, and what works here works in an editor too. It begins a session (revision 2025-11-25), since stateless
 * requests take no questions from servers.
 */
const revision = "2025-11-25";

export interface Fault {
  code: number;
  message: string;
  data?: unknown;
}

export interface Reply {
  result?: Record<string, unknown>;
  error?: Fault;
  /** As it was sent and received. */
  request: string;
  response: string;
  /** In milliseconds, from the sending to the last byte. */
  took: number;
}

export interface Progress {
  progress: number;
  total?: number;
  message?: string;
}

/** What a server asks of the person during a call: facts (elicitation), or what a model would say (sampling). */
export interface Question {
  method: "elicitation/create" | "sampling/createMessage";
  params: Record<string, unknown>;
}

/** The result that the server gets; undefined if the person does not want to answer. */
export type Answer = Record<string, unknown> | undefined;

export interface Listener {
  onProgress?: (progress: Progress) => void;
  onMessage?: (params: { level: string; data: unknown }) => void;
  onQuestion?: (question: Question) => Promise<Answer>;
}

interface Rpc {
  id?: number | string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: Fault;
}

const sessions = new Map<string, Promise<string>>();
let last = 0;

function post(server: string, session: string | undefined, message: object | string, signal?: AbortSignal) {
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
  };
  if (session) {
    headers["Mcp-Session-Id"] = session;
    headers["MCP-Protocol-Version"] = revision;
  }
  const body = typeof message === "string" ? message : JSON.stringify(message);
  return fetch(`/mcp/${encodeURIComponent(server)}`, { method: "POST", headers, body, signal });
}

/** The session with a server: one for all calls of the page. */
function sessionOf(server: string): Promise<string> {
  let session = sessions.get(server);
  if (!session) {
    session = begin(server);
    session.catch(() => sessions.delete(server));
    sessions.set(server, session);
  }
  return session;
}

async function begin(server: string): Promise<string> {
  const params = {
    protocolVersion: revision,
    capabilities: { elicitation: {}, sampling: {} },
    clientInfo: { name: "mcp-hub-dashboard", title: "Dashboard of MCP Hub", version: "1" },
  };
  const answer = await post(server, undefined, { jsonrpc: "2.0", id: ++last, method: "initialize", params });
  const id = answer.headers.get("Mcp-Session-Id");
  const body = (await answer.json().catch(() => ({}))) as Rpc;
  if (!answer.ok || !id) throw new Error(body.error?.message ?? `The hub answered ${answer.status}.`);
  await post(server, id, { jsonrpc: "2.0", method: "notifications/initialized" });
  await post(server, id, { jsonrpc: "2.0", id: ++last, method: "logging/setLevel", params: { level: "debug" } });
  return id;
}

/** Sends a request and returns what came of it. Rejects if the hub cannot be asked, or with the signal's reason. */
export async function request(
  server: string,
  method: string,
  params: object,
  listener: Listener = {},
  signal?: AbortSignal,
): Promise<Reply> {
  try {
    return await once(server, method, params, listener, signal);
  } catch (cause) {
    if (!(cause instanceof Forgotten)) throw cause;
    sessions.delete(server); // the hub was restarted, or it forgot the session: no server has seen the request
    return once(server, method, params, listener, signal);
  }
}

class Forgotten extends Error {}

async function once(
  server: string,
  method: string,
  params: object,
  listener: Listener,
  signal?: AbortSignal,
): Promise<Reply> {
  const session = await sessionOf(server);
  const id = ++last;
  const message = JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: { progressToken: id } } });
  const cancelled = () =>
    void post(server, session, {
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: id, reason: "cancelled by the person" },
    });
  signal?.throwIfAborted();
  signal?.addEventListener("abort", cancelled, { once: true });
  try {
    const began = performance.now();
    const answer = await post(server, session, message, signal);
    if (answer.status === 404) throw new Forgotten("The session has ended.");
    const done = (response: string, rpc: Rpc): Reply => ({
      result: rpc.result,
      error: rpc.error,
      request: message,
      response,
      took: performance.now() - began,
    });
    if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      const body = await answer.text();
      return done(body, JSON.parse(body) as Rpc);
    }
    for await (const body of readEvents(answer.body)) {
      const rpc = JSON.parse(body) as Rpc;
      if (rpc.method) void take(server, session, rpc, id, listener);
      else if (rpc.id === id) return done(body, rpc);
    }
    throw new Error("The hub ended the call without an answer.");
  } finally {
    signal?.removeEventListener("abort", cancelled);
  }
}

/** Takes what a server says or asks during a call. */
async function take(server: string, session: string, rpc: Rpc, call: number, listener: Listener) {
  const params = rpc.params ?? {};
  if (rpc.method === "notifications/progress" && params.progressToken === call)
    listener.onProgress?.(params as unknown as Progress);
  if (rpc.method === "notifications/message") listener.onMessage?.(params as { level: string; data: unknown });
  if (rpc.id === undefined) return;
  const answer = await answerTo(rpc.method, params, listener);
  await post(server, session, { jsonrpc: "2.0", id: rpc.id, ...answer });
}

async function answerTo(method: string | undefined, params: Record<string, unknown>, { onQuestion }: Listener) {
  if (onQuestion && method === "elicitation/create") {
    return { result: (await onQuestion({ method, params })) ?? { action: "cancel" } };
  }
  if (onQuestion && method === "sampling/createMessage") {
    const result = await onQuestion({ method, params });
    return result ? { result } : { error: { code: -1, message: "The person did not want to answer." } };
  }
  return { error: { code: -32601, message: "The dashboard cannot answer this." } };
}

// Sessions end with the page.
addEventListener("pagehide", () => {
  for (const [server, session] of sessions) {
    void session.then((id) =>
      fetch(`/mcp/${encodeURIComponent(server)}`, {
        method: "DELETE",
        headers: { "Mcp-Session-Id": id },
        keepalive: true,
      }),
    );
  }
  sessions.clear();
});
