import { expect, test } from "vitest";
import { around, attributes, fitting, having, type Line, timeOf, written } from "./lines";

const line = (more: Partial<Line> = {}): Line => ({
  id: "1",
  time: "2026-01-31T12:00:00.123Z",
  text: "it broke",
  ...more,
});

test("a line is written without what is no text", () => {
  const whole = line({
    level: "warn",
    source: "hub",
    server: "a",
    text: "\u001b[31mred\u202e",
    attributes: { n: 1, s: "x" },
  });
  expect(written(whole)).toBe("2026-01-31T12:00:00.123Z WARN hub a red n=1 s=x");
  expect(written(line())).toBe("2026-01-31T12:00:00.123Z it broke");
  for (const odd of [undefined, null, "x", 7]) expect(attributes(line({ attributes: odd }))).toBe("");
});

test("lines are found by words, and by regular expressions", () => {
  const l = line({ server: "Files", attributes: { err: "no such file" } });
  expect([having("BROKE")(l), having("files")(l), having("such")(l), having("other")(l)]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  const fits = fitting("^files it\\b.*such");
  expect(typeof fits === "function" && fits(l)).toBe(true);
  expect(fitting("(")).toHaveProperty("wrong");
});

test("times are written as the reader likes", () => {
  expect(timeOf(line(), "utc")).toBe("2026-01-31 12:00:00.123Z");
  expect(around(line())).toEqual({ since: "2026-01-31T11:59:00.123Z", until: "2026-01-31T12:01:00.123Z" });
});
