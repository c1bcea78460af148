import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { RecordedDetail } from "../../api/history";
import { curlOf, exact, inOrder, quoted, reusable } from "./copy";

const call = (more: Partial<RecordedDetail>): RecordedDetail => ({
  id: 1,
  time: "2026-03-04T05:06:07Z",
  client: "c",
  clientVersion: "1",
  via: "mcp",
  server: "s",
  kind: "tool",
  name: "t",
  outcome: "ok",
  durationMs: 1,
  serverMs: 1,
  requestBytes: 1,
  resultBytes: 1,
  ...more,
});

const body = (text: string, more = {}) => ({ text, truncated: false, redacted: false, ...more });

/** The arguments with which a shell would start the command. */
const words = (command: string) =>
  execFileSync("sh", ["-c", `curl() { printf '%s\\0' "$@"; }; ${command.replace("$(mcp-hub token)", "secret")}`], {
    encoding: "utf8",
  }).split("\0");

test("a shell passes on what was sent, byte for byte", () => {
  const hostile = `{"a":"it's \\u0000 $(touch /tmp/x) \`id\` \\"q\\" !!","n":12345678901234567890}`;
  const command = curlOf(call({ server: `s'"$x`, arguments: body(hostile) }), "http://localhost:1");
  expect(words(command ?? "").slice(0, -1)).toEqual([
    "http://localhost:1/api/servers/tools",
    "-H",
    "Authorization: Bearer secret",
    "-H",
    "Content-Type: application/json",
    "--data-raw",
    `{"server_name":${JSON.stringify(`s'"$x`)},"tool":"t","arguments":${hostile}}`,
  ]);
  expect(words(`curl ${quoted("a\n'b'")}`)[0]).toBe("a\n'b'");
});

test("each kind has its route, and what cannot be repeated has none", () => {
  expect(curlOf(call({ kind: "prompt", name: "p" }), "")).toContain(`"prompt":"p","arguments":{}`);
  expect(curlOf(call({ kind: "resource", name: "x://y" }), "")).toContain(`{"server_name":"s","uri":"x://y"}`);
  expect(curlOf(call({ kind: "completion" }), "")).toBeUndefined();
  expect(curlOf(call({ server: "" }), "")).toBeUndefined();
  expect(curlOf(call({ arguments: body("{", { truncated: true }) }), "")).toBeUndefined();
});

test("a form begins with what was sent, or it is told why not", () => {
  expect(reusable(call({ arguments: body(`{"a":1}`) }))).toEqual({ value: { a: 1 }, note: undefined });
  expect(reusable(call({ arguments: body(`{"a":"•••"}`, { redacted: true }) })).note).toBe("redacted");
  expect(reusable(call({ arguments: body(`{"a":`, { truncated: true }) }))).toEqual({ note: "cut" });
  expect(reusable(call({ arguments: body(`[1]`) }))).toEqual({ note: "none" });
  expect(reusable(call({}))).toEqual({ note: "none" });
  expect(reusable(call({ arguments: body(`{"a":12345678901234567891}`) }))).toEqual({ note: "inexact" });
});

test.each([
  [`{"a":9007199254740993}`, false],
  [`{"a":-9007199254740993}`, false],
  [`{"a":9007199254740992}`, true],
  [`{"a":"9007199254740993"}`, true],
  [`{"a\\"":1.5e300,"b":"\\\\"}`, true],
])("%s stays as it is in a browser: %s", (json, want) => expect(exact(json)).toBe(want));

test("two calls are compared in the order of time", () => {
  const [a, b] = [call({ id: 2 }), call({ id: 1 })];
  expect(inOrder(a, b).map((c) => c.id)).toEqual([1, 2]);
});
