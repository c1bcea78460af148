/** Names of what is in the query cache. */
export const keys = {
  live: ["live"] as const,
  servers: ["servers"] as const,
  activity: ["activity"] as const,
  hub: ["hub"] as const,
  desktop: ["desktop"] as const,
  config: ["config"] as const,
  market: ["market"] as const,
  tools: ["tools"] as const,
  history: ["history"] as const,
  logs: ["logs"] as const,
  clients: ["clients"] as const,
  tokens: ["tokens"] as const,
  /** Who uses a secret stands in the configuration: what says that it changed says that they did. */
  secrets: ["config", "secrets"] as const,
  offers: (server: string) => ["offers", server] as const,
  log: (server: string) => ["log", server] as const,
  signIn: (server: string) => ["sign-in", server] as const,
  /** Whether the event stream itself keeps it up to date. */
  streamed: (key: readonly unknown[]) => key[0] === "live" || key[0] === "servers" || key[0] === "activity",
};
