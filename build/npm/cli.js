#!/usr/bin/env node
// Becomes the hub's program for this platform, which a package of its own holds: see build/npm.sh.
"use strict";

const { optionalDependencies, version } = require("../package.json");

const platform = `${process.platform}-${process.arch}`;

function fail(text) {
  process.stderr.write(`mcp-hub: ${text}\n`);
  process.exit(1);
}

function find() {
  const packages = Object.keys(optionalDependencies);
  const name = packages.find((n) => n.endsWith(`/${platform}`));
  if (!name) {
    fail(`there is no program for ${platform}, only for ${packages.map((n) => n.split("/")[1]).join(", ")}`);
  }
  try {
    return require.resolve(`${name}/mcp-hub${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    fail(
      `the program for ${platform} is missing: the package ${name} is not installed. It is an optional dependency, so
install mcp-hub again without --omit=optional, on the system that it shall run on. From files, name both:
  npm install -g --offline mcp-hub-${version}.tgz ${name.slice(1).replace("/", "-")}-${version}.tgz`,
    );
  }
}

/** Runs the program as a child, for as long as this process lives. */
function run(program, args) {
  const windows = process.platform === "win32";
  // The program ends when this process does, also by kill -9. It sees that at the other end of a pipe; Windows passes on no
  // more than three streams, so there it waits for this process by its number.
  const child = require("node:child_process").spawn(program, args, {
    stdio: ["inherit", "inherit", "inherit", windows ? "ignore" : "pipe"],
    env: { ...process.env, MCP_HUB_LAUNCHER: String(windows ? process.pid : 3) },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (err) => fail(`${program} cannot be started: ${err.message}`));
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const program = find();
const args = process.argv.slice(2);
if (process.execve && process.platform !== "win32") {
  try {
    process.execve(program, [program, ...args]); // Node 22.15 and later; nothing comes after it
  } catch (err) {
    fail(`${program} cannot be started: ${err.message}`);
  }
}
run(program, args);
