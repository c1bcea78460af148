import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const find = (program: string) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));

/** The WebKitGTK that the system has; it is what shows the dashboard in a window on Linux. */
export const driver = find("WebKitWebDriver");

const freePort = () =>
  new Promise<number>((done, fail) => {
    const server = createServer().on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });

/** WebKitGTK's own small browser on a screen that nobody sees, driven as WebDriver says. */
export class WebKit {
  private readonly home = mkdtempSync(join(tmpdir(), "mcp-hub-webkit-"));
  private readonly programs: ChildProcess[] = [];
  private session = "";

  async start(language: string): Promise<this> {
    const screen = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1200x800x24", "-nolisten", "tcp"], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    this.programs.push(screen);
    const display = await new Promise<string>((done, fail) => {
      screen.on("error", fail);
      screen.on("exit", (code) => fail(new Error(`Xvfb ended with ${code}`)));
      screen.stdio[3]?.on("data", (text) => done(String(text).trim()));
    });
    const port = await freePort();
    const env = {
      PATH: process.env.PATH,
      HOME: this.home,
      XDG_RUNTIME_DIR: this.home,
      DISPLAY: `:${display}`,
      LANG: language,
      // Without these it hangs where there is no graphics card.
      WEBKIT_DISABLE_COMPOSITING_MODE: "1",
      WEBKIT_DISABLE_DMABUF_RENDERER: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
      // Its own sandbox needs rights that a container does not have; it sees pages of the hub only.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    };
    this.programs.push(spawn(driver ?? "", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: "ignore" }));
    this.session = `http://127.0.0.1:${port}/session`;
    const { sessionId } = await this.patiently(() =>
      this.ask<{ sessionId: string }>("POST", "", { capabilities: { alwaysMatch: { browserName: "MiniBrowser" } } }),
    );
    this.session += `/${sessionId}`;
    return this;
  }

  /** Does something again for a while as long as it fails. */
  private async patiently<T>(what: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + 20_000; ; await new Promise((done) => setTimeout(done, 100))) {
      try {
        return await what();
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(this.session + path, { method, body: body && JSON.stringify(body) });
    const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } };
    if (!answer.ok) throw new Error(`WebDriver ${path}: ${value?.error}: ${value?.message}`);
    return value;
  }

  goto(url: string) {
    return this.ask("POST", "/url", { url });
  }

  /** Runs the body of a function in the page. */
  run<T>(script: string): Promise<T> {
    return this.ask<T>("POST", "/execute/sync", { script, args: [] });
  }

  /** Waits until what the page is about to draw is drawn. */
  drawn() {
    const script =
      "const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))";
    return this.ask("POST", "/execute/async", { script, args: [] });
  }

  /** Waits until an expression is true in the page; says what the page shows if it never is. */
  async until(expression: string) {
    for (const end = Date.now() + 15_000; ; await new Promise((done) => setTimeout(done, 50))) {
      if (await this.run<boolean>(`return Boolean(${expression})`)) return;
      if (Date.now() > end)
        throw new Error(`never so: ${expression}: ${await this.run("return document.body.innerText")}`);
    }
  }

  async close() {
    if (this.session.split("/").length > 4) await this.ask("DELETE", "").catch(() => {});
    for (const program of this.programs.reverse()) {
      const ended = new Promise((done) => program.once("exit", done));
      if (program.exitCode === null && program.kill()) await ended;
    }
    rmSync(this.home, { recursive: true, force: true });
  }
}
