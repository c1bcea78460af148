// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { useState } from "react";
import { expect, test } from "vitest";
import { check } from "./check";
import { SchemaForm } from "./SchemaForm";
import type { Schema, Value } from "./schema";

const cache = new QueryClient();
let current: Value;

function Form({ schema, start = {} }: { schema: Schema; start?: Value }) {
  const [value, setValue] = useState<Value>(start);
  current = value;
  return (
    <QueryClientProvider client={cache}>
      <SchemaForm schema={schema} value={value} onChange={setValue} problems={check(schema, value)} />
    </QueryClientProvider>
  );
}

// An issue tracker's search, put together from what real servers have.
const search: Schema = {
  type: "object",
  $defs: {
    label: {
      type: "object",
      properties: { name: { type: "string" }, color: { type: "string", maxLength: 7 } },
      required: ["name"],
    },
  },
  properties: {
    query: { type: "string", description: "Words to look for" },
    limit: { type: "integer", default: 10, minimum: 1 },
    open: { type: "boolean" },
    sort: { type: "string", enum: ["created", "updated"], default: "created" },
    cursor: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    labels: { type: "array", items: { $ref: "#/$defs/label" } },
    target: {
      oneOf: [
        {
          title: "Repository",
          type: "object",
          properties: { kind: { const: "repo" }, repo: { type: "string" } },
          required: ["kind", "repo"],
        },
        {
          title: "User",
          type: "object",
          properties: { kind: { const: "user" }, user: { type: "string" } },
          required: ["kind", "user"],
        },
      ],
    },
    meta: { type: "object", additionalProperties: { type: "string" } },
    anything: {},
  },
  required: ["query"],
};

test("untouched fields stay absent, and emptied ones go again", async () => {
  const user = userEvent.setup();
  render(<Form schema={search} />);
  expect(current).toEqual({});
  await user.type(screen.getByLabelText("query"), "bug");
  await user.type(screen.getByLabelText("limit"), "25");
  await user.selectOptions(screen.getByLabelText("open"), "false");
  expect(current).toEqual({ query: "bug", limit: 25, open: false });
  await user.clear(screen.getByLabelText("limit"));
  await user.selectOptions(screen.getByLabelText("open"), "");
  await user.clear(screen.getByLabelText("query"));
  expect(current).toEqual({});
  expect(screen.getByPlaceholderText("default: 10")).toBeTruthy();
});

test("a number that is none is told, not dropped", async () => {
  const user = userEvent.setup();
  render(<Form schema={search} />);
  const limit = screen.getByLabelText("limit");
  await user.type(limit, "12x");
  expect(current).toEqual({ limit: "12x" });
  expect(limit.getAttribute("aria-invalid")).toBe("true");
  await user.clear(limit);
  await user.type(limit, "-1.5");
  expect(current).toEqual({ limit: -1.5 });
});

test("null can be sent, and taken back", async () => {
  const user = userEvent.setup();
  render(<Form schema={search} />);
  await user.click(screen.getByRole("button", { name: "Send null" }));
  expect(current).toEqual({ cursor: null });
  await user.click(screen.getByRole("button", { name: "Clear cursor" }));
  expect(current).toEqual({});
});

test("a list of objects", async () => {
  const user = userEvent.setup();
  render(<Form schema={search} />);
  await user.click(screen.getByRole("button", { name: "Add" }));
  await user.type(screen.getByLabelText("name"), "urgent");
  expect(current).toEqual({ labels: [{ name: "urgent" }] });
  await user.click(screen.getByRole("button", { name: "Remove labels 1" }));
  expect(current).toEqual({ labels: [] });
});

test("the branch that is picked begins with its fixed value", async () => {
  const user = userEvent.setup();
  render(<Form schema={search} />);
  await user.selectOptions(screen.getByLabelText("Kind of target"), "User");
  await user.type(screen.getByLabelText("user"), "ada");
  expect(current).toEqual({ target: { kind: "user", user: "ada" } });
});

test("keys of one's own, and values of any kind", async () => {
  const user = userEvent.setup();
  render(<Form schema={search} />);
  await user.type(screen.getByLabelText("Key"), "team{Enter}");
  await user.type(screen.getByLabelText("team"), "core");
  await user.type(screen.getByLabelText("anything"), "[[1]");
  expect(current).toEqual({ meta: { team: "core" }, anything: [1] });
});

test("a form has no accessibility faults, with problems shown too", async () => {
  const { container } = render(<Form schema={search} start={{ labels: [{}], limit: "x", cursor: null }} />);
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
});
