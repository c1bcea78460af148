const expression = /\{([+#./;?&]?)([^{}]*)\}/g;
const nameOf = (spec: string) => spec.replace(/(\*|:\d+)$/, "");

/** The names of the variables of a URI template, in order. */
export function variables(template: string): string[] {
  const names = [...template.matchAll(expression)].flatMap((m) => (m[2] ?? "").split(",").map(nameOf));
  return [...new Set(names.filter(Boolean))];
}

const kinds: Record<string, { first: string; between: string; named: boolean; reserved: boolean }> = {
  "": { first: "", between: ",", named: false, reserved: false },
  "+": { first: "", between: ",", named: false, reserved: true },
  "#": { first: "#", between: ",", named: false, reserved: true },
  ".": { first: ".", between: ".", named: false, reserved: false },
  "/": { first: "/", between: "/", named: false, reserved: false },
  ";": { first: ";", between: ";", named: true, reserved: false },
  "?": { first: "?", between: "&", named: true, reserved: false },
  "&": { first: "&", between: "&", named: true, reserved: false },
};

const strictly = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Fills a URI template (RFC 6570) with texts. What has no value is left out. */
export function expand(template: string, values: Record<string, unknown>): string {
  return template.replace(expression, (_, operator: string, specs: string) => {
    const kind = kinds[operator] ?? (kinds[""] as (typeof kinds)[string]);
    const parts = specs.split(",").flatMap((spec) => {
      const name = nameOf(spec);
      const value = values[name];
      if (value === undefined || value === null) return [];
      const cut = /:(\d+)$/.exec(spec);
      const text = cut ? String(value).slice(0, Number(cut[1])) : String(value);
      const coded = kind.reserved ? encodeURI(text) : strictly(text);
      return [kind.named ? `${name}=${coded}` : coded];
    });
    return parts.length > 0 ? kind.first + parts.join(kind.between) : "";
  });
}
