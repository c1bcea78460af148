import { expect, test } from "vitest";
import { expiry, patterns } from "./limits";

test("patterns are read from lines and commas, each once", () => {
  expect(patterns(" files__read* ,\n\n files__list,files__list \r\n")).toEqual(["files__read*", "files__list"]);
  expect(patterns(" \n , ")).toEqual([]);
});

test("a life in days becomes a moment, or none", () => {
  const now = Date.UTC(2026, 0, 31);
  expect(expiry("1", now)).toBe("2026-02-01T00:00:00.000Z");
  expect(expiry("", now)).toBeUndefined();
});
