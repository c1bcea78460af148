// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { Heartbeat, marks, spans } from "./Heartbeat";

const count = (path: string) => path.split("M").length - 1;

test("nothing is green where nothing was called", () => {
  const all = [
    { calls: 0, failed: 0 },
    { calls: 3, failed: 0 },
    { calls: 4, failed: 1 },
    { calls: 2, failed: 2 },
  ];
  const { ok, bad, none } = marks(all);
  expect([count(ok), count(bad), count(none)]).toEqual([2, 2, 1]);
  expect(none).toContain("M0.5 16"); // on the ground
  const { container } = render(<Heartbeat buckets={all} />);
  screen.getByRole("img", { name: "Last 24 hours: calls in 3 of 4 spans, failures in 2" });
  expect(container.querySelectorAll("path")).toHaveLength(3);
});

test("a server without calls is unknown, not well", () => {
  const { container } = render(<Heartbeat />);
  screen.getByRole("img", { name: /no calls were recorded, so nothing is known/ });
  expect(container.querySelector(".fill-ok")?.getAttribute("d")).toBe("");
  expect(count(container.querySelector(".fill-edge")?.getAttribute("d") ?? "")).toBe(spans);
});
