import { describe, expect, test } from "vitest";
import { check } from "./check";
import { resolve, type Schema, shapeOf, withoutNull } from "./schema";
import { beginning, branchOf, complete } from "./values";

const shape = (schema: Schema, root: Schema = schema) => shapeOf(withoutNull(resolve(schema, root)).schema, root);

describe("resolve", () => {
  test("follows local references and keeps what stands beside them", () => {
    const root = { $defs: { "a/b": { type: "string", description: "theirs" } } };
    expect(resolve({ $ref: "#/$defs/a~1b", description: "mine" }, root)).toEqual({
      type: "string",
      description: "mine",
    });
    expect(resolve({ $ref: "#/definitions/none" }, root)).toEqual({});
    expect(resolve({ $ref: "https://elsewhere.example/schema" }, root)).toEqual({});
  });

  test("merges allOf, with the keys that are required together", () => {
    const root = { $defs: { base: { type: "object", properties: { id: { type: "integer" } }, required: ["id"] } } };
    const merged = resolve(
      {
        allOf: [{ $ref: "#/$defs/base" }, { properties: { name: { type: "string" } }, required: ["name"] }],
        title: "T",
      },
      root,
    );
    expect(merged).toEqual({
      type: "object",
      title: "T",
      properties: { id: { type: "integer" }, name: { type: "string" } },
      required: ["id", "name"],
    });
  });

  test("ends at a schema that refers to itself", () => {
    const root: Schema = { $defs: { loop: { $ref: "#/$defs/loop" } } };
    expect(resolve({ $ref: "#/$defs/loop" }, root)).toEqual({});
  });
});

describe("shapes", () => {
  test("the ways in which servers write that something may be null", () => {
    // Pydantic writes an optional parameter like this.
    const pydantic = withoutNull({
      anyOf: [{ type: "string", maxLength: 9 }, { type: "null" }],
      default: null,
      title: "Cursor",
    });
    expect(pydantic).toEqual({
      nullable: true,
      schema: { type: "string", maxLength: 9, default: null, title: "Cursor" },
    });
    expect(withoutNull({ type: ["integer", "null"] })).toEqual({ nullable: true, schema: { type: "integer" } });
    expect(withoutNull({ type: "string", nullable: true }).nullable).toBe(true);
    expect(withoutNull({ type: ["string", "null"], enum: ["a", null] }).schema.enum).toEqual(["a"]);
  });

  test("choices: enum with names, and oneOf of fixed values with titles", () => {
    expect(shape({ type: "string", enum: ["a", "b"], enumNames: ["First", "Second"] })).toMatchObject({
      kind: "choice",
      options: [{ value: "a", label: "First" }, { value: "b" }],
    });
    expect(shape({ oneOf: [{ const: 1, title: "One" }, { const: 2 }] })).toMatchObject({
      kind: "choice",
      options: [
        { value: 1, label: "One" },
        { value: 2, label: "2" },
      ],
    });
  });

  test("branches are named by title, fixed key, or type", () => {
    const s = shape({
      anyOf: [
        { title: "By id", type: "object", properties: { id: { type: "number" } } },
        { type: "object", properties: { type: { const: "page_id" }, page_id: { type: "string" } } },
        { type: "array", items: { type: "string" } },
        { type: "string" },
      ],
    });
    expect(s.kind === "branches" && s.branches.map((b) => b.label)).toEqual([
      "By id",
      "page_id",
      "array of string",
      "string",
    ]);
  });

  test("branches that only require keys leave one object", () => {
    const s = shape({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
    });
    expect(s.kind).toBe("object");
  });

  test("a union at the root that has no properties of its own", () => {
    const s = shape({
      type: "object",
      oneOf: [{ properties: { a: { type: "string" } }, required: ["a"] }, { properties: { b: { type: "number" } } }],
    });
    expect(s.kind === "branches" && s.branches.map((b) => shape(b.schema).kind)).toEqual(["object", "object"]);
  });

  test.each([
    [{}, "json"],
    [{ type: "object" }, "json"],
    [{ type: "object", additionalProperties: { type: "string" } }, "object"],
    [{ type: "array" }, "json"],
    [{ type: "array", prefixItems: [{ type: "number" }], items: {} }, "json"],
    [{ type: ["string", "number"] }, "branches"],
    [{ type: "string", format: "date" }, "text"],
    [{ type: 7, properties: "nonsense", enum: "none" }, "json"],
    [{ const: null }, "fixed"],
  ] as [Schema, string][])("%j is shown as %s", (schema, kind) => expect(shape(schema).kind).toBe(kind));
});

describe("complete", () => {
  // As a server of a well-known note service has it.
  const page: Schema = {
    type: "object",
    properties: {
      parent: {
        oneOf: [
          {
            type: "object",
            properties: { type: { const: "page_id" }, page_id: { type: "string" } },
            required: ["type", "page_id"],
          },
          {
            type: "object",
            properties: { type: { const: "database_id" }, database_id: { type: "string" } },
            required: ["type", "database_id"],
          },
        ],
      },
      properties: {
        type: "object",
        properties: { title: { type: "string" }, kind: { const: "page" } },
        required: ["kind"],
      },
      icon: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
      limit: { type: "integer", default: 10 },
    },
    required: ["parent", "properties"],
  };

  test("leaves out what was not touched, and fills in what cannot be chosen", () => {
    expect(complete(page, {}, page)).toEqual({ properties: { kind: "page" } });
    expect(complete(page, { parent: { database_id: "d" } }, page)).toEqual({
      parent: { type: "database_id", database_id: "d" },
      properties: { kind: "page" },
    });
  });

  test("keeps null, false, 0 and what the schema does not know", () => {
    const value = { icon: null, limit: 0, extra: false, properties: { kind: "page" } };
    expect(complete(page, value, page)).toEqual(value);
  });

  test("a branch begins with what tells it from the others", () => {
    const parent = shape((page.properties as Record<string, Schema>).parent ?? {}, page);
    if (parent.kind !== "branches") throw new Error(parent.kind);
    expect(beginning(parent.branches[1]?.schema ?? {}, page)).toEqual({ type: "database_id" });
    expect(branchOf(parent.branches, { type: "database_id" }, page)).toBe(1);
    expect(branchOf(parent.branches, { page_id: "p" }, page)).toBe(0);
  });

  test("ends at a tree", () => {
    const tree: Schema = {
      $defs: {
        node: {
          type: "object",
          properties: { child: { $ref: "#/$defs/node" }, name: { type: "string" } },
          required: ["child"],
        },
      },
      $ref: "#/$defs/node",
    };
    expect(() => complete(tree, {}, tree)).not.toThrow();
  });
});

describe("check", () => {
  test("names the place, the inner one only", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "object", properties: { n: { type: "integer", minimum: 1 } } } },
      required: ["b"],
    };
    const problems = check(schema, { a: { n: 0 } });
    expect(problems.map((p) => p.path).sort()).toEqual(["/a/n", "/b"]);
  });

  test("finds nothing with a schema that cannot be used", () => {
    expect(check({ $ref: "#/nowhere" }, {})).toEqual([]);
    expect(check("no schema", {})).toEqual([]);
    expect(check({ type: "string", pattern: "(" }, "x")).toEqual([]);
  });
});
