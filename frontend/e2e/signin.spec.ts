import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, problems } from "./browser";
import { Hub } from "./hub";

/** A remote MCP server, and the authorization server that it trusts, which lets everybody in. */
const peer = createServer(async (request, answer) => {
  const here = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`;
  const url = new URL(request.url ?? "/", here);
  const json = (body: object, status = 200) => {
    answer.writeHead(status, { "Content-Type": "application/json" });
    answer.end(JSON.stringify(body));
  };
  switch (url.pathname) {
    case "/.well-known/oauth-protected-resource/mcp":
      return json({ resource: `${here}/mcp`, authorization_servers: [here], scopes_supported: ["read"] });
    case "/.well-known/oauth-authorization-server":
      return json({
        issuer: here,
        authorization_endpoint: `${here}/authorize`,
        token_endpoint: `${here}/token`,
        registration_endpoint: `${here}/register`,
        response_types_supported: ["code"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["none"],
      });
    case "/register":
      return json({ ...JSON.parse(await read(request)), client_id: "hub" }, 201);
    case "/authorize": {
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.search = String(
        new URLSearchParams({ code: "code", state: url.searchParams.get("state") ?? "", iss: here }),
      );
      return answer.writeHead(302, { Location: String(back) }).end();
    }
    case "/token":
      return json({ access_token: "good", token_type: "Bearer", expires_in: 3600, scope: "read" });
  }
  if (request.headers.authorization !== "Bearer good") {
    const metadata = `${here}/.well-known/oauth-protected-resource/mcp`;
    return answer.writeHead(401, { "WWW-Authenticate": `Bearer resource_metadata="${metadata}"` }).end();
  }
  if (request.method !== "POST") return answer.writeHead(405).end();
  const { id, method } = JSON.parse(await read(request));
  if (id === undefined) return answer.writeHead(202).end();
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "far", version: "1" },
    },
    "tools/list": { tools: [{ name: "look", inputSchema: { type: "object" } }] },
  };
  return json({ jsonrpc: "2.0", id, result: results[method] ?? {} });
});

async function read(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  await new Promise<void>((done) => peer.listen(0, "127.0.0.1", done));
  browser = await launch();
  const url = `http://127.0.0.1:${(peer.address() as AddressInfo).port}/mcp`;
  hub = await new Hub({ far: { url, protocol: "legacy" } }).start();
  await hub.until("far", "authorizing");
});

afterAll(async () => {
  await browser?.close();
  await hub?.close();
  peer.close();
});

test("sign in to a server, and out of it", async () => {
  const { page, context } = await open(browser, hub);
  await page.goto(hub.url);
  await page.getByText("Sign-in needed").locator("visible=true").waitFor();
  await page.getByRole("link", { name: "far" }).click();
  expect(await problems(page)).toEqual([]);
  const opened = context.waitForEvent("page");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await (await opened).getByText("You are signed in to far").waitFor();
  await page.getByText("look").first().waitFor();
  await page.getByRole("tab", { name: "About" }).click();
  await page.getByText("signed in", { exact: true }).waitFor();
  expect(await problems(page)).toEqual([]);
  await page.goto(`${hub.url}#/secrets?tab=sign-ins`);
  const own = page.getByRole("region", { name: "Sign-in to far" });
  await own.getByText("signed in", { exact: true }).waitFor();
  await own.getByText("read", { exact: true }).waitFor();
  await own.getByText("You have to sign in again.").waitFor(); // there is no refresh token
  expect(await problems(page)).toEqual([]);
  await own.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("Sign-in needed").locator("visible=true").waitFor();
  expect(await problems(page)).toEqual([]);
  // The browser may be on another machine than the hub: then the address at which it ends is handed in.
  let ended = "";
  await context.route("**/authorize?*", async (route) => {
    const answer = await fetch(route.request().url(), { redirect: "manual" });
    ended = answer.headers.get("Location") ?? "";
    await route.abort();
  });
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("The page did not come back to the hub?").click();
  await expect.poll(() => ended, { timeout: 15_000 }).toContain("code=");
  await page.getByLabel("Paste the address at which it ended").fill(ended);
  await page.getByRole("button", { name: "Hand in" }).click();
  await own.getByText("signed in", { exact: true }).waitFor();
  await context.close();
});
