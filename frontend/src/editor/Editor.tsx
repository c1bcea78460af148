import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Transaction } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { json5 } from "codemirror-json5";
import { useEffect, useRef } from "react";
import type { Diagnostic as Problem } from "../api/client";
import type { Schema } from "../forms/schema";
import { completion, hover } from "./schema";
import { theme } from "./theme";

interface Props {
  value: string;
  onChange: (value: string) => void;
  label: string;
  schema: Schema;
  /** Asks the hub what is wrong in a text. */
  validate: (text: string) => Promise<Problem[]>;
  /** The line to show first, from 1. */
  line?: number;
  onSave: () => void;
}

/** How long a person may go on typing before the hub is asked, in milliseconds. */
const lintDelay = 400;

/** An editor for JSON5. Tab leaves it, so that nobody is caught in it. */
export function Editor({ value, onChange, label, schema, validate, line, onSave }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ onChange, validate, onSave });
  latest.current = { onChange, validate, onSave };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor keeps its own text; changes from outside come below
  useEffect(() => {
    if (!host.current) return;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          indentOnInput(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          json5(),
          theme,
          autocompletion({ override: [completion(schema)] }),
          hover(schema),
          lintGutter(),
          linter(
            async (v) => (await latest.current.validate(v.state.doc.toString())).map((p) => diagnostic(v.state, p)),
            { delay: lintDelay },
          ),
          keymap.of([
            {
              key: "Mod-s",
              run: () => {
                latest.current.onSave();
                return true;
              },
            },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...historyKeymap,
            ...completionKeymap,
            ...searchKeymap,
            ...lintKeymap,
          ]),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) latest.current.onChange(u.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [label, schema]);

  useEffect(() => {
    const v = view.current;
    if (!v || v.state.doc.toString() === value) return;
    v.dispatch({
      changes: { from: 0, to: v.state.doc.length, insert: value },
      annotations: Transaction.addToHistory.of(true),
    });
  }, [value]);

  useEffect(() => {
    const v = view.current;
    if (!v || !line || line > v.state.doc.lines) return;
    const { from } = v.state.doc.line(line);
    v.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    v.focus();
  }, [line]);

  return (
    <div
      ref={host}
      className="overflow-hidden rounded-lg border border-line [&_.cm-editor]:max-h-[65vh] [&_.cm-editor]:min-h-64"
    />
  );
}

/** A problem at its place in the text; the hub counts lines and columns from 1. */
function diagnostic(state: EditorState, p: Problem): Diagnostic {
  const row = state.doc.line(Math.min(Math.max(1, p.line ?? 1), state.doc.lines));
  const from = Math.min(row.from + Math.max(0, (p.column ?? 1) - 1), row.to);
  const end = /^("(?:[^"\\]|\\.)*"|[\w$]+|.)/.exec(state.sliceDoc(from, row.to));
  return {
    from,
    to: from + (end?.[0].length ?? 0),
    severity: p.severity === "error" ? "error" : "warning",
    message: [p.server && `${p.server}: `, p.message, ". ", p.action].filter(Boolean).join(""),
  };
}
