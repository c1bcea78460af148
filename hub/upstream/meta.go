package upstream

import (
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
)

// The revisions that the hub speaks with servers.
const (
	// LegacyVersion is the newest revision with a handshake, and what the hub offers in initialize.
	LegacyVersion = "2025-11-25"
	// ModernVersion is the revision without handshake that the hub speaks.
	ModernVersion = "2026-07-28"
)

// clientCapabilities is what the hub can pass on from servers to its clients. A legacy server is told once, before any
// client is there, so it is everything that some client may be able to do.
const clientCapabilities = `{"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}}`

// clientInfo names the hub to servers.
func clientInfo(version string) string {
	return fmt.Sprintf(`{"name":"mcp-hub","title":"MCP Hub","version":%q}`, version)
}

// initializeParams is what a legacy server is greeted with.
func initializeParams(version string) []byte {
	return fmt.Appendf(nil, `{"protocolVersion":%q,"capabilities":%s,"clientInfo":%s}`, LegacyVersion, clientCapabilities, clientInfo(version))
}

// OwnMeta is the _meta object of the hub's own requests to modern servers: it asks nothing back, so it declares no
// capabilities.
func OwnMeta(version string) []byte {
	return fmt.Appendf(nil, `{%q:%q,%q:%s,%q:{}}`, mcp.MetaKeyProtocolVersion, ModernVersion,
		mcp.MetaKeyClientInfo, clientInfo(version), mcp.MetaKeyClientCapabilities)
}
