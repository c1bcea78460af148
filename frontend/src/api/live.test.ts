import { expect, test } from "vitest";
import type { Server } from "./client";
import { digest, type Message, patched } from "./live";

const server = (name: string, state = "ready") => ({ name, state }) as Server;
const message = (name: string, data: unknown, id = "run-1"): Message => ({ name, id, text: JSON.stringify(data) });
const change = (more: object) => ({ seq: 1, time: "2026-01-01T00:00:00Z", data: {}, ...more });

test("a snapshot replaces everything, and later changes come on top", () => {
  const batch = digest([
    message("server_state", change({ server: "old", servers: [server("old")] })),
    message("snapshot", { seq: 5, hub: { state: "ready", port: 1, pid: 2 }, servers: [server("a"), server("b")] }),
    message("server_state", change({ server: "b", servers: [server("b", "failed")] })),
    message(
      "servers_updated",
      change({ data: { added: ["c"], removed: ["a"], modified: [] }, servers: [server("c")] }),
    ),
  ]);
  expect(batch.hub?.state).toBe("ready");
  expect(patched([server("gone")], batch)).toEqual([server("b", "failed"), server("c")]);
  expect(batch.config).toBe(true);
});

test("without changes the list is the same object, so that nothing is drawn again", () => {
  const list = [server("a")];
  const batch = digest([
    message("server_stderr", change({ server: "a", data: { line: "x" } }), "run-9"),
    message("server_note", change({ server: "a", data: { line: "y" } }), "run-10"),
  ]);
  expect(patched(list, batch)).toBe(list);
  expect(batch.lines.get("a")).toEqual([
    { id: "run-9", time: "2026-01-01T00:00:00Z", text: "x" },
    { id: "run-10", time: "2026-01-01T00:00:00Z", text: "y" },
  ]);
});

test("what makes no sense is left out", () => {
  const batch = digest([
    { name: "server_state", id: "1", text: "{" },
    message("gap", { lost: 3 }),
    message("hub_state", change({ data: null })),
  ]);
  expect(batch.happened).toHaveLength(1);
  expect(patched(undefined, batch)).toBeUndefined();
});
