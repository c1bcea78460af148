import { expect, test } from "vitest";
import { matching, toolEntry } from "./commands";

const go = (() => Promise.resolve()) as unknown as Parameters<typeof matching>[3];
const find = (tools: Parameters<typeof toolEntry>[0][], typed: string) =>
  matching([], tools.map(toolEntry), typed, go).flatMap((g) => g.commands.map((c) => c.label));

test("what begins with the words comes first, and what only its description has comes last", () => {
  const tools = [
    { server: "a", name: "x", description: "Reads a file" },
    { server: "a", name: "get_file" },
    { server: "files", name: "y" },
    { server: "a", name: "file_info" },
    { server: "a", name: "z", title: "About files" },
    { server: "a", name: "other" },
  ];
  expect(find(tools, "FILE")).toEqual(["file_info", "get_file", "y", "z", "x"]);
  expect(find(tools, "a  file_")).toEqual(["file_info"]);
  expect(find(tools, "")).toEqual([]);
});

test("of thousands only some are shown", () => {
  const tools = Array.from({ length: 5000 }, (_, i) => ({
    server: `s${i % 200}`,
    name: `tool_${i}`,
    description: "x",
  }));
  expect(find(tools, "tool")).toHaveLength(12);
  expect(find(tools, "x")).toHaveLength(12);
  expect(find(tools, "4999")).toEqual(["tool_4999"]);
});
