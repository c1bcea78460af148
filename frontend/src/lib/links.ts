/** The address of the history of calls, narrowed down. */
export const callsOf = (filter: Record<string, string>) => `#/history?${new URLSearchParams(filter)}`;

/** The address of a server. For lists of hundreds, where the router's own link takes most of the time of a row. */
export const serverAt = (name: string, tab?: string) =>
  `#/servers/${encodeURIComponent(name)}${tab ? `?${new URLSearchParams({ tab })}` : ""}`;
