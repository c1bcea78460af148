import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const binary = process.env.MCP_HUB_BIN ?? join(root, "build/bin/mcp-hub");
const peer = (name: string) => join(root, "test/node_modules/@modelcontextprotocol", name, "dist/index.js");

/** How long the hub may take to start, in milliseconds: the machine may be busy. */
const patience = 30_000;

type Entry = Record<string, unknown>;

/** Entries of real servers, from npm. */
export const real = {
  everything: { command: process.execPath, args: [peer("server-everything")] } as Entry,
  memory: { command: process.execPath, args: [peer("server-memory")] } as Entry,
  files: (folder: string): Entry => ({ command: process.execPath, args: [peer("server-filesystem"), folder] }),
  curious: { command: process.execPath, args: [join(import.meta.dirname, "curious.mjs")] } as Entry,
  hostile: { command: process.execPath, args: [join(import.meta.dirname, "hostile.mjs")] } as Entry,
};

/** A hub of the built program, with a configuration file and a home of its own. */
export class Hub {
  readonly home = mkdtempSync(join(tmpdir(), "mcp-hub-e2e-"));
  readonly file = join(this.home, "servers.json");
  port = 0;
  /** Configuration files beside the first. */
  more: string[] = [];
  private process?: ChildProcess;
  private ends: (() => void)[] = [];

  constructor(servers: Record<string, Entry>, top: Entry = {}) {
    this.write(`${JSON.stringify({ ...top, mcpServers: servers }, null, 2)}\n`);
    // What the configuration calls npx runs the packages that are installed already.
    mkdirSync(join(this.home, "bin"));
    const run = `#!/bin/sh\nshift; package=$1; shift\nexec "${process.execPath}" "${root}/test/node_modules/$package/dist/index.js" "$@"\n`;
    writeFileSync(join(this.home, "bin/npx"), run, { mode: 0o755 });
    mkdirSync(join(this.home, "notes"));
    writeFileSync(join(this.home, "notes/todo.md"), "# To do\n\n- water the plants\n");
  }

  write(text: string) {
    writeFileSync(this.file, text);
  }

  /** Writes calls of the servers everything, notes and memory into its history, before it is started: the last is now. */
  past(calls: number, span = "24h") {
    const db = join(this.home, "state/mcp-hub/hub.db");
    mkdirSync(join(this.home, "state/mcp-hub"), { recursive: true });
    const args = ["run", "./hub/hubtest/past", "-db", db, "-calls", String(calls), "-span", span];
    execFileSync(process.env.GO ?? "go", args, { cwd: root });
  }

  get url() {
    return `http://localhost:${this.port}/`;
  }

  /** Starts it, on the same port as before if it was started before. */
  async start(): Promise<this> {
    const dir = (name: string) => join(this.home, name);
    const files = [this.file, ...this.more].flatMap((file) => ["--config", file]);
    const child = spawn(binary, [...files, "--watch", "--port", String(this.port)], {
      cwd: this.home,
      env: {
        PATH: `${dir("bin")}:${process.env.PATH}`,
        HOME: this.home,
        XDG_CONFIG_HOME: dir("config"),
        XDG_STATE_HOME: dir("state"),
        XDG_CACHE_HOME: dir("cache"),
        XDG_DATA_HOME: dir("data"),
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.process = child;
    let log = "";
    this.port = await new Promise<number>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`the hub did not start: ${log}`)), patience);
      child.on("exit", (code) => fail(new Error(`the hub ended with ${code}: ${log}`)));
      child.stderr?.on("data", (text) => {
        log += text;
        const port = /endpoint=http:\/\/localhost:(\d+)/.exec(log)?.[1];
        if (!port) return;
        clearTimeout(timer);
        done(Number(port));
      });
    });
    return this;
  }

  /** Stops it and waits until it has ended. */
  async stop() {
    const child = this.process;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await ended;
  }

  /** Has something ended together with the hub. */
  onClose(end: () => void) {
    this.ends.push(end);
  }

  async close() {
    await this.stop();
    for (const end of this.ends) end();
    rmSync(this.home, { recursive: true, force: true });
  }

  async api<T = Record<string, unknown>>(path: string, init?: RequestInit): Promise<T> {
    const answer = await fetch(`${this.url}api/v2/${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Sends a body to a route and returns what it answers, if that is anything. */
  async send<T = Record<string, unknown>>(method: string, path: string, body: object): Promise<T | undefined> {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${this.url}api/v2/${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text ? (JSON.parse(text) as T) : undefined;
  }

  /** Connects a client to the endpoint, by its handshake, and returns a way to ask for more. */
  async connect(name: string, version: string, token?: string) {
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
    };
    if (token) headers.Authorization = `Bearer ${token}`;
    const ask = async (method: string, params: object, id?: number) => {
      const body = JSON.stringify({ jsonrpc: "2.0", method, params, ...(id === undefined ? {} : { id }) });
      const answer = await fetch(`${this.url}mcp`, { method: "POST", headers, body });
      headers["Mcp-Session-Id"] ??= answer.headers.get("Mcp-Session-Id") ?? "";
      return { status: answer.status, text: await answer.text() };
    };
    const hello = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name, version } };
    const { status, text } = await ask("initialize", hello, 1);
    if (status !== 200) throw new Error(`${name} cannot connect: ${status} ${text}`);
    await ask("notifications/initialized", {});
    return {
      ask: (method: string, params: object) => ask(method, params, 2),
      leave: () => fetch(`${this.url}mcp`, { method: "DELETE", headers }),
    };
  }

  /** Calls a tool as a program does that calls itself by a name. */
  async call(tool: { server: string; name: string }, args: object, client = "a-program/1.0") {
    await fetch(`${this.url}api/servers/tools`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "User-Agent": client },
      body: JSON.stringify({ server_name: tool.server, tool: tool.name, arguments: args }),
    });
  }

  /** Waits until the history has a number of calls, and returns them, newest first. */
  async recorded(least: number) {
    let calls: { id: number; name: string; outcome: string }[] = [];
    await this.untilAnswer<{ calls: typeof calls }>("history/calls", (page) => {
      calls = page.calls;
      return calls.length >= least;
    });
    return calls;
  }

  /** Waits until what a route answers is as it should be. */
  async untilAnswer<T>(path: string, is: (answer: T) => boolean) {
    for (const end = Date.now() + patience; Date.now() < end; ) {
      if (is(await this.api<T>(path))) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`${path} never answered as it should`);
  }

  /** Waits until a server is in a state. */
  until(server: string, state: string) {
    return this.untilAnswer<{ servers: { name: string; state: string }[] }>("servers", ({ servers }) =>
      servers.some((s) => s.name === server && s.state === state),
    );
  }
}
