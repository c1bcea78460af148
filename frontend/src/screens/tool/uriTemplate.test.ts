import { expect, test } from "vitest";
import { expand, variables } from "./uriTemplate";

test("the variables of a template", () => {
  expect(variables("x://{a}/{+b*}{?c,d:3}{/a}")).toEqual(["a", "b", "c", "d"]);
});

// Examples of RFC 6570.
test.each([
  ["O{undef}X", "OX"],
  ["{var}", "value"],
  ["{hello}", "Hello%20World%21"],
  ["{+path}/here", "/foo/bar/here"],
  ["{#path}", "#/foo/bar"],
  ["map?{x,y}", "map?1024,768"],
  ["{/var,x}/here", "/value/1024/here"],
  ["{?x,y,undef}", "?x=1024&y=768"],
  ["{&x}", "&x=1024"],
  ["{;x,y}", ";x=1024;y=768"],
  ["X{.x}", "X.1024"],
  ["{var:3}", "val"],
])("%s gives %s", (template, want) => {
  expect(expand(template, { var: "value", hello: "Hello World!", path: "/foo/bar", x: "1024", y: "768" })).toBe(want);
});
