import createClient from "openapi-fetch";
import type { components, paths } from "./schema.gen";

type Schemas = components["schemas"];
export type Server = Schemas["ManagedServer"];
export type Offer = Schemas["Offer"];
export type LogLine = Schemas["LogLine"];
export type Diagnostic = Schemas["Diagnostic"];
export type Setting = Schemas["Setting"];

/** An error that the hub answered with, or that kept it from answering. */
export class HubError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly data: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export const client = createClient<paths>({ baseUrl: "/" });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Returns what a request is answered with, or throws why there is nothing. */
export async function ask<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new HubError("The hub does not answer. It may have been stopped.", "UNREACHABLE", 0);
  }
  if (!answer.response.ok) {
    const body = (answer.error ?? {}) as { error?: string; code?: unknown; data?: Record<string, unknown> };
    const text = body.error ?? `The hub answered ${answer.response.status} ${answer.response.statusText}.`;
    throw new HubError(text, String(body.code ?? answer.response.status), answer.response.status, body.data);
  }
  return answer.data as T;
}
