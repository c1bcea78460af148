import { diffWordsWithSpace, structuredPatch } from "diff";

/** A piece of a line, and whether it is what differs in it. */
export interface Piece {
  text: string;
  differs: boolean;
}

export interface DiffLine {
  kind: "same" | "removed" | "added";
  /** Its number in the text that it stands in, from 1. */
  number: number;
  pieces: Piece[];
}

/** Lines that differ, with some around them. */
export interface Hunk {
  /** How many lines before it are the same and left out. */
  skipped: number;
  lines: DiffLine[];
}

const around = 3; // lines
const patience = 500; // milliseconds; texts that have nothing in common take long
const longest = 2000; // letters of lines whose differences within are looked for

/** What differs between two texts, line by line; and how many lines are the same after that. */
export function compareLines(before: string, after: string): { hunks: Hunk[]; rest: number } {
  const patch = structuredPatch("", "", before, after, "", "", { context: around, timeout: patience });
  const all = patch?.hunks ?? [whole(before, after)];
  let at = 1;
  const hunks = all.map((h) => {
    const skipped = h.newStart - at;
    at += skipped + h.newLines;
    return { skipped, lines: inPairs(numbered(h)) };
  });
  return { hunks, rest: lines(after).length - at + 1 };
}

const lines = (text: string) => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

/** All lines of the one text, and then all of the other. */
function whole(before: string, after: string) {
  const [old, fresh] = [lines(before), lines(after)];
  return {
    oldStart: 1,
    newStart: 1,
    newLines: fresh.length,
    lines: [...old.map((l) => `-${l}`), ...fresh.map((l) => `+${l}`)],
  };
}

function numbered(h: { oldStart: number; newStart: number; lines: string[] }): DiffLine[] {
  let [old, fresh] = [h.oldStart, h.newStart];
  return h.lines.flatMap((l): DiffLine[] => {
    const pieces = [{ text: l.slice(1), differs: false }];
    switch (l[0]) {
      case "-":
        return [{ kind: "removed", number: old++, pieces }];
      case "+":
        return [{ kind: "added", number: fresh++, pieces }];
      case " ":
        old++;
        return [{ kind: "same", number: fresh++, pieces }];
    }
    return []; // a remark on the end of the file
  });
}

/** Where as many lines were added as were removed before them, each is compared with its own. */
function inPairs(all: DiffLine[]): DiffLine[] {
  const out = [...all];
  for (let i = 0; i < out.length; ) {
    const run = (from: number, kind: DiffLine["kind"]) => {
      let to = from;
      while (out[to]?.kind === kind) to++;
      return to - from;
    };
    const removed = run(i, "removed");
    const added = run(i + removed, "added");
    for (let n = 0; removed === added && n < removed; n++) {
      const [one, two] = [out[i + n] as DiffLine, out[i + removed + n] as DiffLine];
      const [old, fresh] = within(one.pieces[0]?.text ?? "", two.pieces[0]?.text ?? "");
      out[i + n] = { ...one, pieces: old };
      out[i + removed + n] = { ...two, pieces: fresh };
    }
    i += Math.max(1, removed + added);
  }
  return out;
}

function within(before: string, after: string): [Piece[], Piece[]] {
  if (before.length + after.length > longest)
    return [[{ text: before, differs: true }], [{ text: after, differs: true }]];
  const parts = diffWordsWithSpace(before, after);
  const side = (other: "added" | "removed", own: "added" | "removed") =>
    parts.filter((p) => !p[other]).map((p) => ({ text: p.value, differs: p[own] }));
  return [side("added", "removed"), side("removed", "added")];
}
