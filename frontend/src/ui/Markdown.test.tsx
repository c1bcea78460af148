// @vitest-environment jsdom
import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { Markdown } from "./Markdown";

test("what a server writes can only be read", () => {
  const { container } = render(
    <Markdown
      value={[
        "# Title",
        "<script>alert(1)</script><style>body{display:none}</style><iframe src=x></iframe><form action=/x><input></form>",
        '<img src="https://spy.example/pixel.png" alt="tracker"> ![data](data:image/png;base64,AAAA)',
        '<a href="javascript:alert(1)" onclick="alert(2)">bad</a> [good](https://example.com) [relative](/api/restart)',
        '<svg onload="alert(3)"><a xlink:href="javascript:alert(4)">x</a></svg><div style="position:fixed" id="root" class="x">styled</div>',
      ].join("\n\n")}
    />,
  );
  const html = container.innerHTML;
  expect(
    container.querySelectorAll("script, style, iframe, form, input, svg, h1, h2, [style], [onclick], [id]"),
  ).toHaveLength(0);
  expect(html).not.toMatch(/javascript:|onload|spy\.example/);
  expect(container.querySelector("img")?.getAttribute("src")).toMatch(/^data:image\/png/);
  const links = [...container.querySelectorAll("a[href]")];
  expect(links.map((a) => a.getAttribute("href"))).toEqual(["https://example.com"]);
  expect(links[0]?.getAttribute("rel")).toContain("noopener");
  expect(container.textContent).toContain("tracker");
});
