import { expect, test } from "vitest";
import { indent, line, plain } from "./text";

test("texts of servers lose what is no text", () => {
  expect(
    plain("\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\u0000 a\u202egnp.exe\u2066 b\tc\nd"),
  ).toBe("red link agnp.exe b\tc\nd");
  expect(line("a\n\n  b\u001b[2J  c")).toBe("a b c");
  expect(line("x".repeat(1000), 10)).toBe(`${"x".repeat(10)}…`);
});

test("JSON is indented without touching its values", () => {
  expect(indent('{"a":[1,{"b":12345678901234567890}],"c":{},"d":[],"e":"{\\"x\\": [1,2]}"}')).toBe(
    '{\n  "a": [\n    1,\n    {\n      "b": 12345678901234567890\n    }\n  ],\n  "c": {},\n  "d": [],\n  "e": "{\\"x\\": [1,2]}"\n}',
  );
  expect(JSON.parse(indent('[[],[[]],{"a":{"b":null}},true,-1.5e3]'))).toEqual([
    [],
    [[]],
    { a: { b: null } },
    true,
    -1500,
  ]);
});
