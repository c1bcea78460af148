// Package e2e puts the built hub between real clients and real servers, as published on npm, and looks at what the
// clients see. It must not know how the hub works inside.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mcphub/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// kinds are the clients of clients/peer.mjs.
var kinds = []string{"http", "sse", "modern"}

type content []struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type toolResult struct {
	Content           content        `json:"content"`
	StructuredContent map[string]any `json:"structuredContent"`
	IsError           bool           `json:"isError"`
}

func everything(t *testing.T) rig.Server {
	return rig.Server{Command: rig.Peer(t, "mcp-server-everything"), Args: []string{"stdio"}}
}

// gateway starts server-everything behind supergateway: an HTTP+SSE server of the first revision.
func gateway(t *testing.T) rig.Server {
	t.Helper()
	port := rig.FreePort(t)
	rig.StartProcess(t, rig.Peer(t, "supergateway"), "--stdio", rig.Peer(t, "mcp-server-everything")+" stdio",
		"--outputTransport", "sse", "--port", strconv.Itoa(port), "--ssePath", "/sse", "--messagePath", "/message")
	addr := "127.0.0.1:" + strconv.Itoa(port)
	rig.WaitPort(t, addr)
	return rig.Server{URL: "http://" + addr + "/sse"}
}

// remoteFixture starts the fixture on streamable HTTP.
func remoteFixture(t *testing.T) rig.Server {
	t.Helper()
	addr := "127.0.0.1:" + strconv.Itoa(rig.FreePort(t))
	rig.StartProcess(t, rig.Build(t, rig.Fixture), "-http", addr)
	rig.WaitPort(t, addr)
	return rig.Server{URL: "http://" + addr + "/"}
}

// TestWalk goes with each client through everything that server-everything offers: on stdio and on HTTP+SSE, at the
// endpoint of all servers and at its own.
func TestWalk(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{"everything": everything(t)})
	old := rig.StartHub(t, map[string]rig.Server{"old": gateway(t)})
	for _, kind := range kinds {
		t.Run(kind+" aggregate", func(t *testing.T) { walk(t, kind, hub.MCP(), "everything__") })
		t.Run(kind+" single", func(t *testing.T) { walk(t, kind, hub.MCP("everything"), "") })
		t.Run(kind+" to sse", func(t *testing.T) { walk(t, kind, old.MCP(), "old__") })
	}
}

func walk(t *testing.T, kind, url, prefix string) {
	steps := rig.Client(t, "walk.mjs", kind, url, prefix)

	connected := rig.Get[struct {
		Era, Version string
		Capabilities []string
	}](t, steps, "connected")
	wantEra := "legacy"
	if kind == "modern" {
		wantEra = "modern"
	}
	if connected.Era != wantEra {
		t.Errorf("era %s (%s), want %s", connected.Era, connected.Version, wantEra)
	}
	for _, c := range []string{"completions", "prompts", "resources", "tools"} {
		if !slices.Contains(connected.Capabilities, c) {
			t.Errorf("capabilities %v lack %s", connected.Capabilities, c)
		}
	}

	tools := rig.Get[[]string](t, steps, "tools")
	wantNames(t, "tools", tools, prefix, "echo", "get-sum", "get-tiny-image", "trigger-long-running-operation")
	if got := rig.Get[toolResult](t, steps, "echo").Content; len(got) != 1 || got[0].Text != "Echo: grüße 🌍" {
		t.Errorf("echo: %v", got)
	}
	if got := rig.Get[toolResult](t, steps, "sum").Content; len(got) != 1 || !strings.Contains(got[0].Text, "42") {
		t.Errorf("get-sum: %v", got)
	}
	if got := rig.Get[toolResult](t, steps, "structured").StructuredContent; got["conditions"] != "Cloudy" {
		t.Errorf("structured content: %v", got)
	}
	if got := rig.Get[[]string](t, steps, "image"); !slices.Contains(got, "image") {
		t.Errorf("get-tiny-image: content types %v", got)
	}
	unknown := rig.Get[struct {
		Code   int
		Result toolResult
	}](t, steps, "unknown tool")
	if unknown.Code == 0 && !unknown.Result.IsError {
		t.Errorf("an unknown tool was answered without an error: %s", steps["unknown tool"])
	}

	progress := rig.Get[struct {
		Progress [][2]int
		Content  content
	}](t, steps, "progress")
	// The SDK's 1.x client drops the last notification if the answer comes with it in one read; TestProgress has no such
	// client between.
	if want := [][2]int{{1, 4}, {2, 4}, {3, 4}, {4, 4}}; len(progress.Progress) < 3 || !slices.Equal(progress.Progress, want[:len(progress.Progress)]) {
		t.Errorf("progress %v, want %v", progress.Progress, want)
	}
	if len(progress.Content) != 1 || !strings.Contains(progress.Content[0].Text, "completed") {
		t.Errorf("the long operation answered %v", progress.Content)
	}

	if got := rig.Get[[]string](t, steps, "resources"); len(got) < 7 {
		t.Errorf("resources: %v", got)
	}
	if got := rig.Get[[]string](t, steps, "templates"); !slices.ContainsFunc(got, func(u string) bool { return strings.HasSuffix(u, "dynamic/text/{resourceId}") }) {
		t.Errorf("resource templates: %v", got)
	}
	if got := rig.Get[int](t, steps, "static resource"); got < 1000 {
		t.Errorf("a document of %d characters", got)
	}
	templated := rig.Get[[]struct{ URI, Text string }](t, steps, "templated resource")
	if len(templated) != 1 || templated[0].URI != "demo://resource/dynamic/text/7" || !strings.HasPrefix(templated[0].Text, "Resource 7:") {
		t.Errorf("templated resource: %v", templated)
	}

	wantNames(t, "prompts", rig.Get[[]string](t, steps, "prompts"), prefix, "simple-prompt", "args-prompt", "completable-prompt")
	prompt := rig.Get[struct {
		Messages []struct{ Content struct{ Text string } }
	}](t, steps, "prompt")
	if len(prompt.Messages) != 1 || prompt.Messages[0].Content.Text != "What's weather in Oslo, Viken?" {
		t.Errorf("prompt: %v", prompt)
	}
	completion := rig.Get[struct{ Completion struct{ Values []string } }](t, steps, "completion")
	if !slices.Equal(completion.Completion.Values, []string{"Engineering"}) {
		t.Errorf("completion: %v", completion)
	}
	if kind != "modern" { // the modern era has neither method
		rig.Get[struct{}](t, steps, "ping")
		rig.Get[struct{}](t, steps, "logging level")
	}
	if !rig.Get[bool](t, steps, "closed") {
		t.Error("the client did not close")
	}
}

// wantNames checks that a list has the names with the prefix, and no name twice or with another prefix but the hub's own.
func wantNames(t *testing.T, what string, got []string, prefix string, want ...string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, prefix+name) {
			t.Errorf("%s lack %s: %v", what, prefix+name, got)
		}
	}
	for i, name := range got {
		if !strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, "hub__") || slices.Contains(got[:i], name) {
			t.Errorf("%s have %s twice or without the prefix %s", what, name, prefix)
		}
	}
}

// TestServers calls the other servers that most configurations hold, all behind one endpoint.
func TestServers(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	hub := rig.StartHub(t, map[string]rig.Server{
		"files":   {Command: rig.Peer(t, "mcp-server-filesystem"), Args: []string{root}},
		"memory":  {Command: rig.Peer(t, "mcp-server-memory"), Env: map[string]string{"MEMORY_FILE_PATH": filepath.Join(root, "memory.json")}},
		"fixture": {Command: rig.Build(t, rig.Fixture)},
	})

	file := filepath.Join(root, "note.txt")
	if _, err := rig.CallTool(t, hub.MCP(), "files__write_file", map[string]any{"path": file, "content": "one\ntwo\n"}); err != nil {
		t.Errorf("write a file: %v", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if got, err := rig.CallTool(t, hub.MCP(), "files__read_text_file", map[string]any{"path": file, "head": 1}); err != nil || got != "one" {
		t.Errorf("read a file: %q, %v", got, err)
	}
	if got, err := rig.CallTool(t, hub.MCP(), "files__read_text_file", map[string]any{"path": "/etc/hostname"}); err == nil {
		t.Errorf("a file outside the root was read: %q", got)
	}

	entity := map[string]any{"name": "hub", "entityType": "program", "observations": []string{"moves raw bytes"}}
	if _, err := rig.CallTool(t, hub.MCP(), "memory__create_entities", map[string]any{"entities": []any{entity}}); err != nil {
		t.Errorf("create an entity: %v", err)
	}
	if got, err := rig.CallTool(t, hub.MCP("memory"), "search_nodes", map[string]any{"query": "raw bytes"}); err != nil || !strings.Contains(got, `"hub"`) {
		t.Errorf("search: %q, %v", got, err)
	}
	var graph struct{ Contents []struct{ Text string } }
	if err := rig.Call(t, hub.MCP(), "resources/read", "memory://knowledge-graph", map[string]any{"uri": "memory://knowledge-graph"}, &graph); err != nil {
		t.Errorf("read the graph: %v", err)
	} else if len(graph.Contents) != 1 || !strings.Contains(graph.Contents[0].Text, "moves raw bytes") {
		t.Errorf("the graph: %v", graph)
	}

	// The fixture lists five tools a page: all pages are there.
	tools, err := rig.ToolNames(t, hub.MCP("fixture"))
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, "tools of the fixture", tools, "", "add_tool", "echo", "filler_00", "filler_11", "remove_tool")
}

// TestInspector lists and calls with the command line of the official inspector.
func TestInspector(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{"fixture": {Command: rig.Build(t, rig.Fixture)}})
	inspect := func(result any, args ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, rig.Peer(t, "mcp-inspector"), append([]string{"--cli", hub.MCP(), "--transport", "http"}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("inspector %v: %v\n%s", args, err, &stderr)
		}
		if err := json.Unmarshal(out, result); err != nil {
			t.Fatalf("inspector %v: %v\n%s", args, err, out)
		}
	}
	var list struct {
		Tools []struct{ Name string }
	}
	inspect(&list, "--method", "tools/list")
	if !slices.ContainsFunc(list.Tools, func(tool struct{ Name string }) bool { return tool.Name == "fixture__echo" }) {
		t.Errorf("tools/list: %v", list)
	}
	var result toolResult
	inspect(&result, "--method", "tools/call", "--tool-name", "fixture__echo", "--tool-arg", "text=hello")
	if len(result.Content) != 1 || result.Content[0].Text != "hello" {
		t.Errorf("tools/call: %v", result)
	}
}

// TestChanges sees with each client that a server adds a tool and removes it.
func TestChanges(t *testing.T) {
	t.Parallel()
	hub := rig.StartHub(t, map[string]rig.Server{"stdio": {Command: rig.Build(t, rig.Fixture)}, "remote": remoteFixture(t)})
	for _, server := range []string{"stdio", "remote"} {
		for _, kind := range kinds {
			t.Run(server+" "+kind, func(t *testing.T) {
				steps := rig.Client(t, "changes.mjs", kind, hub.MCP(), server+"__")
				late := server + "__late_" + kind
				for step, want := range map[string]bool{"before": false, "added": true, "removed": false} {
					if got := rig.Get[[]string](t, steps, step); slices.Contains(got, late) != want {
						t.Errorf("%s: %s listed is %v, want %v", step, late, !want, want)
					}
				}
				if got := rig.Get[toolResult](t, steps, "late").Content; len(got) != 1 || got[0].Text != "late_"+kind {
					t.Errorf("the added tool answered %v", got)
				}
			})
		}
	}
}

// TestConfigChange adds a server to the configuration of a running hub: the clients are told, and the calls of the other
// servers go on.
func TestConfigChange(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			first := rig.Server{Command: rig.Build(t, rig.Fixture)}
			hub := rig.StartHub(t, map[string]rig.Server{"first": first}, "--watch")
			pid, err := rig.CallTool(t, hub.MCP(), "first__pid", map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			ready := filepath.Join(t.TempDir(), "ready")
			edited := make(chan error, 1)
			go func() {
				if err := waitForFile(ready, 30*time.Second); err != nil {
					edited <- err
					return
				}
				edited <- hub.Configure(map[string]rig.Server{"first": first, "second": {Command: first.Command}})
			}()
			steps := rig.Client(t, "watch.mjs", kind, hub.MCP(), "second__echo", ready)
			if err := <-edited; err != nil {
				t.Fatal(err)
			}
			if before := rig.Get[[]string](t, steps, "before"); slices.Contains(before, "second__echo") {
				t.Errorf("the second server was there before the edit: %v", before)
			}
			wantNames(t, "tools", rig.Get[[]string](t, steps, "after"), "", "first__echo", "second__echo")
			if after, err := rig.CallTool(t, hub.MCP(), "first__pid", map[string]any{}); err != nil || after != pid {
				t.Errorf("the first server was touched: process %s became %s, %v", pid, after, err)
			}
		})
	}
}

// waitForFile waits until a file is there, at most limit.
func waitForFile(path string, limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		_, err := os.Stat(path)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the client is not ready: %w", err)
		}
	}
}
