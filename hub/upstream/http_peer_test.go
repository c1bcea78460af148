package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"mcphub/hub/config"
	"mcphub/hub/jsonrpc"
)

// peer is a server by other authors.
func peer() *server.MCPServer {
	s := server.NewMCPServer("peer", "1", server.WithToolCapabilities(true), server.WithLogging())
	s.EnableSampling()
	s.AddTool(mcp.NewTool("count"), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if req.Params.Meta != nil && req.Params.Meta.ProgressToken != nil {
			_ = server.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress",
				map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": 1})
		}
		return mcp.NewToolResultText("one"), nil
	})
	s.AddTool(mcp.NewTool("ask"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		got, err := server.ServerFromContext(ctx).RequestSampling(ctx, mcp.CreateMessageRequest{ //nolint:staticcheck // servers in use still do
			CreateMessageParams: mcp.CreateMessageParams{MaxTokens: 5},
		})
		if err != nil {
			return nil, err
		}
		return mcp.NewToolResultText("heard from " + got.Model), nil
	})
	s.AddTool(mcp.NewTool("hang"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	return s
}

func peerCall(c Conn, name string, frames func(Frame)) *Request {
	meta := `}`
	if c.Hello().Modern {
		meta = `,` + strings.TrimPrefix(string(OwnMeta("1")), "{")
	}
	b := []byte(`{"_meta":{"progressToken":"mine"` + meta + `,"name":"` + name + `"}`)
	return &Request{
		Method: "tools/call", Params: b, Token: jsonrpc.Get(b, jsonrpc.All(b), "_meta", "progressToken"), Name: name, Frames: frames,
		Accepts: func(string) bool { return true },
	}
}

// TestPeers speaks with servers by other authors over each transport, in each era.
func TestPeers(t *testing.T) {
	streamable := func(s *server.MCPServer, opts ...server.StreamableHTTPOption) http.Handler {
		return server.NewStreamableHTTPServer(s, opts...)
	}
	for _, c := range []struct {
		name     string
		handler  func(*server.MCPServer) http.Handler
		path     string
		protocol config.Protocol
		version  string
		samples  bool
	}{
		{"modern", func(s *server.MCPServer) http.Handler { return streamable(s) }, "/mcp", config.ProtocolAuto, ModernVersion, false},
		{"legacy", func(s *server.MCPServer) http.Handler { return streamable(s, server.WithStateful(true)) }, "/mcp", config.ProtocolLegacy, LegacyVersion, true},
		{"legacy only", func(s *server.MCPServer) http.Handler {
			return streamable(s, server.WithStateful(true), server.WithStreamableHTTPProtocolVersions("2025-06-18", "2025-11-25"))
		}, "/mcp", config.ProtocolAuto, LegacyVersion, true},
		{"stateless", func(s *server.MCPServer) http.Handler { return streamable(s, server.WithStateLess(true)) }, "/mcp", config.ProtocolLegacy, LegacyVersion, false},
		{"HTTP+SSE", func(s *server.MCPServer) http.Handler { return server.NewSSEServer(s) }, "/sse", config.ProtocolAuto, LegacyVersion, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			noLeaks(t)
			s := peer()
			ts := httptest.NewServer(c.handler(s))
			t.Cleanup(func() {
				ts.CloseClientConnections()
				ts.Close()
			})
			conn, events := mustConnect(t, ts.URL+c.path, pinned(c.protocol))
			if v := conn.Hello().Version; v != c.version {
				t.Fatalf("version %s, want %s", v, c.version)
			}
			for range 20 {
				m, err := doCall(t, conn, peerCall(conn, "count", func(f Frame) {
					if !strings.Contains(string(f.Raw), `"progressToken":"mine"`) {
						t.Errorf("frame %s", f.Raw)
					}
				}))
				if err != nil || !strings.Contains(string(m.Raw), `"text":"one"`) {
					t.Fatalf("got %s, %v", m.Raw, err)
				}
			}
			if c.samples {
				m, err := doCall(t, conn, peerCall(conn, "ask", func(f Frame) {
					if f.Reply != nil {
						answer, _ := jsonrpc.Scan([]byte(`{"jsonrpc":"2.0","id":1,"result":{"role":"assistant","model":"m-1","content":{"type":"text","text":"x"}}}`))
						if err := f.Reply(answer); err != nil {
							t.Error(err)
						}
					}
				}))
				if err != nil || !strings.Contains(string(m.Raw), "heard from m-1") {
					t.Errorf("got %s, %v", m.Raw, err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			hung := make(chan error, 1)
			go func() {
				_, err := conn.Do(ctx, peerCall(conn, "hang", nil))
				hung <- err
			}()
			cancel()
			if err := <-hung; !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			if c.name == "stateless" {
				return // it cannot say anything by itself
			}
			s.AddTool(mcp.NewTool("late"), nil)
			eventually(t, "the change of the list arrives", func() bool {
				return strings.Contains(strings.Join(events.texts(), " "), "notifications/tools/list_changed")
			})
		})
	}
}
