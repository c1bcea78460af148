import DOMPurify from "dompurify";
import { marked } from "marked";
import { useMemo } from "react";
import { plain } from "../lib/text";

// What a server writes may only show something: no scripts, no styles, no forms, and no pictures from elsewhere, since
// loading them would tell somebody that they were read.
const allowed = {
  ALLOWED_TAGS:
    "a abbr b blockquote br code del details div em h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre s samp small span strong sub summary sup table tbody td th thead tr ul var".split(
      " ",
    ),
  ALLOWED_ATTR: ["href", "title", "alt", "src", "align", "start"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);)/i,
  ALLOW_DATA_ATTR: false,
};

const purifier = DOMPurify();
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  if (node.tagName === "IMG") {
    if (!node.getAttribute("src")?.startsWith("data:"))
      node.replaceWith(document.createTextNode(node.getAttribute("alt") ?? ""));
    else if (!node.hasAttribute("alt")) node.setAttribute("alt", "");
  }
});

/** A text in Markdown, made harmless. Its headings are not those of the page. */
export function Markdown({ value }: { value: string }) {
  const html = useMemo(() => {
    const made = marked.parse(plain(value), { async: false, gfm: true });
    const safe = purifier.sanitize(made, allowed);
    return safe.replace(/<(\/?)h[1-6]\b/g, "<$1h3");
  }, [value]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: it was made harmless above
  return <div className="foreign markdown min-w-0" dangerouslySetInnerHTML={{ __html: html }} />;
}
