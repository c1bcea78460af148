import { expect, test } from "vitest";
import { compareLines } from "./diff";

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join("");
const shown = (before: string, after: string) => {
  const { hunks, rest } = compareLines(before, after);
  const sign = { same: " ", removed: "-", added: "+" };
  const of = (h: (typeof hunks)[number]) => [
    h.skipped,
    ...h.lines.map(
      (l) => `${l.number}${sign[l.kind]}${l.pieces.map((p) => (p.differs ? `[${p.text}]` : p.text)).join("")}`,
    ),
  ];
  return [...hunks.flatMap(of), rest];
};

test("what differs is shown with the lines around it, and what is left out is counted", () => {
  const before = numbers(1, 20);
  expect(shown(before, before.replace("line 10", "line ten"))).toEqual([
    6,
    "7 line 7",
    "8 line 8",
    "9 line 9",
    "10-line [10]",
    "10+line [ten]",
    "11 line 11",
    "12 line 12",
    "13 line 13",
    7,
  ]);
  expect(shown(before, before)).toEqual([20]);
});

test("lines that come and go have the numbers of their own text", () => {
  expect(shown("a\nb\nc\n", "a\nc\n")).toEqual([0, "1 a", "2-b", "2 c", 0]);
  expect(shown("a\nc\n", "a\nb\nb\nc\n")).toEqual([0, "1 a", "2+b", "3+b", "4 c", 0]);
  expect(shown("", "a\n")).toEqual([0, "1+a", 0]);
  expect(shown("a", "")).toEqual([0, "1-a", 0]);
  expect(shown(`${numbers(1, 9)}x\n`, numbers(1, 9))).toEqual([6, "7 line 7", "8 line 8", "9 line 9", "10-x", 0]);
});

test("a newline at the end is no line", () => {
  expect(shown("a\nb", "a\nc")).toEqual([0, "1 a", "2-[b]", "2+[c]", 0]);
  expect(shown("a", "a\n")).toEqual([0, "1-a", "1+a", 0]);
});

test("texts without anything in common are told in time", () => {
  const random = (seed: number) =>
    Array.from({ length: 20_000 }, (_, i) => `${(i * 7919 * seed) % 10_007} ${seed}\n`).join("");
  const began = performance.now();
  const { hunks } = compareLines(random(3), random(5));
  expect(hunks.reduce((n, h) => n + h.lines.length, 0)).toBe(40_000);
  expect(performance.now() - began).toBeLessThan(20_000);
});
