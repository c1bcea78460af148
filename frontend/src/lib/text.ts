// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
const ansi = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to go
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const direction = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text of a server without colour codes, control characters, and marks that turn the direction of reading. */
export const plain = (text: string) => text.replace(ansi, "").replace(control, "").replace(direction, "");

/** The same on one line, cut to what a row can show. */
export function line(text: string, most = 300): string {
  const short = text.length > most * 2 ? text.slice(0, most * 2) : text;
  const flat = plain(short).replace(/\s+/g, " ").trim();
  return flat.length > most || short.length < text.length ? `${flat.slice(0, most)}…` : flat;
}

/** Indents JSON without reading its values, so that long numbers stay as they are. */
export function indent(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g) ?? [];
  let depth = 0;
  let out = "";
  const fresh = () => `\n${"  ".repeat(depth)}`;
  for (const [i, token] of tokens.entries()) {
    const opens = token === "{" || token === "[";
    const closes = token === "}" || token === "]";
    const before = tokens[i - 1];
    const empty = closes && (before === "{" || before === "[");
    if (closes) depth--;
    if ((closes && !empty) || (before && (before === "," || ((before === "{" || before === "[") && !closes))))
      out += fresh();
    out += token === ":" ? ": " : token;
    if (opens) depth++;
  }
  return out;
}
