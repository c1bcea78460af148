package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"mcphub/hub/jsonrpc"
)

// modernVersion is the revision of MCP that the client itself speaks.
const modernVersion = "2026-07-28"

// Log returns the last lines that a server wrote on its standard error, and the hub's notes on it. The hub tells them
// through its own tools, so it fails if the configuration switches those off.
func (c *Client) Log(ctx context.Context, server string, lines int) (string, error) {
	params := fmt.Appendf(nil, `{"_meta":{%q:%q,%q:{}},"name":"server_log","arguments":{"lines":%d,"server":`,
		mcp.MetaKeyProtocolVersion, modernVersion, mcp.MetaKeyClientCapabilities, lines)
	params = append(jsonrpc.AppendString(params, server), "}}"...)
	text := jsonrpc.AppendRequest(nil, []byte("1"), "tools/call", params)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/mcp/hub", strings.NewReader(string(text)))
	if err != nil {
		return "", fmt.Errorf("the hub's address: %w", err)
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json"}, mcp.HeaderProtocolVersion: {modernVersion},
		mcp.HeaderMethod: {"tools/call"}, mcp.HeaderName: {"server_log"},
	}
	resp, err := c.send(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		Result struct {
			Content []struct{ Text string }
			IsError bool
		}
		Error *struct{ Message string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("read the log of %s: %w", server, err)
	}
	if answer.Error != nil {
		return "", fmt.Errorf("read the log of %s (the hub's own tools must be on, see \"builtin\" in its configuration): %s", server, answer.Error.Message)
	}
	var out strings.Builder
	for _, part := range answer.Result.Content {
		out.WriteString(part.Text)
	}
	if answer.Result.IsError {
		return "", &Error{Status: resp.StatusCode, Message: out.String()}
	}
	return out.String(), nil
}
