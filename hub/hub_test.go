package hub_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mcphub/hub"
	"mcphub/hub/config"
	"mcphub/hub/hubtest"
	"mcphub/hub/upstream"
)

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	log := slog.New(slog.DiscardHandler)
	_, err = hub.New(t.Context(), hub.Options{
		Config: config.Options{Paths: []string{filepath.Join(t.TempDir(), "none.json")}, Log: log}, Port: l.Addr().(*net.TCPAddr).Port, Log: log,
	})
	if err == nil || !strings.Contains(err.Error(), "EADDRINUSE") {
		t.Fatalf("got %v, want EADDRINUSE", err)
	}
	if runtime.GOOS == "linux" && !strings.Contains(err.Error(), fmt.Sprintf("(pid %d)", os.Getpid())) {
		t.Errorf("%v: does not name this process, %d", err, os.Getpid())
	}
}

// TestLoopback: a hub without a host answers on both loopback addresses, on one port.
func TestLoopback(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	h, err := hub.New(t.Context(), hub.Options{Config: config.Options{Paths: []string{filepath.Join(t.TempDir(), "none.json")}, Log: log}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx := hubtest.Background(t, h.Run)
	addresses := []string{"127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		_ = l.Close()
		addresses = append(addresses, "::1")
	}
	for _, address := range addresses {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(address, fmt.Sprint(h.Port())))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		_ = conn.Close()
	}
}

// TestCompatibleVersion: the configuration says what the hub passes for, unless the command line does.
func TestCompatibleVersion(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}"))
	version := func() string { return h.Raw("/api/health").Do("GET").Get("version") }
	if got := version(); got != `"4.2.1"` {
		t.Errorf("version %s", got)
	}
	h.Rewrite(hubtest.Config(`{"compatibleVersion":"4.9.0"}`))
	hubtest.Eventually(t, "it passes for 4.9.0", func() bool { return version() == `"4.9.0"` })

	o := options(t, 0)
	o.Config.Paths, o.Compatible = []string{h.File}, "4.3.0"
	explicit, err := hub.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	hubtest.Background(t, explicit.Run)
	h.URL = fmt.Sprintf("http://127.0.0.1:%d", explicit.Port())
	if got := version(); got != `"4.3.0"` {
		t.Errorf("version %s", got)
	}
}

func TestConfigChange(t *testing.T) {
	a, b := hubtest.Stdio(t, hubtest.Script{Name: "a", Tools: []string{hubtest.Tool("pid"), hubtest.Tool("x")}}), hubtest.Stdio(t, hubtest.Script{Name: "b", Tools: []string{hubtest.Tool("pid")}})
	h := hubtest.Start(t, hubtest.Config(`{"builtin":false}`, "a", a, "b", b)).Ready("a", "b")
	pid := func(server string) string {
		return h.Modern("/mcp/"+server).Tool("pid", "{}").Get("result", "structuredContent")
	}
	client := h.Legacy("/mcp", "{}")
	stream := client.Listen()
	list := func() string { return client.Call("1", "tools/list", "{}").Text() }
	oldA, oldB := pid("a"), pid("b")

	// A tool is hidden: no server is disturbed.
	h.Rewrite(hubtest.Config(`{"builtin":false}`, "a", a+`,"disabled_tools":["x"]`, "b", b))
	if got := stream.Next(); !strings.Contains(got, "tools/list_changed") {
		t.Errorf("told %s", got)
	}
	if strings.Contains(list(), "a__x") || pid("a") != oldA || pid("b") != oldB {
		t.Errorf("processes %s, %s, before %s, %s; %s", pid("a"), pid("b"), oldA, oldB, list())
	}

	// What a server is started with changes: only that one is restarted, and its tools stay listed meanwhile.
	h.Rewrite(hubtest.Config(`{"builtin":false}`, "a", a+`,"disabled_tools":["x"],"env":{"CHANGED":"1"}`, "b", b))
	hubtest.Eventually(t, "server a is another process", func() bool {
		if !strings.Contains(list(), "a__pid") {
			t.Error("its tools are gone while it restarts")
		}
		now := pid("a")
		return now != "" && now != oldA
	})
	if pid("b") != oldB {
		t.Error("server b was restarted too")
	}

	// A broken file changes nothing; a server that is taken out is gone, and one that is switched off, too.
	h.Rewrite(`{"mcpServers":{`)
	stream.Quiet(50 * time.Millisecond)
	h.Rewrite(hubtest.Config(`{"builtin":false}`, "b", b))
	if got := stream.Next(); !strings.Contains(got, "tools/list_changed") {
		t.Errorf("told %s", got)
	}
	if strings.Contains(list(), "a__") || h.Set().Get("a") != nil || pid("b") != oldB {
		t.Errorf("after server a was taken out: %s", list())
	}
	if a := h.Modern("/mcp/a").Call("1", "tools/list", "{}"); a.Status != 404 {
		t.Errorf("its own endpoint: %d %s", a.Status, a.Text())
	}
	h.Rewrite(hubtest.Config(`{"builtin":false}`, "b", b+`,"disabled":true`))
	hubtest.Eventually(t, "server b is off", func() bool {
		return h.Set().Get("b").Status().State == upstream.Disabled && !strings.Contains(list(), "b__")
	})
	if a := h.Modern("/mcp").Tool("b__pid", "{}"); a.Get("error", "code") != "-32602" {
		t.Errorf("a tool of a server that is off: %s", a.Text())
	}
}

func TestBuiltin(t *testing.T) {
	h := hubtest.Start(t, hubtest.Config("{}",
		"good", hubtest.Stdio(t, hubtest.Script{Name: "g", Tools: []string{`{"name":"weather","description":"Tells the Forecast","inputSchema":{"type":"object"}}`, hubtest.Tool("other")}}),
		"bad", `"command":"/nowhere/at/all"`, "off", `"command":"x","disabled":true`,
	)).Ready("hub", "good")
	for era, c := range map[string]*hubtest.Client{"modern": h.Modern("/mcp"), "legacy": h.Legacy("/mcp", "{}")} {
		h.Ready("good") // the other era has started it again, and clients see its tools a moment later
		call := func(tool, arguments string, want ...string) {
			t.Helper()
			a := c.Tool("hub__"+tool, arguments)
			text := a.Get("result")
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("%s: %s %s: %s, want %s", era, tool, arguments, a.Text(), w)
				}
			}
		}
		call("list_servers", "{}", `"name":"good"`, `"state":"ready"`, `"name":"off"`, `"state":"disabled"`, `"name":"bad"`, `"action":`)
		call("search_tools", `{"query":"FORECAST"}`, `"name":"good__weather"`, `"found":1`)
		call("search_tools", `{"query":"good","limit":1}`, `"found":2`)
		call("search_tools", `{"query":" "}`, `"isError":true`)
		call("search_tools", `{}`, `"isError":true`)
		call("stop_server", `{"server":"good"}`, `"state":"idle"`)
		if a := c.Tool("good__weather", "{}"); a.Get("error") == "" {
			t.Errorf("%s: a tool of a stopped server: %s", era, a.Text())
		}
		call("start_server", `{"server":"good"}`, `"state":"ready"`)
		call("start_server", `{"server":"nobody"}`, `"isError":true`, "good")
		call("stop_server", `{"server":"hub"}`, `"isError":true`)
		call("server_log", `{"server":"bad","lines":-3}`, `"content":[`)
		call("server_log", `{"server":"nobody"}`, `"isError":true`)
	}
	h.Rewrite(hubtest.Config(`{"builtin":false}`))
	hubtest.Eventually(t, "the hub's own tools are gone", func() bool {
		return h.Set().Get("hub") == nil && !strings.Contains(h.Modern("/mcp").Call("1", "tools/list", "{}").Text(), "hub__")
	})
}

// TestStop: a hub with everything under way ends within 5 s, answers whoever waits, and leaves nothing behind.
func TestStop(t *testing.T) {
	tools := []string{hubtest.Tool("wait"), hubtest.Tool("pid")}
	text := hubtest.Config("{}",
		"one", hubtest.Stdio(t, hubtest.Script{Name: "1", Tools: tools}), "two", hubtest.Remote(t, hubtest.Script{Name: "2", Modern: true, Tools: tools}),
		"three", hubtest.Remote(t, hubtest.Script{Name: "3", Tools: tools}), "bad", `"command":"/nowhere/at/all"`,
	)
	goroutines := runtime.NumGoroutine()
	h := hubtest.Start(t, text).Ready("one", "two", "three", "hub")
	legacy, modern := h.Legacy("/mcp", "{}"), h.Modern("/mcp")
	var pid int
	if err := json.Unmarshal([]byte(modern.Tool("one__pid", "{}").Get("result", "structuredContent")), &pid); err != nil {
		t.Fatal(err)
	}
	streams := []*hubtest.Stream{legacy.Listen(), h.Raw("/mcp").Listen(), modern.Start("1", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`)}
	streams[1].Next()
	streams[2].Next()
	var calls []*hubtest.Stream
	for i, server := range []string{"one", "two", "three"} {
		for j, c := range []*hubtest.Client{legacy, modern} {
			calls = append(calls, c.Start(fmt.Sprint(i), "tools/call", fmt.Sprintf(`{"name":"%s__wait","arguments":{"tag":"%d"}}`, server, j)))
		}
		hubtest.Eventually(t, "the calls are under way", func() bool {
			var status hubtest.Status
			_ = json.Unmarshal([]byte(h.Modern("/mcp/"+server).Act("status", "{}").Get("result", "structuredContent")), &status)
			slices.Sort(status.Waiting)
			return slices.Equal(status.Waiting, []string{"0", "1"})
		})
	}
	begun := time.Now()
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	for i, s := range calls {
		if got := s.Rest(); len(got) != 1 || hubtest.Get(got[0], "error", "message") == "" {
			t.Errorf("call %d: %q, want an error", i, got)
		}
	}
	for _, s := range streams {
		s.Rest()
	}
	if p, err := os.FindProcess(pid); err == nil && p.Signal(syscall.Signal(0)) == nil {
		t.Errorf("process %d is still there", pid)
	}
	hubtest.Eventually(t, "no goroutine is left over", func() bool {
		hubtest.CloseIdle()
		return runtime.NumGoroutine() <= goroutines
	})
}
