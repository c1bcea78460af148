import { readFileSync } from "node:fs";
import { CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { json5 } from "codemirror-json5";
import { expect, test } from "vitest";
import type { Schema } from "../forms/schema";
import { completion } from "./schema";

const schema = JSON.parse(readFileSync("../hub/config/schema.json", "utf8")) as Schema;

/** What is offered where the text has a "|". */
function offered(text: string): string[] {
  const pos = text.indexOf("|");
  const state = EditorState.create({ doc: text.replace("|", ""), extensions: [json5()] });
  const result = completion(schema)(new CompletionContext(state, pos, true));
  return (result?.options ?? []).map((o) => o.label);
}

test("keys where they belong", () => {
  expect(offered("{|}")).toEqual(["mcpServers", "servers", "context_servers", "hub"]);
  expect(offered('{ "mcpServers": { "a": { com| } } }')).toContain("command");
  expect(offered('{ mcpServers: { a: { command: "x", | } } }')).not.toContain("command");
  expect(offered("{ servers: [ { | } ] }")).toContain("url");
  expect(offered("{ hub: { | } }")).toContain("pageSize");
  expect(offered("{ mcpServers: { a: { dev: { | } } } }")).toContain("watch");
  expect(offered("{ mcpServers: { | } }")).toEqual([]); // names are the person's
});

test("values where there is a choice", () => {
  expect(offered("{ mcpServers: { a: { disabled: | } } }")).toEqual(["true", "false"]);
  expect(offered('{ mcpServers: { a: { protocol: "|" } } }')).toEqual(['"auto"', '"legacy"', '"modern"']);
});
