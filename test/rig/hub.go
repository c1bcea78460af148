package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ModernVersion is the protocol revision without a handshake that the requests of this package use.
const ModernVersion = "2026-07-28"

// Server is one entry of a hub's configuration file.
type Server struct {
	Command  string            `json:"command,omitempty"`
	Args     []string          `json:"args,omitempty"`
	Env      map[string]string `json:"env,omitempty"`
	Cwd      string            `json:"cwd,omitempty"`
	URL      string            `json:"url,omitempty"`
	Disabled bool              `json:"disabled,omitempty"`
	Protocol string            `json:"protocol,omitempty"`
}

// Hub is a running hub.
type Hub struct {
	*Process
	// Base is the address without a path, such as "http://127.0.0.1:4711".
	Base string
	// Config is the path of its configuration file.
	Config string
}

// StartHub starts a hub with the servers and waits until each of them that is not disabled has tools. args are added to
// its command line.
func StartHub(t testing.TB, servers map[string]Server, args ...string) *Hub {
	t.Helper()
	h := LaunchHub(t, servers, args...)
	var names []string
	for name, s := range servers {
		if !s.Disabled {
			names = append(names, name)
		}
	}
	h.WaitServers(t, names...)
	return h
}

// LaunchHub starts a hub with the servers and returns at once.
func LaunchHub(t testing.TB, servers map[string]Server, args ...string) *Hub {
	t.Helper()
	return LaunchProgram(t, HubBinary(t), servers, args...)
}

// LaunchProgram is LaunchHub with another program than the hub under test, such as one that starts it.
func LaunchProgram(t testing.TB, program string, servers map[string]Server, args ...string) *Hub {
	t.Helper()
	h := &Hub{Config: filepath.Join(t.TempDir(), "servers.json")}
	if err := h.Configure(servers); err != nil {
		t.Fatal(err)
	}
	port := FreePort(t)
	h.Base = "http://127.0.0.1:" + strconv.Itoa(port)
	args = append([]string{"--port", strconv.Itoa(port), "--config", h.Config, "--log-level", "debug"}, args...)
	h.Process = StartProcess(t, program, args...)
	return h
}

// MCP returns the address of the endpoint: of all servers, or of one.
func (h *Hub) MCP(server ...string) string {
	return h.Base + "/" + strings.Join(append([]string{"mcp"}, server...), "/")
}

// Configure writes the configuration file anew. A hub that was started with --watch takes it up.
func (h *Hub) Configure(servers map[string]Server) error {
	b, err := json.MarshalIndent(map[string]any{"mcpServers": servers}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	if err := os.WriteFile(h.Config, b, 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// WaitServers waits until the endpoint of all servers lists tools of each server named.
func (h *Hub) WaitServers(t testing.TB, names ...string) {
	t.Helper()
	Eventually(t, time.Minute, "tools of "+strings.Join(names, ", "), func() error {
		select {
		case <-h.done:
			t.Fatalf("the hub ended with exit code %d\n%s", h.cmd.ProcessState.ExitCode(), h.Log())
		default:
		}
		tools, err := ToolNames(t, h.MCP())
		if err != nil {
			return err
		}
		for _, name := range names {
			if !slices.ContainsFunc(tools, func(tool string) bool { return strings.HasPrefix(tool, name+"__") }) {
				return fmt.Errorf("no tool of %s among %d tools", name, len(tools))
			}
		}
		return nil
	})
}

// ToolNames lists the tools of an endpoint, all pages.
func ToolNames(t testing.TB, url string) ([]string, error) {
	t.Helper()
	var names []string
	for cursor := ""; ; {
		params := map[string]any{}
		if cursor != "" {
			params["cursor"] = cursor
		}
		var page struct {
			Tools []struct {
				Name string `json:"name"`
			} `json:"tools"`
			NextCursor string `json:"nextCursor"`
		}
		if err := Call(t, url, "tools/list", "", params, &page); err != nil {
			return nil, err
		}
		for _, tool := range page.Tools {
			names = append(names, tool.Name)
		}
		if cursor = page.NextCursor; cursor == "" {
			return names, nil
		}
	}
}

// CallTool calls a tool and returns the text of its first content block.
func CallTool(t testing.TB, url, name string, arguments map[string]any) (string, error) {
	t.Helper()
	var result struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
		IsError bool `json:"isError"`
	}
	if err := Call(t, url, "tools/call", name, map[string]any{"name": name, "arguments": arguments}, &result); err != nil {
		return "", err
	}
	if len(result.Content) == 0 {
		return "", errors.New("the result has no content")
	}
	if result.IsError {
		return "", errors.New(result.Content[0].Text)
	}
	return result.Content[0].Text, nil
}

// Call sends one request of ModernVersion, without any SDK, and decodes its result. name is what the Mcp-Name header
// says, empty where the method has none.
func Call(t testing.TB, url, method, name string, params map[string]any, result any) error {
	t.Helper()
	params["_meta"] = map[string]any{
		"io.modelcontextprotocol/protocolVersion":    ModernVersion,
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "rig", "version": "1"},
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("MCP-Protocol-Version", ModernVersion)
	req.Header.Set("Mcp-Method", method)
	if name != "" {
		req.Header.Set("Mcp-Name", name)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := lastMessage(resp)
	if err != nil {
		return fmt.Errorf("%s: HTTP %s: %w", method, resp.Status, err)
	}
	var message struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(answer, &message); err != nil {
		return fmt.Errorf("%s: HTTP %s: %w: %.200s", method, resp.Status, err, answer)
	}
	if message.Error != nil {
		return fmt.Errorf("%s: %s", method, message.Error)
	}
	return json.Unmarshal(message.Result, result)
}

// lastMessage returns the JSON body, or the data of the last event of an event stream.
func lastMessage(resp *http.Response) ([]byte, error) {
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return io.ReadAll(resp.Body)
	}
	var last []byte
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:")); ok {
			last = bytes.Clone(bytes.TrimSpace(data))
		}
	}
	return last, lines.Err()
}
