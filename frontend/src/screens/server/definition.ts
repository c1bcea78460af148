import type { Offer } from "../../api/client";

/** What servers say of what they offer (specification 2025-11-25, "Tools", "Resources", "Prompts"). All of it may be missing or wrong. */
export interface Definition {
  name?: string;
  title?: string;
  description?: string;
  mimeType?: string;
  size?: number;
  inputSchema?: unknown;
  outputSchema?: unknown;
  arguments?: { name: string; description?: string; required?: boolean }[];
  annotations?: {
    title?: string;
    readOnlyHint?: boolean;
    destructiveHint?: boolean;
    idempotentHint?: boolean;
    openWorldHint?: boolean;
  };
}

const words = (value: unknown) => (typeof value === "string" ? value : undefined);
const object = (value: unknown) =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** Reads a definition; what has the wrong type counts as missing. */
export function definitionOf(offer: Offer): Definition {
  const d = object(offer.definition);
  const list = Array.isArray(d.arguments) ? d.arguments : [];
  return {
    name: words(d.name),
    title: words(d.title) ?? words(object(d.annotations).title),
    description: words(d.description),
    mimeType: words(d.mimeType),
    size: typeof d.size === "number" ? d.size : undefined,
    inputSchema: d.inputSchema,
    outputSchema: d.outputSchema,
    arguments: list
      .map(object)
      .flatMap((a) =>
        words(a.name)
          ? [{ name: a.name as string, description: words(a.description), required: a.required === true }]
          : [],
      ),
    annotations: object(d.annotations),
  };
}

/** About how many tokens of a model's context a definition takes: a token is about four characters. */
export const tokens = (offer: Offer) => Math.ceil(JSON.stringify(offer.definition).length / 4);
