import { expect, test } from "vitest";
import type { RecordedCall } from "../../api/history";
import { callSearch, cleared, filtered, hidden, localTime, queryOf, unseen } from "./filter";

const now = Date.parse("2026-03-04T05:06:07Z");

test("an address becomes a question to the hub", () => {
  expect(queryOf({ q: "a b", server: "s", token: "ci", outcome: "failed", kind: "tool", range: "1h" }, now)).toEqual({
    q: "a b",
    server: "s",
    tokenName: "ci",
    outcome: "failed",
    kind: "tool",
    since: "2026-03-04T04:06:07.000Z",
  });
  const own = { since: "2026-03-01T00:00:00.000Z", until: "2026-03-02T00:00:00.000Z" };
  expect(queryOf(own, now)).toEqual(own);
  expect(queryOf({ ...own, range: "24h" }, now)).toEqual({ since: "2026-03-03T05:06:07.000Z" });
});

test("what makes no sense in an address is left out", () => {
  const search = callSearch({ q: 42, name: 0, since: "soon", until: 7, server: ["a"], range: "" });
  expect(search).toEqual({ q: "42", name: "0" });
  expect(queryOf({ kind: "spoon", outcome: "fine", range: "9h" }, now)).toEqual({});
  expect(queryOf({ kind: "toString", outcome: "constructor", range: "valueOf" }, now)).toEqual({});
});

test("it is known what there is to clear", () => {
  expect(filtered({ view: "charts" })).toBe(false);
  expect(filtered({ range: "1h" })).toBe(true);
  expect(hidden({ q: "x", server: "s", outcome: "ok", range: "1h", since: "2026-03-01T00:00:00Z" })).toBe(0);
  expect(hidden({ kind: "tool", name: "n", client: "c", token: "t", since: "2026-03-01T00:00:00Z" })).toBe(5);
  const search = {
    q: "x",
    server: "s",
    client: "c",
    token: "t",
    name: "n",
    kind: "tool",
    outcome: "ok",
    range: "1h",
    view: "charts",
  };
  expect(filtered({ ...search, ...cleared })).toBe(false);
  expect({ ...search, ...cleared }.view).toBe("charts");
});

test("times go into an input in the zone of the browser", () => {
  const t = new Date(2026, 2, 4, 5, 6);
  expect(localTime(t.toISOString())).toBe("2026-03-04T05:06");
  expect(localTime(undefined)).toBe("");
});

test("a call that ended late is new although newer ones are shown", () => {
  const calls = (...ids: number[]) => ids.map((id) => ({ id }) as RecordedCall);
  expect(unseen(calls(9, 7, 5), calls(10, 9, 8, 7, 5)).map((c) => c.id)).toEqual([10, 8]);
  expect(unseen(calls(9, 7, 5), calls(9, 7, 5, 4, 3))).toEqual([]); // the page ended there
  expect(unseen([], calls(1)).map((c) => c.id)).toEqual([1]);
  expect(unseen(undefined, calls(1))).toEqual([]);
});
