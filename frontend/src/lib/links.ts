/** The address of the history of calls, narrowed down. */
export const callsOf = (filter: Record<string, string>) => `#/history?${new URLSearchParams(filter)}`;
