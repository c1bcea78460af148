import { isObject } from "../../forms/schema";
import { line } from "../../lib/text";
import { text } from "../../text";
import { Code } from "../../ui/Code";

const mostRows = 200;
const mostColumns = 12;

/** A list of flat objects as a table; anything else as JSON. */
export function StructuredTable({ value }: { value: unknown }) {
  const rows = rowsOf(value);
  const json = <Code value={JSON.stringify(value, null, 2)} label={text.call.structured} />;
  if (!rows) return json;
  const columns = [...new Set(rows.flatMap(Object.keys))];
  if (columns.length > mostColumns) return json;
  return (
    <section tabIndex={0} aria-label={text.call.structured} className="overflow-x-auto rounded-lg border border-line">
      <table className="w-full border-collapse text-left text-sm">
        <thead className="bg-sunken text-muted">
          <tr>
            {columns.map((c) => (
              <th key={c} scope="col" className="foreign px-3 py-1.5 font-medium whitespace-nowrap">
                {line(c, 60)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row, i) => (
            <tr key={i}>
              {columns.map((c) => (
                <td key={c} className="foreign px-3 py-1.5 align-top">
                  {row[c] === undefined ? "" : line(typeof row[c] === "string" ? row[c] : JSON.stringify(row[c]), 200)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The objects of a list, or of the only list in an object. */
function rowsOf(value: unknown): Record<string, unknown>[] | undefined {
  const only = isObject(value) ? Object.values(value) : [];
  const list = Array.isArray(value) ? value : only.length === 1 && Array.isArray(only[0]) ? only[0] : undefined;
  if (!list || list.length === 0 || list.length > mostRows || !list.every(isObject)) return undefined;
  return list.every((row) => Object.values(row).every((v) => !isObject(v) && !Array.isArray(v))) ? list : undefined;
}
