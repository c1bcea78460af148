import { expect, test } from "vitest";
import { parse } from "./parse";

const one = (input: string) => {
  const found = parse(input);
  return found?.servers.length === 1 ? found.servers[0] : found;
};

test.each([
  [
    "npx -y @modelcontextprotocol/server-filesystem ~/notes",
    "filesystem",
    { command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem", "~/notes"] },
  ],
  [
    "uvx mcp-server-git==1.2 --repository 'my repo'",
    "git",
    { command: "uvx", args: ["mcp-server-git==1.2", "--repository", "my repo"] },
  ],
  [
    'TOKEN=a=b KEY="x y" npx some-mcp@1.0.2',
    "some",
    { command: "npx", args: ["some-mcp@1.0.2"], env: { TOKEN: "a=b", KEY: "x y" } },
  ],
  ["$ docker run -i --rm mcp/fetch", "fetch", { command: "docker", args: ["run", "-i", "--rm", "mcp/fetch"] }],
  ["/opt/tools/my-server.py --flag", "my", { command: "/opt/tools/my-server.py", args: ["--flag"] }],
  ["https://mcp.linear.app/sse", "linear", { url: "https://mcp.linear.app/sse" }],
  [
    "claude mcp add --transport http sentry https://mcp.sentry.dev/mcp",
    "sentry",
    { url: "https://mcp.sentry.dev/mcp" },
  ],
  [
    "claude mcp add db -e DB_URL=postgres://x -- npx -y dbhub --ro",
    "db",
    { command: "npx", args: ["-y", "dbhub", "--ro"], env: { DB_URL: "postgres://x" } },
  ],
  ['claude mcp add-json w \'{"type":"stdio","command":"w"}\'', "w", { command: "w" }],
])("%s", (input, name, config) => expect(one(input)).toEqual({ name, config }));

test("configurations of other clients, with comments, commas and missing braces", () => {
  expect(
    parse('{ "mcpServers": { "a": {"command": "x" /* y */}, // z\n "b": {"serverUrl": "https://h//i"}, } }'),
  ).toEqual({
    kind: "config",
    servers: [
      { name: "a", config: { command: "x" } },
      { name: "b", config: { url: "https://h//i" } },
    ],
  });
  expect(one('{"servers":{"g":{"type":"http","url":"https://h/"}},"inputs":[]}')).toEqual({
    name: "g",
    config: { url: "https://h/" },
  });
  expect(one('{"context_servers":{"z":{"source":"custom","command":{"path":"p","args":["1"]}}}}')).toEqual({
    name: "z",
    config: { command: "p", args: ["1"], source: "custom" },
  });
  expect(one('"slack": { "command": "npx", "args": ["-y", "slack-mcp"] },')).toEqual({
    name: "slack",
    config: { command: "npx", args: ["-y", "slack-mcp"] },
  });
  expect(one('{"command":"npx","args":["-y","@scope/thing-mcp-server"]}')).toMatchObject({ name: "thing" });
});

test("the description of a server in a registry", () => {
  const found = parse(
    JSON.stringify({
      name: "io.example/weather",
      packages: [
        {
          registryType: "npm",
          identifier: "@x/weather",
          version: "1.0.0",
          environmentVariables: [{ name: "KEY", isSecret: true }],
        },
        { registryType: "oci", identifier: "x/weather", version: "1", environmentVariables: [{ name: "KEY" }] },
        { registryType: "nuget", identifier: "X" },
      ],
      remotes: [
        {
          type: "streamable-http",
          url: "https://w.example/mcp",
          headers: [{ name: "Authorization", isRequired: true }],
        },
      ],
    }),
  );
  expect(found).toEqual({
    kind: "manifest",
    servers: [
      { name: "weather", config: { command: "npx", args: ["-y", "@x/weather@1.0.0"], env: { KEY: "" } } },
      {
        name: "weather",
        config: { command: "docker", args: ["run", "-i", "--rm", "-e", "KEY", "x/weather:1"], env: { KEY: "" } },
      },
      { name: "weather", config: { url: "https://w.example/mcp", headers: { Authorization: "" } } },
    ],
  });
});

test.each(["", "   ", "{", '{"a": 1}', "[1, 2]", '{"mcpServers": {}}', '{"mcpServers": {"a": '])(
  "%j is nothing",
  (input) => expect(parse(input)).toBeUndefined(),
);
