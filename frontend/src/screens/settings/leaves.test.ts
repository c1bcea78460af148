import { expect, test } from "vitest";
import { leaves } from "./leaves";

const schema = {
  properties: {
    builtin: { description: "Own tools", default: true },
    history: {
      description: "Calls",
      properties: { days: { type: "integer", default: 30 }, enabled: { default: true } },
    },
    version: { description: "None by itself" },
  },
};

test("every setting is told with its key, and what holds", () => {
  const told = (value: unknown) => leaves(schema, value, "hub").map((l) => [l.key, l.value, l.set]);
  expect(told({ history: { days: 7, enabled: false } })).toEqual([
    ["hub.builtin", true, false],
    ["hub.history.days", 7, true],
    ["hub.history.enabled", false, true],
    ["hub.version", undefined, false],
  ]);
  const days = leaves(schema, { history: { days: 7 } }, "hub")[1];
  expect([days?.standard, days?.type]).toEqual([30, "integer"]);
  // A value of the wrong kind does not count, as in the hub.
  expect(told({ history: 7 })[1]).toEqual(["hub.history.days", 30, false]);
  expect(told(undefined)).toHaveLength(4);
});
