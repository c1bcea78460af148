// Package upstream owns the managed MCP servers: for each one a state machine over one connection (a local process on
// stdio, streamable HTTP, or HTTP+SSE), its healing, its health, and the raw lists of what it offers; and the set of
// them.
//
// It must not know the clients of the hub, the names under which they see a server's tools, nor how any of this is
// shown.
package upstream
