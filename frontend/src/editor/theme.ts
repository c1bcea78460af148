import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView, highlightSpecialChars } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The colours of the page, so that the editor is light or dark with it. */
export const theme = [
  // Marks that turn the direction of reading stand as dots: they make a text look like another.
  highlightSpecialChars({ addSpecialChars: /[\u202a-\u202e\u2066-\u2069]/ }),
  EditorView.theme({
    "&": { backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "0.8125rem" },
    "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
    ".cm-scroller": { fontFamily: "var(--font-mono, ui-monospace, monospace)", lineHeight: "1.6" },
    ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection": {
      backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent) !important",
    },
    ".cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--edge)" },
    ".cm-tooltip": {
      backgroundColor: "var(--raised)",
      color: "var(--text)",
      border: "1px solid var(--line)",
      borderRadius: "8px",
      boxShadow: "var(--overlay)",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
      backgroundColor: "var(--accent-soft)",
      color: "var(--text)",
    },
    ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
    ".cm-completionInfo, .cm-schema": {
      maxWidth: "28rem",
      padding: "6px 10px",
      fontFamily: "var(--font-sans, sans-serif)",
      fontSize: "0.8125rem",
    },
    ".cm-diagnostic-error": { borderLeftColor: "var(--err)" },
    ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
    ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", borderColor: "var(--line)" },
    ".cm-panels input": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--edge)" },
    ".cm-panels button": {
      backgroundImage: "none",
      backgroundColor: "var(--raised)",
      color: "var(--text)",
      border: "1px solid var(--edge)",
    },
    ".cm-specialChar": { color: "var(--err)" },
    ".cm-placeholder": { color: "var(--muted)" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.propertyName, color: "var(--accent)" },
      { tag: tags.string, color: "var(--ok)" },
      { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
      { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
      { tag: tags.invalid, color: "var(--err)" },
    ]),
  ),
];
